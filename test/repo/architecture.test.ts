import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { architectureProblems, LONG_FILE, lineCount, TOO_LONG_FILE } from './architecture/check.ts';
import { importsOf } from './architecture/imports.ts';
import { LAYERS } from './architecture/layers.ts';
import { filesOf, read } from './tree.ts';

describe('the architecture', () => {
  test('holds in every source file', () => {
    const files = filesOf('src/**/*.ts')
      .filter((path) => !path.endsWith('.test.ts'))
      .map((path) => ({ path, text: read(path) }));
    assert.ok(files.length > 20, 'the sources were not found');
    assert.deepEqual(architectureProblems(files), []);
  });

  test('has no cycle between folders', () => {
    for (const [folder, { mayImport }] of Object.entries(LAYERS)) {
      for (const other of mayImport) {
        assert.ok(!LAYERS[other]!.mayImport.includes(folder), `${folder} and ${other} may import each other`);
      }
    }
  });

  test('keeps every other script and test short enough', (t) => {
    const files = filesOf('{src,test,scripts,bench}/**/*.ts').map((path) => ({ path, lines: lineCount(read(path)) }));
    const long = files.filter(({ lines }) => lines > LONG_FILE);
    for (const { path, lines } of long) t.diagnostic(`${path} has ${lines} lines, more than ${LONG_FILE}`);
    assert.deepEqual(
      long.filter(({ lines }) => lines > TOO_LONG_FILE),
      [],
    );
  });
});

describe('the architecture check finds', () => {
  const planted: readonly { name: string; path: string; text: string; says: RegExp }[] = [
    {
      name: 'a target that calls the checker',
      path: 'src/target/nftables/lower.ts',
      text: "import { denote } from '../../semantics/index.ts';\n",
      says: /lower\.ts:1: `target` must not import `semantics`: a generator that can call the checker will agree with it/,
    },
    {
      name: 'a file of no folder',
      path: 'src/helpers.ts',
      text: 'export const NOTHING = 0;\n',
      says: /helpers\.ts: it is in no folder/,
    },
    {
      name: 'a file of no folder that draws something with it',
      path: 'src/own-files.ts',
      text: "import { readFileSync } from 'node:fs';\n",
      says: /own-files\.ts:1: must not import `node:fs`/,
    },
    {
      name: 'an import for types only',
      path: 'src/net/address.ts',
      text: "// first line\nimport type { Rule } from '../ir/index.ts';\n",
      says: /address\.ts:2: `net` must not import `ir`/,
    },
    {
      name: 'a type named in place',
      path: 'src/net/address.ts',
      text: "export type Rule = import('../ir/index.ts').Rule;\n",
      says: /`net` must not import `ir`/,
    },
    {
      name: 'a dynamic import',
      path: 'src/ir/match.ts',
      text: "export const load = () => import('../semantics/index.ts');\n",
      says: /`ir` must not import `semantics`/,
    },
    {
      name: 'a re-export',
      path: 'src/ir/index.ts',
      text: "export { denote } from '../semantics/index.ts';\n",
      says: /`ir` must not import `semantics`/,
    },
    {
      name: 'a way past the index',
      path: 'src/semantics/denote.ts',
      text: "import { parseAddress } from '../net/address.ts';\n",
      says: /other folders are used through their index\.ts/,
    },
    {
      name: 'a file read outside the host',
      path: 'src/policy/load.ts',
      text: "import { readFileSync } from 'node:fs';\n",
      says: /`policy` must not import `node:fs`/,
    },
    {
      name: 'the same without the prefix `node:`',
      path: 'src/policy/load.ts',
      text: "import { spawn } from 'child_process';\n",
      says: /`policy` must not import `child_process`/,
    },
    {
      name: 'the clock',
      path: 'src/resolve/expiry.ts',
      text: 'export const today = () => new Date();\n',
      says: /`resolve` uses the clock/,
    },
    {
      name: 'the environment',
      path: 'src/discover/openclaw.ts',
      text: 'export const path = process.env.OPENCLAW_CONFIG_PATH;\n',
      says: /`discover` uses process/,
    },
    {
      name: 'an import of a test',
      path: 'src/ir/match.ts',
      text: "import { ROOT } from '../../test/repo/tree.ts';\n",
      says: /must not depend on what is not shipped/,
    },
    {
      name: 'a folder that nobody has placed',
      path: 'src/misc/things.ts',
      text: 'export {};\n',
      says: /`src\/misc` is not in test\/repo\/architecture\/layers\.ts/,
    },
    {
      name: 'a file that has outgrown its purpose',
      path: 'src/ir/match.ts',
      text: 'export {};\n'.repeat(TOO_LONG_FILE + 1),
      says: /451 lines, more than 450/,
    },
  ];
  for (const { name, path, text, says } of planted) {
    test(name, () => assert.match(architectureProblems([{ path, text }]).join('\n'), says));
  }

  test('nothing in what is allowed', () => {
    const text = [
      "import { parseAddress } from '../net/index.ts';",
      "import type { Match } from '../ir/index.ts';",
      "import { inspect } from 'node:util';",
      "import data from './data.json' with { type: 'json' };",
      "// import { x } from '../cli/index.ts'; process.exit()",
      "export const words = 'process.exit and Date.now()';",
      'export { parseAddress, inspect, data, type Match };',
    ].join('\n');
    assert.deepEqual(architectureProblems([{ path: 'src/semantics/denote.ts', text }]), []);
  });

  test('every kind of import once, with its line', () => {
    const text = [
      "import a, { type B } from './a.ts';",
      'import type {',
      '  C,',
      "} from './c.ts';",
      "export * from './d.ts';",
      "export type { E } from './e.ts';",
      "const f = await import('./f.ts');",
      "type G = import('./g.ts').G;",
    ].join('\n');
    assert.deepEqual(
      importsOf(text)
        .map(({ specifier, line }) => `${line} ${specifier}`)
        .sort(),
      ['1 ./a.ts', '4 ./c.ts', '5 ./d.ts', '6 ./e.ts', '7 ./f.ts', '8 ./g.ts'],
    );
  });
});

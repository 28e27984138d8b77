import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { filesOf, ROOT, read } from './tree.ts';

const PACKAGE = JSON.parse(read('package.json'));

describe('the package', () => {
  test('exports only what has a source', () => {
    const built: string[] = [...Object.values<string>(PACKAGE.exports), ...Object.values<string>(PACKAGE.bin)];
    const missing = built
      .map((path) => path.replace(/^(?:\.\/)?dist\/(.*)\.js$/, 'src/$1.ts'))
      .filter((path) => !existsSync(resolve(ROOT, path)));
    assert.deepEqual(missing, []);
  });

  test('runs the scripts that are there', () => {
    const scripts = Object.values<string>(PACKAGE.scripts).join('\n');
    const missing = [...scripts.matchAll(/\bnode ((?:scripts|src)\/\S+)/g)]
      .map((match) => match[1]!)
      .filter((path) => !existsSync(resolve(ROOT, path)));
    assert.deepEqual(missing, []);
  });

  test('locks the optional packages of every platform, or `npm ci` refuses the file', () => {
    interface Locked {
      readonly optionalDependencies?: Record<string, string>;
    }
    const locked: Record<string, Locked> = JSON.parse(read('package-lock.json')).packages;
    const missing = Object.entries(locked).flatMap(([place, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in locked) && !(`${place}/node_modules/${name}` in locked),
      ),
    );
    assert.deepEqual(
      missing,
      [],
      'written with a registry that does not hold them: take them over from the last commit',
    );
  });

  test('brings its own Node, of the version that it asks for', () => {
    const [wanted] = /\d+/.exec(PACKAGE.engines.node) ?? [];
    assert.equal(
      process.versions.node.split('.')[0],
      wanted,
      'the tests run on another Node than the one that is promised',
    );
    assert.match(PACKAGE.devDependencies.node, new RegExp(`^\\^?${wanted}\\.`));
  });
});

describe('the sources', () => {
  const TEXTS = filesOf('{src,test,scripts,bench,docs,examples,catalog,schema,web}/**/*', '*', '.ci/*').filter((path) =>
    /\.(?:ts|js|json|json5|md|yaml|yml|nft|sh|txt)$|^\.ci\/|^[^./]+$/.test(path),
  );

  test('name no folder of the machine that they were written on', () => {
    const found = TEXTS.filter((path) => path !== 'package-lock.json').flatMap((path) =>
      linesWith(path, /(?<![\w.~-])\/(?:root|work)\//),
    );
    assert.deepEqual(found, []);
  });

  test('silence no checker without saying why', () => {
    const sources = TEXTS.filter((path) => path.endsWith('.ts') && !path.startsWith('test/repo/'));
    const found = sources.flatMap((path) =>
      linesWith(path, /@ts-(?:ignore|nocheck|expect-error)|\bbiome-ignore [^:]*(?::\s*)?$/),
    );
    assert.deepEqual(found, []);
  });

  test('leave nothing for later', () => {
    const sources = TEXTS.filter((path) => /\.(?:ts|md|sh)$/.test(path) && !path.startsWith('test/repo/'));
    assert.deepEqual(
      sources.flatMap((path) => linesWith(path, /\b(?:TODO|FIXME|XXX|HACK)\b/)),
      [],
    );
  });
});

function linesWith(path: string, pattern: RegExp): string[] {
  return read(path)
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}

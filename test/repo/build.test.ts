import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { importsOf } from './architecture/imports.ts';
import { filesOf, ROOT, read } from './tree.ts';

describe('what is published', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-build-'));
  const dist = join(folder, 'dist');
  const node = (...args: readonly string[]) => spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder });

  before(() => {
    for (const part of ['node_modules', 'catalog', 'package.json'])
      symlinkSync(resolve(ROOT, part), join(folder, part));
    const { status, stdout, stderr } = node(resolve(ROOT, 'scripts/build.ts'), dist);
    assert.equal(status, 0, stdout + stderr);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('has every program that another one starts', () => {
    const sources = filesOf('src/**/*.ts').map(read).join('\n');
    const started = [...sources.matchAll(/\bownProgram\('([^']+)'\)/g)].map((match) => match[1]!);
    assert.ok(started.length >= 5, `found only ${started}`);
    assert.deepEqual(
      started.filter((name) => !existsSync(join(dist, `${name}.js`))),
      [],
    );
  });

  test('finds its data from where it stands', () => {
    const main = join(dist, 'cli/main.js');
    assert.equal(node(main, '--version').stdout.trim(), JSON.parse(read('package.json')).version);
    const { status, stdout, stderr } = node(
      main,
      'check',
      resolve(ROOT, 'examples/vps-agent.yaml'),
      '--account',
      'openclaw=1000',
    );
    assert.equal(status, 0, stdout + stderr); // it names entries of the catalogue
  });

  test('has every entry of the library, with its types', async () => {
    const { exports }: { exports: Record<string, string> } = JSON.parse(read('package.json'));
    for (const file of Object.values(exports).filter((path) => path.startsWith('./dist/'))) {
      const built = join(folder, file);
      assert.ok(existsSync(built.replace(/\.js$/, '.d.ts')), `${file} has no types`);
      assert.ok(Object.keys(await import(built)).length > 0, `${file} exports nothing`);
    }
  });

  for (const main of ['enforcer/main.js', 'enforcer/keeper-main.js', 'host/sets/writer-main.js']) {
    test(`is little and our own where it runs as root: ${main}`, (t) => {
      const [loaded, packages] = [new Set<string>(), new Set<string>()];
      const visit = (path: string): void => {
        if (loaded.has(path)) return;
        loaded.add(path);
        for (const { specifier } of importsOf(readFileSync(path, 'utf8'))) {
          if (specifier.startsWith('.')) visit(resolve(dirname(path), specifier));
          else if (!specifier.startsWith('node:') && !builtinModules.includes(specifier)) packages.add(specifier);
        }
      };
      visit(join(dist, main));
      const parts = [...loaded].flatMap((path) =>
        [...readFileSync(path, 'utf8').matchAll(/^\/\/ src\/([^/\n]+)\//gm)].map((match) => match[1]!),
      );
      t.diagnostic(`${loaded.size} files, ${parts.length} modules`);
      assert.deepEqual([...packages], []);
      const others = new Set(parts).difference(new Set(['enforcer', 'host', 'net', 'diagnostic', 'source']));
      assert.deepEqual([...others], []);
      assert.ok(parts.length > 0, 'its modules were not found');
    });
  }
});

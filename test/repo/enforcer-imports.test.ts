import assert from 'node:assert/strict';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path/posix';
import { test } from 'node:test';
import { importsOf } from './architecture/imports.ts';
import { read } from './tree.ts';

/** What runs with rights that nothing else of ours has, each with a file that it must be seen to load. */
const MAINS = {
  'src/enforcer/main.ts': 'src/enforcer/change.ts',
  'src/host/sets/writer-main.ts': 'src/host/sets/nft-session.ts',
};
const FOLDERS = ['enforcer', 'host', 'net', 'diagnostic', 'source'];

/** Every file that a program loads, and every package. */
function loadedBy(entry: string): { readonly files: ReadonlySet<string>; readonly packages: ReadonlySet<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (files.has(path)) return;
    files.add(path);
    for (const { specifier } of importsOf(read(path))) {
      if (specifier.startsWith('.')) visit(join(dirname(path), specifier));
      else if (!specifier.startsWith('node:') && !builtinModules.includes(specifier))
        packages.add(`${specifier} (${path})`);
    }
  };
  visit(entry);
  return { files, packages };
}

for (const [main, part] of Object.entries(MAINS)) {
  test(`what runs as root is our own, and little: ${main}`, (t) => {
    const { files, packages } = loadedBy(main);
    const lines = [...files].reduce((sum, path) => sum + read(path).split('\n').length, 0);
    t.diagnostic(`${files.size} files, ${lines} lines`);
    assert.ok(files.has(part), 'the imports were not followed');
    assert.deepEqual([...packages], [], 'whoever can publish a package would be root on every machine that we protect');
    const others = [...files].filter(
      (path) => path !== 'src/own-files.ts' && !FOLDERS.some((folder) => path.startsWith(`src/${folder}/`)),
    );
    assert.deepEqual(
      others,
      [],
      'what reads policies, YAML or firewalls is large and fed by others: root must not run it',
    );
  });
}

test('the check sees packages and other folders where there are some', () => {
  const { files, packages } = loadedBy('src/cli/main.ts');
  assert.ok([...packages].some((name) => name.startsWith('yaml ')));
  assert.ok([...files].some((path) => path.startsWith('src/semantics/')));
});

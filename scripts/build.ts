/**
 * Builds what is published: `node scripts/build.ts [FOLDER]`, into `dist/` by default. Few large files start faster than hundreds of
 * small ones (docs/decisions/0018-many-questions-at-once.md), so each program and each entry of the library is bundled; what several of them
 * load is in pieces of its own, so a program loads nothing that it would not load from the sources. Packages of others stay outside.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const usual = join(root, 'dist');
const folder = resolve(process.argv[2] ?? usual);
const tsc = join(root, 'node_modules/.bin/tsc');

if (folder === usual) rmSync(folder, { recursive: true, force: true }); // pieces are named by what is in them
const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', folder], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(1);

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [...globSync('src/**/{main,*-main}.ts', { cwd: root }), ...entriesOfLibrary()],
  outbase: 'src',
  outdir: folder,
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node24',
  metafile: true,
  logLevel: 'warning',
});

/** `src/own-files.ts` finds the rest of the package from where it stands itself. */
const [holder] = Object.entries(metafile.outputs).find(([, { inputs }]) => 'src/own-files.ts' in inputs) ?? [];
if (holder === undefined || relative(folder, dirname(resolve(root, holder))) !== '')
  throw new Error(`src/own-files.ts is in ${holder}, and has to be at the root of ${folder}`);

function entriesOfLibrary(): string[] {
  const { exports }: { exports: Record<string, string> } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.values(exports)
    .filter((file) => file.startsWith('./dist/'))
    .map((file) => file.replace('./dist/', 'src/').replace(/\.js$/, '.ts'));
}

import { fileURLToPath } from 'node:url';

/**
 * Files of this package, found from this one. What is published is bundled (scripts/build.ts): a module may stand in any file there, but
 * its pieces are at the root of `dist/` as this module is at the root of `src/`, so only here `import.meta.url` may say where something is.
 */
const HERE = import.meta.url;

/** A program of ours that is started as a process of its own, as in `src/`: `enforcer/main`. */
export function ownProgram(name: `${string}main`): string {
  return fileURLToPath(new URL(`./${name}${HERE.slice(-3)}`, HERE)); // .ts or .js: as this one runs
}

/** A file beside `src/`, which is packaged as it is: `catalog/services.json`. */
export function packagedFile(name: string): URL {
  return new URL(`../${name}`, HERE);
}

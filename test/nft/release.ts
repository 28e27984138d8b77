import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { findProgram, runChecked } from '../../src/host/index.ts';
import { fetched } from '../fetched.ts';

/**
 * An nft of another Debian release than this machine's, as that release's packages have it. It runs beside the machine's own, with the C
 * library it was built for; only what has the same interface in all releases (libmnl, libjansson, ...) is the machine's.
 */
interface Release {
  readonly packages: readonly DebianPackage[];
}

interface DebianPackage {
  readonly path: string; // in the pool of a mirror
  readonly sha256: string; // as the release's Packages file has it
}

const MIRROR = 'http://deb.debian.org/debian/pool/main/';

export const NFT_RELEASES = {
  '1.1.3': {
    // Debian 13
    packages: [
      {
        path: 'n/nftables/nftables_1.1.3-1_amd64.deb',
        sha256: '2ddfa61baaf3a76e2c499db9e521ba6affb226f85af0b6fef739f346ac5f0c39',
      },
      {
        path: 'n/nftables/libnftables1_1.1.3-1_amd64.deb',
        sha256: 'c7cbee3dce8452ae5c3c4269f6f52e96b896d36a46ea3c490e0e11e8ff359896',
      },
      {
        path: 'libn/libnftnl/libnftnl11_1.2.9-1_amd64.deb',
        sha256: '1b3eae46bfb9c6ab44e404797fb45278045f926d73974a84097ad47a3e27d983',
      },
      {
        path: 'g/glibc/libc6_2.41-12+deb13u5_amd64.deb',
        sha256: 'b59b0625cd1a791375d40dab23a4d5d3d0641e3d0a773501becdc3725b7f99cf',
      },
    ],
  },
} as const satisfies Record<string, Release>;

export type NftVersion = keyof typeof NFT_RELEASES;

const LIBRARY_FOLDER = 'PORTCULLIS_NFT_LIBRARIES'; // those of the release in force

const PATIENCE_MS = 60_000; // 3 MB
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/**
 * From here on `nft` is that of another release, for this process and all that it starts.
 * @returns why it cannot be had here, in a sentence that a skip states; undefined: it is in force
 * @throws Error where a package is not what it was, or what it holds does not run
 */
export async function useNft(version: NftVersion): Promise<string | undefined> {
  const skip = (reason: string): string => `SKIPPED, nft ${version} judged nothing: ${reason}`;
  if (process.platform !== 'linux' || process.arch !== 'x64') return skip('it is built for Linux on x86-64');
  if (findProgram('dpkg-deb') === undefined) return skip('there is no dpkg-deb to unpack it');
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const folder = join(cache, 'portcullis', 'nft', version);
  const problem = existsSync(folder) ? undefined : await bring(NFT_RELEASES[version], folder);
  if (problem !== undefined) return skip(problem);
  process.env.PATH = [join(folder, 'bin'), process.env.PATH].join(delimiter);
  process.env[LIBRARY_FOLDER] = join(folder, LIBRARIES);
  return undefined;
}

/** What stands before a program on its command line, so that it gets the library of the release in force. */
export function nftLoader(): readonly string[] {
  const libraries = process.env[LIBRARY_FOLDER];
  return libraries === undefined
    ? []
    : [join(libraries, 'ld-linux-x86-64.so.2'), '--library-path', `${libraries}:/${LIBRARIES}`];
}

/** Unpacks a release into a folder: whole or not at all, for another test may be looking. @returns why it cannot be had now */
async function bring({ packages }: Release, folder: string): Promise<string | undefined> {
  if (process.env.PORTCULLIS_NO_INSTALL === '1') return 'PORTCULLIS_NO_INSTALL=1 is set';
  mkdirSync(dirname(folder), { recursive: true });
  const draft = mkdtempSync(`${folder}-`);
  try {
    for (const { path, sha256 } of packages) {
      const archive = await fetched(MIRROR + path, sha256, PATIENCE_MS);
      if ('problem' in archive) return archive.problem;
      const file = join(draft, 'package.deb');
      writeFileSync(file, archive.bytes);
      await runChecked('dpkg-deb', ['-x', file, draft]);
      rmSync(file);
    }
    const program = join(draft, 'bin', 'nft');
    mkdirSync(dirname(program));
    writeFileSync(program, WRAPPER);
    chmodSync(program, 0o755);
    await runChecked(program, ['--version']);
    if (!existsSync(folder)) renameSync(draft, folder);
    return undefined;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** From the folder it stands in, wherever that is moved to. */
const WRAPPER = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")/..
libraries=$here/${LIBRARIES}
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries:/${LIBRARIES}" "$here/usr/sbin/nft" "$@"
`;

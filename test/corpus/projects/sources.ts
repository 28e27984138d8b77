import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/host/index.ts';
import { fetched } from '../../fetched.ts';

/**
 * The release of iptables that Debian 12 builds from, by the sum in its .dsc. The test inputs of both projects are under the GPL: they are
 * fetched, or given, to be read, and no line of them is kept here.
 */
const IPTABLES = {
  url: 'http://deb.debian.org/debian/pool/main/i/iptables/iptables_1.8.9.orig.tar.xz',
  sha256: 'ef6639a43be8325a4f8ea68123ffac236cb696e8c78501b64e8106afb008c87f',
} as const;

/** Debian's mirror has dropped the source of its own nftables 1.0.6, so that a folder must be given. */
const NFTABLES_FOLDER = 'PORTCULLIS_NFTABLES_SOURCE';

export type Project = 'iptables' | 'nftables';

const PATIENCE_MS = 30_000;

/** The unpacked source of a project, gone when the process ends; or why it cannot be had here, in a sentence that a skip states. */
export async function projectSource(
  project: Project,
): Promise<{ readonly folder: string } | { readonly skip: string }> {
  if (project === 'nftables') {
    const folder = process.env[NFTABLES_FOLDER];
    return folder === undefined
      ? { skip: `SKIPPED, nothing was read: set ${NFTABLES_FOLDER} to an unpacked source of nftables 1.0.9` }
      : { folder };
  }
  const { url, sha256 } = IPTABLES;
  const skip = (reason: string) => ({ skip: `SKIPPED, nothing was read: ${reason}` });
  const archive = await fetched(url, sha256, PATIENCE_MS);
  if ('problem' in archive) return skip(archive.problem);
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-projects-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'source.tar.xz');
  writeFileSync(file, archive.bytes);
  const unpacked = await run('tar', ['-xJf', file, '-C', folder, '--no-same-owner']);
  if (unpacked.exitCode !== 0) return skip(`tar: ${unpacked.stderr.trim()}`);
  const [top] = readdirSync(folder, { withFileTypes: true }).filter((each) => each.isDirectory());
  return top === undefined ? skip('the archive is empty') : { folder: join(folder, top.name) };
}

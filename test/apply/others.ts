import assert from 'node:assert/strict';
import type { Mechanism } from '../../src/enforcer/index.ts';
import { findProgram } from '../../src/host/index.ts';
import type { Place } from '../enforcer/place.ts';
import { isolationOrReason } from '../lab/support.ts';
import { POLICY, portcullis } from './command.ts';

const found = await isolationOrReason();
const isRoot = 'isolation' in found && found.isolation === 'root';

export function skipWithout(...programs: readonly string[]): string | false {
  if ('skip' in found) return found.skip;
  if (!isRoot) return 'SKIPPED, nothing was loaded: these firewalls work for root only';
  const missing = programs.filter((program) => findProgram(program) === undefined);
  return missing.length === 0 ? false : `SKIPPED, nothing was loaded: \`${missing.join('`, `')}\` is not installed`;
}

/** All that is not ours, as each tool saves it: to the byte, but for counters and the time, and for lines about chains of ours. */
async function others(place: Place): Promise<Readonly<Record<string, string>>> {
  const saved = async (program: string): Promise<string> =>
    (await place.checked(program, []))
      .replaceAll(/^#.*\n/gm, '')
      .replaceAll(/ \[\d+:\d+\]$/gm, '')
      .replaceAll(OWN_LINES, '')
      .replaceAll(EMPTY, '');
  const tables = (await place.checked('nft', ['list', 'tables'])).trim().split('\n');
  const listed = await Promise.all(
    tables
      .filter((table) => table !== '' && !table.startsWith('table inet portcullis') && !isOfIptables(table))
      .map((table) => place.checked('nft', ['-s', 'list', ...table.split(' ')])),
  );
  return { iptables: await saved('iptables-save'), ip6tables: await saved('ip6tables-save'), nft: listed.join('') };
}

/** What is left of a table when lines of ours are all that was ever in it. */
const EMPTY = '*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n';

const OWN_LINES =
  /^(?::|-A )(?:PORTCULLIS-|PC-).*\n|^-A (?:INPUT -j PORTCULLIS-INPUT|OUTPUT -j PORTCULLIS-OUTPUT|(?:FORWARD|DOCKER-USER) -j PORTCULLIS-FORWARD)\n/gm;

/** Of which iptables-save tells all. */
function isOfIptables(table: string): boolean {
  return /^table ip6? (?:raw|mangle|nat|filter|security)$/.test(table);
}

/** Through a trial that expires, an apply that stays, another one, and our rules gone again. */
export async function unchanged(place: Place, mechanism: Mechanism = 'nftables'): Promise<void> {
  const before = await others(place);
  assert.match(before.iptables ?? '', /^-A /m, 'there is something that could be changed');
  const forgotten = await portcullis(
    place,
    ['apply', '-', '--with', mechanism, '--console', '--trial', '5s', '--confirm-by', 'reconnect'],
    POLICY,
  );
  assert.equal(forgotten.exitCode, 1, forgotten.stderr);
  for (const args of [
    ['apply', '-', '--with', mechanism],
    ['apply', '-', '--with', mechanism],
    ['rollback', '0'],
  ]) {
    const ended = await portcullis(place, [...args, '--console', '--confirm-by', 'none'], POLICY);
    assert.equal(ended.exitCode, 0, ended.stderr);
    assert.deepEqual(await others(place), before, args.join(' '));
  }
}

/** The real UFW, with SSH let in. */
export async function enableUfw(place: Place): Promise<void> {
  // Its own files are the machine's: a copy of them stands in their place here.
  await place.checked('cp', ['-a', '/etc/ufw', '/run/ufw']);
  await place.checked('mount', ['--bind', '/run/ufw', '/etc/ufw']);
  await place.checked('mkdir', ['-p', '/var/lib/ufw']);
  await place.checked('ufw', ['allow', '22/tcp']);
  await place.checked('ufw', ['--force', 'enable']);
  assert.match(await place.checked('ufw', ['status']), /Status: active/);
}

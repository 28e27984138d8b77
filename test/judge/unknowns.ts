import { spawnSync } from 'node:child_process';
import { findProgram } from '../../src/host/index.ts';
import { JOINS, JOINS_ACROSS } from '../../src/target/nftables/lift-joined.ts';
import { TAKES_ONE_FOR_ITS_BITS } from '../../src/target/nftables/lift-set.ts';
import { whenIptablesAlwaysHolds, whenIptablesHolds } from './iptables/known.ts';
import type { Packet } from './packet.ts';

const versions = new Map<string, string>(); // by program: `useNft` puts another one in force

/** Whether the nft that loads the rulesets is older than this. */
function isOlderThan(release: '1.1' | '1.0.9'): boolean {
  const program = findProgram('nft') ?? 'nft';
  const version = versions.get(program) ?? spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout ?? '';
  versions.set(program, version);
  return (release === '1.1' ? /v(?:0\.|1\.0\.)/ : /v(?:0\.|1\.0\.[0-8]\b)/).test(version);
}

/**
 * When a condition holds that our reader says nobody can know, here, where some are known: limits and quotas are too wide to bite, no
 * socket waits for a packet, and we have made the packets ourselves. `undefined` where it cannot be known here either.
 */
export function whenHolds(text: string): ((packet: Packet) => boolean) | undefined {
  const always = whenAlwaysHolds(text);
  if (always !== undefined) return () => always;
  if (text === OPTIONS) return ({ family, options }) => family === 6 && options;
  return whenIptablesHolds(text);
}

export const OPTIONS = 'IPv6 extension headers';

/** Whether a condition holds that is the same for all packets here. */
export function whenAlwaysHolds(text: string): boolean | undefined {
  if (/(?:^| )(?:limit rate|quota|ct count) over /.test(text)) return false;
  if (text === JOINS || text === JOINS_ACROSS) return isOlderThan('1.1');
  if (text === TAKES_ONE_FOR_ITS_BITS) return isOlderThan('1.0.9');
  if (/^(?:tcp option \S+|sctp chunk data) exists$/.test(text)) return false; // no packet of ours has any
  if (/ is full$/.test(text)) return false; // a set of 65,535 elements, which a few hundred packets fill
  if (/^it passes device .* below another interface$/.test(text)) return false; // no wire lies over another
  // At input: the owner of a socket that the packet belongs to. Of several things that are asked together, another may be the unknown one.
  if (/^meta sk[ug]id (?!\.)/.test(text)) return false;
  return whenIptablesAlwaysHolds(text);
}

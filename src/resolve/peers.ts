import type { InterfacePattern, Peer, Range } from '../ir/index.ts';
import { AddressSet, IntervalSet } from '../packetset/index.ts';

type LocalPeer = Extract<Peer, { kind: 'local' }>;
type RemotePeer = Extract<Peer, { kind: 'remote' }>;

const HIGHEST_UID = 0xffff_fffe; // 2^32 - 1 means "no uid" to the kernel

/** The same peers in their smallest form: what can be one peer is one, and nobody is said twice. */
export function mergePeers(peers: readonly Peer[]): readonly Peer[] {
  if (peers.length < 2) return peers;
  return [
    ...mergeLocal(peers.filter((peer) => peer.kind === 'local')),
    ...mergeRemote(peers.filter((peer) => peer.kind === 'remote')),
    ...unique(peers.filter((peer) => peer.kind === 'named')),
  ];
}

/** Processes of these accounts, in whatever order and however often they are named. */
export function processesOf(accounts: readonly Range[]): LocalPeer {
  return { kind: 'local', accounts: accountRanges(accountSet(accounts)) };
}

function mergeLocal(peers: readonly LocalPeer[]): readonly LocalPeer[] {
  const everyProcess = peers.find((peer) => peer.accounts === undefined && peer.cgroup === undefined);
  if (everyProcess !== undefined) return [everyProcess];
  const byAccount = peers.flatMap((peer) => (peer.cgroup === undefined ? (peer.accounts ?? []) : []));
  const byCgroup = peers.filter((peer) => peer.cgroup !== undefined);
  return [...(byAccount.length === 0 ? [] : [processesOf(byAccount)]), ...unique(byCgroup)];
}

/** Peers behind the same interfaces become one. */
function mergeRemote(peers: readonly RemotePeer[]): readonly RemotePeer[] {
  const alike = Map.groupBy(peers, ({ interfaces, live }) =>
    interfaces === undefined && live === undefined ? '' : JSON.stringify([interfaces ?? null, live ?? null]),
  );
  return [...alike.values()].map((some) => {
    const [peer] = some;
    return some.length === 1
      ? peer!
      : { ...peer!, ranges: AddressSet.of(some.flatMap(({ ranges }) => ranges)).ranges() };
  });
}

function unique<T extends Peer>(peers: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  return peers.filter((peer) => {
    const key = JSON.stringify(peer);
    return seen.has(key) ? false : seen.add(key);
  });
}

/** Whether somebody may be both; where nobody can tell (processes of an account and of a cgroup) it may be. */
export function mayMeet(a: Peer, b: Peer): boolean {
  if (a.kind === 'local' && b.kind === 'local') {
    if (a.cgroup !== undefined || b.cgroup !== undefined) return true;
    if (a.accounts === undefined || b.accounts === undefined) return true;
    return a.accounts.some((one) => b.accounts?.some(({ first, last }) => one.first <= last && first <= one.last));
  }
  if (a.kind !== 'remote' || b.kind !== 'remote') return false;
  return !AddressSet.of(a.ranges).intersect(AddressSet.of(b.ranges)).isEmpty();
}

/** Why the packets of one zone cannot be taken out of another's exactly. */
export type SubtractProblem = 'names' | 'interfaces' | 'cgroups' | 'containers';

/** The peers without those: exactly, or not at all. */
export function subtractPeer(peers: readonly Peer[], taken: Peer): readonly Peer[] | SubtractProblem {
  const left: Peer[] = [];
  for (const peer of peers) {
    const rest = subtractOne(peer, taken);
    if (typeof rest === 'string') return rest;
    if (rest !== undefined) left.push(rest);
  }
  return left;
}

function subtractOne(peer: Peer, taken: Peer): Peer | undefined | SubtractProblem {
  if (taken.kind === 'named') {
    if (peer.kind === 'named' && peer.group === taken.group) return undefined;
    return peer.kind === 'local' ? peer : 'names';
  }
  switch (peer.kind) {
    case 'named':
      return taken.kind === 'remote' ? 'names' : peer;
    case 'remote':
      return taken.kind === 'remote' ? subtractRemote(peer, taken) : peer;
    case 'local':
      return taken.kind === 'local' ? subtractLocal(peer, taken) : peer;
  }
}

function subtractRemote(peer: RemotePeer, taken: RemotePeer): RemotePeer | undefined | SubtractProblem {
  const common = AddressSet.of(peer.ranges).intersect(AddressSet.of(taken.ranges));
  if (taken.live !== undefined) return 'containers'; // whoever comes next would not be taken out
  if (common.isEmpty()) return peer;
  if (peer.live !== undefined) return 'containers'; // likewise
  if (taken.interfaces !== undefined) {
    const { interfaces } = peer;
    if (interfaces === undefined) return 'interfaces';
    if (interfaces.every((name) => taken.interfaces!.every((other) => !overlap(name, other)))) return peer;
    if (!interfaces.every((name) => taken.interfaces!.some((other) => covers(other, name)))) return 'interfaces';
  }
  const ranges = AddressSet.of(peer.ranges).subtract(common).ranges();
  return ranges.length === 0 ? undefined : { ...peer, ranges };
}

function covers(pattern: InterfacePattern, other: InterfacePattern): boolean {
  if (pattern.wildcard) return other.name.startsWith(pattern.name);
  return !other.wildcard && pattern.name === other.name;
}

function overlap(one: InterfacePattern, other: InterfacePattern): boolean {
  return covers(one, other) || covers(other, one);
}

function subtractLocal(peer: LocalPeer, taken: LocalPeer): LocalPeer | undefined | SubtractProblem {
  if (taken.cgroup !== undefined) {
    const inside = peer.cgroup !== undefined && `${peer.cgroup}/`.startsWith(`${taken.cgroup}/`);
    return inside && taken.accounts === undefined ? undefined : 'cgroups';
  }
  if (taken.accounts === undefined) return undefined;
  const accounts = accountSet(peer.accounts ?? [{ first: 0, last: HIGHEST_UID }]).subtract(accountSet(taken.accounts));
  return accounts.isEmpty() ? undefined : { ...peer, accounts: accountRanges(accounts) };
}

function accountSet(ranges: readonly Range[]): IntervalSet {
  return IntervalSet.of(ranges.map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last) })));
}

function accountRanges(set: IntervalSet): Range[] {
  return set.intervals.map(({ first, last }) => ({ first: Number(first), last: Number(last) }));
}

/** Whether a packet can come from one peer and go to the other in this family. */
export function speaks(peer: Peer, family: 4 | 6): boolean {
  return peer.kind !== 'remote' || peer.live !== undefined || peer.ranges.some((range) => range.family === family);
}

import type { InterfacePattern, Peer, Range } from '../ir/index.ts';
import type { AddressRange } from '../net/index.ts';
import { AddressSet, IntervalSet } from '../packetset/index.ts';

type LocalPeer = Extract<Peer, { kind: 'local' }>;
type RemotePeer = Extract<Peer, { kind: 'remote' }>;

const HIGHEST_UID = 0xffff_fffe; // 2^32 - 1 means "no uid" to the kernel

/** The same peers in their smallest form: what can be one peer is one, and nobody is said twice. */
export function mergePeers(peers: readonly Peer[]): readonly Peer[] {
  if (peers.length < 2) return peers;
  if (peers.every(isRemote)) return mergeRemote(peers); // many of a policy's ends are no more than addresses
  return [
    ...mergeLocal(peers.filter((peer) => peer.kind === 'local')),
    ...mergeRemote(peers.filter(isRemote)),
    ...unique(peers.filter((peer) => peer.kind === 'named')),
  ];
}

function isRemote(peer: Peer): peer is RemotePeer {
  return peer.kind === 'remote';
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
  if (peers.every(isAnywhere)) return peers.length === 0 ? [] : [asOne(peers)];
  const alike = Map.groupBy(peers, ({ interfaces, live }) => JSON.stringify([interfaces ?? null, live ?? null]));
  return [...alike.values()].map(asOne);
}

function isAnywhere({ interfaces, live }: RemotePeer): boolean {
  return interfaces === undefined && live === undefined;
}

/** @param peers at least one, which differ in their addresses only */
function asOne(peers: readonly RemotePeer[]): RemotePeer {
  const peer = peers[0]!;
  return peers.length === 1 ? peer : { ...peer, ranges: union(peers.flatMap(({ ranges }) => ranges)) };
}

/** Sorted, disjoint, IPv4 first. */
function union(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const [one, other] = ranges;
  if (ranges.length !== 2 || one!.family === other!.family) return AddressSet.of(ranges).ranges();
  return one!.family === 4 ? ranges : [other!, one!]; // a machine's addresses of both families, as often
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
  if (peer.kind !== 'remote' || peer.live !== undefined) return true;
  for (const range of peer.ranges) if (range.family === family) return true;
  return false;
}

import {
  address,
  all,
  any,
  atHook,
  everything,
  field,
  formatRate,
  type Grant,
  type Hook,
  type InterfacePattern,
  interfaces,
  type Match,
  type Peer,
  type Range,
  type Service,
  symbol,
} from '../../ir/index.ts';
import type { AddressRange } from '../../net/index.ts';

/**
 * What one hook sees of a grant's traffic from one peer to another. Local processes send at output and receive at input,
 * towards each other through the loopback interface; machines on both sides pass at forward.
 */
export interface Pair {
  readonly hook: Hook;
  readonly src: readonly AddressRange[] | 'any';
  readonly dst: readonly AddressRange[] | 'any';
  readonly inInterfaces?: readonly InterfacePattern[];
  readonly outInterfaces?: readonly InterfacePattern[];
  readonly accounts?: readonly Range[]; // uids of the sender
  readonly cgroup?: string; // of the sender
  readonly group?: string; // the destination is one of these names
  readonly receivers?: readonly Range[]; // uids of the receiver, which the kernel cannot see
  readonly liveSrc?: string; // the sender is one of those who are now in this zone, at this address behind this interface
  readonly liveDst?: string; // likewise
}

const LOOPBACK: readonly InterfacePattern[] = [{ name: 'lo', wildcard: false }];

export function pairsOf(grant: Grant): Pair[] {
  return grant.from.flatMap((from) => grant.to.flatMap((to) => pairsBetween(from, to)));
}

type Local = Extract<Peer, { kind: 'local' }>;
type Remote = Extract<Peer, { kind: 'remote' }>;

function pairsBetween(from: Peer, to: Peer): Pair[] {
  if (from.kind === 'named') return [];
  if (from.kind === 'local') {
    if (to.kind !== 'local') return [{ hook: 'output', src: 'any', ...sender(from), ...destination(to) }];
    return [
      { hook: 'output', src: 'any', dst: 'any', outInterfaces: LOOPBACK, ...sender(from) },
      { hook: 'input', src: 'any', dst: 'any', inInterfaces: LOOPBACK, ...receiver(to) },
    ];
  }
  if (to.kind === 'local') return [{ hook: 'input', dst: 'any', ...source(from), ...receiver(to) }];
  return [{ hook: 'forward', ...source(from), ...destination(to) }];
}

function sender(peer: Local): Pick<Pair, 'accounts' | 'cgroup'> {
  return {
    ...(peer.accounts === undefined ? {} : { accounts: peer.accounts }),
    ...(peer.cgroup === undefined ? {} : { cgroup: peer.cgroup }),
  };
}

function receiver(peer: Local): Pick<Pair, 'receivers'> {
  return peer.accounts === undefined ? {} : { receivers: peer.accounts };
}

function source(peer: Remote): Pick<Pair, 'src' | 'inInterfaces' | 'liveSrc'> {
  return {
    src: peer.ranges,
    ...(peer.interfaces === undefined ? {} : { inInterfaces: peer.interfaces }),
    ...(peer.live === undefined ? {} : { liveSrc: peer.live }),
  };
}

function destination(peer: Exclude<Peer, Local>): Pick<Pair, 'dst' | 'outInterfaces' | 'group' | 'liveDst'> {
  if (peer.kind === 'named') return { dst: 'any', group: peer.group };
  return {
    dst: peer.ranges,
    ...(peer.interfaces === undefined ? {} : { outInterfaces: peer.interfaces }),
    ...(peer.live === undefined ? {} : { liveDst: peer.live }),
  };
}

/** The packets of a pair, but for what a target may have to leave out: the name that was asked for and the receiver. */
export function pairPackets(grant: Grant, pair: Pair): Match {
  const within =
    grant.rate === undefined
      ? everything
      : symbol({ kind: 'within-rate', flow: grant.name, limit: formatRate(grant.rate) });
  return all(
    atHook(pair.hook),
    pair.src === 'any' ? everything : address('src', ...pair.src),
    pair.dst === 'any' ? everything : address('dst', ...pair.dst),
    pair.inInterfaces === undefined ? everything : interfaces('in', ...pair.inInterfaces),
    pair.outInterfaces === undefined ? everything : interfaces('out', ...pair.outInterfaces),
    pair.accounts === undefined ? everything : field('srcAccount', ...pair.accounts),
    pair.cgroup === undefined ? everything : symbol({ kind: 'cgroup', path: pair.cgroup }),
    any(...grant.services.map(servicePackets)),
    within,
  );
}

export function servicePackets(service: Service): Match {
  return all(
    service.family === undefined ? everything : field('family', service.family),
    field('protocol', service.protocol),
    service.ports === undefined ? everything : field('dport', service.ports),
    service.icmp === undefined ? everything : field('icmpType', service.icmp.type),
    service.icmp?.code === undefined ? everything : field('icmpCode', service.icmp.code),
  );
}

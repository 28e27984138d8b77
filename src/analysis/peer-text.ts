import type { Intent, NamedDestination, Peer, Service } from '../ir/index.ts';
import {
  formatDnsPattern,
  formatPortRange,
  formatRange,
  ICMP_TYPES,
  ICMPV6_TYPES,
  PORT_PROTOCOLS,
  PROTOCOLS,
  protocolName,
} from '../net/index.ts';

/** Equal for peers that are the same packets' ends, so that a flow's ends can be told by their zones' names. */
export function peerKey(peer: Peer | NamedDestination): string {
  return JSON.stringify(peer, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

const MEMBERS_SHOWN = 8; // ranges or names of one peer before the rest is counted

/** One way in which a zone is recognised, in plain words. */
export function peerText(peer: Peer | NamedDestination, intent: Intent): string {
  switch (peer.kind) {
    case 'local':
      return localText(peer, intent);
    case 'remote': {
      const through = (peer.interfaces ?? []).map(({ name, wildcard }) => (wildcard ? `${name}*` : name));
      return `${list(peer.ranges.map(formatRange))}${through.length === 0 ? '' : ` through ${through.join(', ')}`}`;
    }
    case 'named': {
      const group = intent.groups.find((each) => each.key === peer.group);
      return group === undefined ? peer.group : list(group.patterns.map(formatDnsPattern));
    }
    case 'name':
      return peer.name;
  }
}

function localText(peer: Extract<Peer, { kind: 'local' }>, intent: Intent): string {
  const { accounts, cgroup } = peer;
  if (accounts === undefined)
    return cgroup === undefined ? 'every process of this machine' : `processes of cgroup ${cgroup}`;
  const uids = accounts.map(({ first, last }) => {
    const name = intent.unknownAccounts.get(first);
    if (first === last && name !== undefined) return `${name} (no account of this machine)`;
    return `uid ${first === last ? first : `${first}-${last}`}`;
  });
  return `processes of ${list(uids)}${cgroup === undefined ? '' : ` in cgroup ${cgroup}`}`;
}

/** The ends of a flow by the names of the zones that they make up, and in words what is left. */
export function endsText(peers: readonly Peer[], intent: Intent): string[] {
  const left = new Map(peers.map((peer) => [peerKey(peer), peer]));
  const names: string[] = [];
  const bySize = [...intent.zones]
    .filter(([, members]) => members.length > 0)
    .sort((a, b) => b[1].length - a[1].length);
  for (const [name, members] of bySize) {
    const keys = members.map(peerKey);
    if (!keys.every((key) => left.has(key))) continue;
    names.push(name);
    for (const key of keys) left.delete(key);
  }
  return [...names, ...[...left.values()].map((peer) => (peer.kind === 'named' ? peer.group : peerText(peer, intent)))];
}

/** As the policy language writes it. */
export function serviceText({ protocol, family, ports, icmp }: Service): string {
  const name = protocolName(protocol);
  const only =
    family === undefined || protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6 ? '' : ` (IPv${family})`;
  if (ports !== undefined) return `${name}/${formatPortRange(ports)}${only}`;
  if (icmp === undefined) return `${name}${PORT_PROTOCOLS.includes(protocol) ? '/any' : ''}${only}`;
  const names = protocol === PROTOCOLS.icmpv6 ? ICMPV6_TYPES : ICMP_TYPES;
  const type = Object.entries(names).find(([, number]) => number === icmp.type)?.[0] ?? String(icmp.type);
  return `${name}/${icmp.code === undefined ? type : `${icmp.type}/${icmp.code}`}${only}`;
}

function list(parts: readonly string[]): string {
  const shown = parts.slice(0, MEMBERS_SHOWN).join(', ');
  return parts.length > MEMBERS_SHOWN ? `${shown} and ${parts.length - MEMBERS_SHOWN} more` : shown;
}

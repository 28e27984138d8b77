import { field, HOOKS, type Hook } from '../../ir/index.ts';
import { type Family, PROTOCOLS } from '../../net/index.ts';
import type { PacketSet } from '../../packetset/index.ts';
import type { Breadth } from './address-scope.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import { shown } from './inbound.ts';
import { HYGIENE } from './kinds-hygiene.ts';
import { openingPackets, openings } from './openings.ts';
import type { AuditView } from './view.ts';
import { list, portsText } from './words.ts';

/** What is open to many in one family and to nobody at all in the other. */
export function parityFindings(view: AuditView): Finding[] {
  return [...wider(view, 6, HYGIENE.ipv6Wider), ...wider(view, 4, HYGIENE.ipv4Wider)];
}

function wider(view: AuditView, family: Family, kind: (typeof HYGIENE)['ipv6Wider' | 'ipv4Wider']): Finding[] {
  const found = HOOKS.flatMap((hook) => alone(view, hook, family));
  if (found.length === 0) return [];
  // One packet is taken from the first hook: input, where there is something.
  const particulars = shown(view, found[0]!.packets);
  const what = found.map(({ hook, ports }) => `at ${hook} ${list(ports)}`).join('; ');
  return [finding(kind, { subject: `IPv${family}`, ...particulars }, what)];
}

/** The ports that many may use in one family, and nobody in the other. */
function alone(view: AuditView, hook: Hook, family: Family) {
  const closed = portsOpenIn(view, hook, family === 4 ? 6 : 4).complement();
  const parts = openings(view, hook)
    .filter((each) => each.families.includes(family) && isMany(each.breadth, family))
    .map((each) => ({ each, packets: openingPackets(view, hook, { ...each, families: [family] }).intersect(closed) }))
    .filter(({ packets }) => !packets.isEmpty());
  if (parts.length === 0) return [];
  const packets = view.space.union(parts.map((part) => part.packets));
  return [{ hook, packets, ports: parts.map(({ each }) => portsText(each.protocol, each.ports)) }];
}

/** A private network of IPv4 often has no counterpart in IPv6. */
function isMany(breadth: Breadth, family: Family): boolean {
  return breadth === 'world' || (breadth === 'broad' && family === 6);
}

/** In either family, the packets whose port somebody may use in this one. */
function portsOpenIn(view: AuditView, hook: Hook, family: Family): PacketSet {
  const ports = view.packets(field('protocol', PROTOCOLS.tcp, PROTOCOLS.udp));
  return view.space.project(view.open(hook, family).intersect(ports), ['protocol', 'dport']);
}

import { type Family, formatPortRange, formatRange, type PortRange } from '../../net/index.ts';
import { boxes, IntervalSet, type PacketSet } from '../../packetset/index.ts';
import type { Transport } from './openings.ts';
import type { AuditSubject } from './subject.ts';

/** ` over IPv6`; nothing where it is both. */
export function familiesText(families: readonly Family[]): string {
  return families.length === 1 ? ` over IPv${families[0]}` : '';
}

/** `tcp/22`: also what suppressions name it by. */
export function portsText(protocol: Transport, ports: PortRange): string {
  return `${protocol}/${formatPortRange(ports)}`;
}

/** `tcp/22 (ssh)`. */
export function serviceText(subject: AuditSubject, protocol: Transport, ports: PortRange): string {
  const name = ports.first === ports.last ? subject.serviceName(protocol, ports.first) : undefined;
  return `${portsText(protocol, ports)}${name === undefined ? '' : ` (${name})`}`;
}

/** `TCP and UDP`. */
export function transportsText(protocols: readonly Transport[]): string {
  return protocols.map((protocol) => protocol.toUpperCase()).join(' and ');
}

const SHOWN = 4;

/** The addresses of one side of the packets, a few of them. */
export function addressesText(set: PacketSet, side: 'src' | 'dst'): string {
  const projected = set.space.project(set, ['family', side]);
  const ranges = [...boxes(projected)].flatMap((box) =>
    (box.wides.get(side) ?? IntervalSet.empty).intervals.map((interval) =>
      formatRange({ family: box.family ?? 4, ...interval }),
    ),
  );
  return list(ranges);
}

export function list(texts: readonly string[]): string {
  const shown = texts.slice(0, SHOWN).join(', ');
  return texts.length > SHOWN ? `${shown} and ${texts.length - SHOWN} more` : shown;
}

/** A rule as it was written, without what its counters say in a listing. */
export function withoutCounters(text: string): string {
  return text.replace(/ counter packets \d+ bytes \d+/g, '');
}

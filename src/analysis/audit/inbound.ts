import type { Family } from '../../net/index.ts';
import type { PacketSet } from '../../packetset/index.ts';
import type { Finding, FindingKind } from './finding.ts';
import { finding } from './finding.ts';
import { byFamily, inserted, placeOf, withAddresses } from './fixes.ts';
import { INBOUND } from './kinds-inbound.ts';
import { listeningText } from './listeners.ts';
import { type Opening, openingPackets, openings, TRANSPORTS, type Transport } from './openings.ts';
import { dependsOnRate } from './rates.ts';
import type { AuditView } from './view.ts';
import { isWeb, sensitiveServices } from './well-known.ts';
import { addressesText, familiesText, portsText, serviceText, transportsText } from './words.ts';

/** Ports that are open are a default, not a list, from here on. */
const HALF_OF_ALL_PORTS = 32_768;

/** What other machines may open towards this one. */
export function inboundFindings(view: AuditView): Finding[] {
  const all = openings(view, 'input');
  const open = wideOpen(all);
  const rest = all.filter(({ protocol, families }) => !families.every((family) => open.has(`${protocol} ${family}`)));
  return [
    ...everything(view, all, open),
    ...rest.filter(({ breadth }) => breadth === 'world').map((opening) => toTheWorld(view, opening)),
    ...rest.filter(({ breadth }) => breadth === 'broad').map((opening) => toMany(view, opening)),
    ...unlimitedSsh(view, rest),
  ];
}

/** The transports and families in which most ports are open to the world. */
export function wideOpen(all: readonly Opening[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const protocol of TRANSPORTS) {
    for (const family of [4, 6] as const) {
      const ports = all
        .filter((each) => each.breadth === 'world' && each.protocol === protocol && each.families.includes(family))
        .reduce((sum, { ports: { first, last } }) => sum + last - first + 1, 0);
      if (ports >= HALF_OF_ALL_PORTS) found.add(`${protocol} ${family}`);
    }
  }
  return found;
}

function everything(view: AuditView, all: readonly Opening[], open: ReadonlySet<string>): Finding[] {
  return ([[4, 6], [4], [6]] as const).flatMap((families) => {
    const protocols = TRANSPORTS.filter((protocol) => sameFamilies(open, protocol, families));
    if (protocols.length === 0) return [];
    const packets = union(
      view,
      all.filter((each) => protocols.includes(each.protocol) && each.breadth === 'world'),
      families,
    );
    const what = `nearly every ${transportsText(protocols)} port is`;
    return [
      finding(
        INBOUND.everythingInbound,
        {
          subject: `${protocols.join(',')}${families.length === 1 ? ` IPv${families[0]}` : ''}`,
          ...shown(view, packets),
        },
        what,
        familiesText(families),
        '',
      ),
    ];
  });
}

function sameFamilies(open: ReadonlySet<string>, protocol: Transport, families: readonly Family[]): boolean {
  return ([4, 6] as const).every((family) => open.has(`${protocol} ${family}`) === families.includes(family));
}

function union(view: AuditView, parts: readonly Opening[], families: readonly Family[]): PacketSet {
  return view.space.union(
    parts
      .map((each) => ({ ...each, families: each.families.filter((family) => families.includes(family)) }))
      .map((each) => openingPackets(view, 'input', each)),
  );
}

function toTheWorld(view: AuditView, opening: Opening): Finding {
  const { protocol, ports, families } = opening;
  const packets = openingPackets(view, 'input', opening);
  const listening = listeningText(view.subject.facts, opening);
  const sensitive = sensitiveServices(protocol, ports);
  const [kind, what] = ((): [FindingKind<[string, string, string]>, string] => {
    if (isSsh(view, opening)) return [INBOUND.sshInbound, serviceText(view.subject, protocol, ports)];
    const text = serviceText(view.subject, protocol, ports);
    if (sensitive.length > 0)
      return [INBOUND.sensitiveInbound, `${sensitive.slice(0, 3).join(', ')} on ${portsText(protocol, ports)}`];
    return [isWeb(protocol, ports) ? INBOUND.webInbound : INBOUND.serviceInbound, `${text} is`];
  })();
  const particulars = { subject: portsText(protocol, ports), ...shown(view, packets) };
  const fix = kind === INBOUND.webInbound ? {} : withAddresses(view, particulars.origins, 'src');
  return finding(kind, { ...particulars, ...fix }, what, familiesText(families), listening);
}

function toMany(view: AuditView, opening: Opening): Finding {
  const { protocol, ports, families } = opening;
  const packets = openingPackets(view, 'input', opening);
  return finding(
    INBOUND.broadSource,
    { subject: portsText(protocol, ports), ...shown(view, packets) },
    `${serviceText(view.subject, protocol, ports)} is`,
    familiesText(families),
    addressesText(packets, 'src'),
  );
}

/** A packet, the rules behind it, and what it depends on. */
export function shown(view: AuditView, packets: PacketSet) {
  return { witness: view.witness(packets), origins: view.deciders(packets), conditions: view.conditions(packets) };
}

function isSsh(view: AuditView, { protocol, ports }: Pick<Opening, 'protocol' | 'ports'>): boolean {
  if (protocol !== 'tcp') return false;
  return (view.subject.facts?.sshPorts ?? [22]).some((port) => ports.first === port && ports.last === port);
}

function unlimitedSsh(view: AuditView, all: readonly Opening[]): Finding[] {
  return all
    .filter((each) => isSsh(view, each) && (each.breadth === 'world' || each.breadth === 'broad'))
    .flatMap((opening) => {
      const packets = openingPackets(view, 'input', opening);
      if (dependsOnRate(view, packets)) return [];
      const { protocol, ports } = opening;
      const { witness, origins } = shown(view, packets);
      const place = placeOf(view, witness.flow);
      const limits = byFamily(place, opening.families, (family) => {
        const source = family === 4 ? 'ip saddr' : 'ip6 saddr';
        return `tcp dport ${ports.first} ct state new meter ssh-${family} { ${source} limit rate over 6/minute burst 5 packets } drop`;
      });
      return [
        finding(
          INBOUND.sshUnlimited,
          { subject: portsText(protocol, ports), witness, origins, ...inserted(place, limits) },
          serviceText(view.subject, protocol, ports),
        ),
      ];
    });
}

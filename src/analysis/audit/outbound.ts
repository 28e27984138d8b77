import { all, field } from '../../ir/index.ts';
import { type Family, PROTOCOLS } from '../../net/index.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import { shown, wideOpen } from './inbound.ts';
import { OUTBOUND } from './kinds-outbound.ts';
import { type Opening, openingPackets, openings, TRANSPORTS } from './openings.ts';
import type { AuditView } from './view.ts';
import { isDns, isWeb } from './well-known.ts';
import { addressesText, familiesText, portsText, serviceText, transportsText } from './words.ts';

/** What this machine may open towards others. */
export function outboundFindings(view: AuditView): Finding[] {
  const found = openings(view, 'output');
  const open = wideOpen(found);
  const rest = found.filter(({ protocol, families }) => !families.every((family) => open.has(`${protocol} ${family}`)));
  return [
    ...noFilter(view, found, open),
    ...rest.flatMap((opening) => destinations(view, opening)),
    ...onlyUdp(view, open),
  ];
}

function noFilter(view: AuditView, found: readonly Opening[], open: ReadonlySet<string>): Finding[] {
  return ([[4, 6], [4], [6]] as const).flatMap((families) => {
    const protocols = TRANSPORTS.filter((protocol) =>
      ([4, 6] as const).every(
        (family) => open.has(`${protocol} ${family}`) === (families as readonly Family[]).includes(family),
      ),
    );
    if (protocols.length === 0) return [];
    const packets = view.space.union(
      found
        .filter((each) => protocols.includes(each.protocol) && each.breadth === 'world')
        .map((each) => ({
          ...each,
          families: each.families.filter((family) => (families as readonly Family[]).includes(family)),
        }))
        .map((each) => openingPackets(view, 'output', each)),
    );
    const subject = `${protocols.join(',')}${families.length === 1 ? ` IPv${families[0]}` : ''}`;
    const what = `nearly every ${transportsText(protocols)} port`;
    return [finding(OUTBOUND.noEgressFilter, { subject, ...shown(view, packets) }, what, familiesText(families))];
  });
}

function destinations(view: AuditView, opening: Opening): Finding[] {
  const { protocol, ports, families, breadth } = opening;
  if (breadth === 'narrow' || breadth === 'none') return [];
  const packets = openingPackets(view, 'output', opening);
  const particulars = { subject: portsText(protocol, ports), ...shown(view, packets) };
  const what = serviceText(view.subject, protocol, ports);
  if (breadth === 'broad') {
    const where = addressesText(packets, 'dst');
    return [finding(OUTBOUND.broadDestination, particulars, what, familiesText(families), where)];
  }
  const kind = isDns(ports)
    ? OUTBOUND.dnsAnywhere
    : isWeb(protocol, ports)
      ? OUTBOUND.webAnywhere
      : OUTBOUND.anyDestination;
  return [finding(kind, particulars, what, familiesText(families))];
}

/** Resolvers that may be asked over UDP and not over TCP. */
function onlyUdp(view: AuditView, open: ReadonlySet<string>): Finding[] {
  const lacking = ([4, 6] as const).flatMap((family) => {
    if (open.has(`udp ${family}`)) return [];
    const ask = (protocol: number) =>
      view.open('output', family).intersect(view.packets(all(field('protocol', protocol), field('dport', 53))));
    const udp = ask(PROTOCOLS.udp);
    const overTcp = view.space.project(ask(PROTOCOLS.tcp), ['dst', 'family']);
    const alone = udp.subtract(overTcp);
    return alone.isEmpty() ? [] : [{ family, alone }];
  });
  if (lacking.length === 0) return [];
  const packets = view.space.union(lacking.map(({ alone }) => alone));
  const families = lacking.map(({ family }) => family);
  return [finding(OUTBOUND.dnsOnlyUdp, { subject: 'dns', ...shown(view, packets) }, familiesText(families))];
}

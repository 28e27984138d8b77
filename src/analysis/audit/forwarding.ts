import type { Family } from '../../net/index.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import { shown, wideOpen } from './inbound.ts';
import { HOST } from './kinds-host.ts';
import { HYGIENE } from './kinds-hygiene.ts';
import { openings } from './openings.ts';
import type { AuditView } from './view.ts';
import { familiesText } from './words.ts';

/** Packets between other machines: whether they would pass, and whether this machine routes at all. */
export function forwardingFindings(view: AuditView): Finding[] {
  const open = wideOpen(openings(view, 'forward'));
  const forwarding = view.subject.facts?.forwarding;
  const families = ([4, 6] as const).filter((family) => open.has(`tcp ${family}`) || open.has(`udp ${family}`));
  const routed = families.filter((family) => forwarding === undefined || forwarding[family === 4 ? 'ipv4' : 'ipv6']);
  if (routed.length === 0) return [];
  const kind = forwarding === undefined ? HYGIENE.forwardOpen : HOST.forwarding;
  const packets = view.space.union(routed.map((family: Family) => view.open('forward', family)));
  return [finding(kind, { subject: 'forward', ...shown(view, packets) }, familiesText(routed))];
}

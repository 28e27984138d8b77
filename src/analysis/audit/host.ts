import { isLoopback } from '../../net/index.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import type { ListeningService } from './host-facts.ts';
import { wideOpen } from './inbound.ts';
import { HOST } from './kinds-host.ts';
import { listenersOn } from './listeners.ts';
import { openings } from './openings.ts';
import type { AuditView } from './view.ts';
import { portsText } from './words.ts';

/** What the machine makes of the firewall, as far as facts are known. */
export function hostFindings(view: AuditView): Finding[] {
  return [...backends(view), ...services(view), ...openclaw(view), ...persistence(view)];
}

function backends({ subject: { facts } }: AuditView): Finding[] {
  const used = facts?.iptablesBackends ?? [];
  return used.includes('legacy') && used.includes('nft') ? [finding(HOST.bothBackends, { subject: 'iptables' })] : [];
}

/** What listens behind a firewall that lets everything in, and ports that are open for nobody. */
function services(view: AuditView): Finding[] {
  const { facts } = view.subject;
  if (facts?.listeners === undefined) return [];
  const all = openings(view, 'input');
  const open = wideOpen(all);
  const exposed = facts.listeners
    .filter((each) => each.address === undefined || !isLoopback(each.address))
    .filter(({ protocol }) => open.has(`${protocol} 4`) || open.has(`${protocol} 6`))
    .map((each) =>
      finding(HOST.exposedService, { subject: serviceKey(each) }, each.program ?? 'a program', serviceKey(each)),
    );
  const idle = all
    .filter(
      ({ breadth, protocol, families }) =>
        breadth === 'world' && !families.every((family) => open.has(`${protocol} ${family}`)),
    )
    .filter((opening) => listenersOn(facts, opening).length === 0)
    .map(({ protocol, ports }) =>
      finding(HOST.nobodyListens, { subject: portsText(protocol, ports) }, portsText(protocol, ports)),
    );
  return [...unique(exposed), ...unique(idle)];
}

function serviceKey({ protocol, port }: ListeningService): string {
  return `${protocol}/${port}`;
}

/** IPv4 and IPv6 sockets of one program are told once. */
function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((each) => [`${each.subject} ${each.message}`, each])).values()];
}

function openclaw(view: AuditView): Finding[] {
  const facts = view.subject.facts?.openclaw;
  if (facts === undefined) return [];
  const all = openings(view, 'input');
  const listeners = facts.exposed.map(({ name, protocol, port }) => {
    const reached = all.find(
      (each) => each.protocol === protocol && each.ports.first <= port && port <= each.ports.last,
    );
    const reach =
      reached === undefined
        ? '; the firewall keeps it closed'
        : `; the firewall opens it to ${reached.breadth === 'world' ? 'the whole world' : 'other machines'}`;
    return finding(HOST.openclawExposed, { subject: name }, name, `${protocol}/${port}`, reach);
  });
  const proxy = facts.proxyWithoutUrl ? [finding(HOST.openclawProxy, { subject: 'proxy' }, facts.config)] : [];
  return [...listeners, ...proxy];
}

/** A firewall that filters nothing need not be loaded either. */
function persistence({ subject: { facts, ruleset, policy } }: AuditView): Finding[] {
  const units = facts?.persistence;
  const hasRules = ruleset.tables.some((table) =>
    table.chains.some(({ rules, base }) => rules.length > 0 || base?.policy === 'drop'),
  );
  if (units === undefined || policy !== undefined || !hasRules || units.some(({ enabled }) => enabled)) return [];
  const looked =
    units.length === 0
      ? 'there is neither nftables.service, ufw nor netfilter-persistent'
      : `${units.map(({ name }) => name).join(', ')} ${units.length === 1 ? 'is' : 'are'} not enabled`;
  return [finding(HOST.notPersistent, { subject: 'boot' }, looked)];
}

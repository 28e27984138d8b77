import type { Flow } from '../../ir/index.ts';
import { formatAddress, PROTOCOLS, parseAddress } from '../../net/index.ts';
import { evaluate } from '../../semantics/index.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import type { DockerPort, ListeningService } from './host-facts.ts';
import { wideOpen } from './inbound.ts';
import { HOST } from './kinds-host.ts';
import { listenersOn } from './listeners.ts';
import { openings } from './openings.ts';
import type { AuditView } from './view.ts';
import { portsText } from './words.ts';

/** What the machine makes of the firewall, as far as facts are known. */
export function hostFindings(view: AuditView): Finding[] {
  return [...docker(view), ...backends(view), ...services(view), ...openclaw(view), ...persistence(view)];
}

const STRANGER = parseAddress('203.0.113.9')!;
const OWN_ADDRESS = parseAddress('192.0.2.5')!;

function docker(view: AuditView): Finding[] {
  return (view.subject.facts?.dockerPorts ?? []).flatMap((port) => {
    if (port.address !== undefined && isLoopback(port.address)) return [];
    // Where the listing has Docker's own translation, the packet enters as it comes; else as it is after translation.
    const passing = [asItComes(port), translated(port)].find(
      (flow) => evaluate(view.ruleset, flow).verdict === 'accept',
    );
    if (passing === undefined) return [];
    const evaluation = evaluate(view.ruleset, passing);
    const origin = evaluation.path.findLast((step) => step.rule !== undefined)?.origin;
    const name = `${port.protocol}/${port.port}`;
    const target = `${formatAddress(port.containerAddress)}:${port.containerPort}`;
    return [
      finding(
        HOST.dockerBypass,
        {
          subject: `${port.container} ${name}`,
          witness: { flow: passing, verdict: 'accept' },
          ...(origin === undefined ? {} : { origins: [origin] }),
        },
        port.container,
        name,
        target,
      ),
    ];
  });
}

function isLoopback({ family, value }: NonNullable<DockerPort['address']>): boolean {
  return family === 4 ? value >> 24n === 127n : value === 1n;
}

/** As a stranger's packet stands before routing; it is forwarded once translated. */
function asItComes(port: DockerPort): Flow {
  return { ...translated(port), dst: port.address ?? OWN_ADDRESS, dport: port.port, dstType: 'local' };
}

/** The same packet once it is led to the container. */
function translated({ protocol, containerAddress, containerPort, bridge }: DockerPort): Flow {
  return {
    hook: 'forward',
    family: containerAddress.family,
    src: containerAddress.family === 4 ? STRANGER : parseAddress('2001:db8::9')!,
    dst: containerAddress,
    protocol: PROTOCOLS[protocol],
    sport: 40_000,
    dport: containerPort,
    ...(protocol === 'tcp' ? { tcpFlags: 2 } : {}),
    state: 'new',
    inInterface: 'eth0',
    outInterface: bridge ?? 'docker0',
    srcType: 'unicast',
    dstType: 'unicast',
    symbols: new Set(),
  };
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

import {
  address,
  all,
  atHook,
  type BaselinePiece,
  field,
  type GatewaySettings,
  type Grant,
  type Intent,
  interfaces,
  type ListenerName,
  type Peer,
  type PolicyTest,
  type Redirect,
  type Service,
} from '../ir/index.ts';
import { type AddressRange, addressRange, type Endpoint, isLoopback, PROTOCOLS, range } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import { grantsByGateway, holds, isTcp } from './gateway.ts';
import { mayMeet, mergePeers, subtractPeer } from './peers.ts';
import { INTERNET } from './special-purpose.ts';

type Local = Extract<Peer, { kind: 'local' }>;

const LOOPBACK: readonly AddressRange[] = ['127.0.0.0/8', '::1'].map(range);
const DNS_PORT = 53; // RFC 1035 4.2
const { tcp, udp } = PROTOCOLS;

/**
 * What the host's own firewall has to do so that the gateway enforces names: a policy of addresses, accounts and ports, which is rendered,
 * proven, applied and compared like any other.
 *
 * - Who may reach names reaches the gateway's listeners instead, knowing of them (a proxy is configured) or not (redirects).
 * - The gateway reaches the public internet on the services of those flows, and its resolvers; it alone.
 * - It reaches the machines of flows to addresses, too: programs that know a proxy ask it for everything.
 * - Flows to addresses and to names that are enforced otherwise stay what they are.
 *
 * The same intent where it has no gateway, or has been through here.
 */
export function hostIntent(intent: Intent): Intent {
  const { gateway } = intent;
  if (gateway === undefined || intent.redirects !== undefined) return intent;
  const groups = intent.groups.filter(({ enforcement }) => enforcement !== 'gateway');
  const kept = new Set(groups.map(({ key }) => key));
  const isKept = (peer: Peer): boolean => peer.kind !== 'named' || kept.has(peer.group);
  const byName = grantsByGateway(intent.grants, intent.groups);
  const direct = intent.grants.flatMap((grant) => withPeers(grant, grant.to.filter(isKept)));
  const clients = sourcesOf(byName, gateway);
  const askers = sourcesOf(
    intent.grants.filter(({ to }) => to.some((peer) => peer.kind === 'named')),
    gateway,
  );
  return {
    ...intent,
    baseline: withListeners(intent.baseline, gateway),
    grants: [
      ...direct,
      ...(['proxy', 'tls', 'socks', 'transparent'] as const).flatMap((name) => toListener(name, clients, gateway)),
      ...toListener('dns', askers, gateway),
      ...ofGateway(byName, gateway),
      ...onBehalf(direct, clients, gateway),
    ],
    groups,
    redirects: redirectsOf(clients, askers, direct, gateway),
    tests: intent.tests.flatMap((test) => testOfKernel(test, kept, gateway)),
  };
}

function withPeers(grant: Grant, to: readonly Peer[]): Grant[] {
  if (to.length === grant.to.length) return [grant];
  return to.length === 0 ? [] : [{ ...grant, to }];
}

/** Senders of flows: processes other than the gateway's own, and other machines. */
interface Sources {
  readonly local: readonly Local[];
  readonly remote: readonly Peer[];
}

function sourcesOf(grants: readonly Grant[], gateway: GatewaySettings): Sources {
  const peers = withoutGateway(mergePeers(grants.flatMap(({ from }) => from)), gateway);
  return {
    local: peers.filter((peer) => peer.kind === 'local'),
    remote: peers.filter((peer) => peer.kind === 'remote'),
  };
}

function withoutGateway(peers: readonly Peer[], gateway: GatewaySettings): readonly Peer[] {
  const left = subtractPeer(peers, processesOfGateway(gateway));
  if (typeof left === 'string') throw new Error('accounts can be taken out of every peer');
  return left;
}

function processesOfGateway({ account }: GatewaySettings): Local {
  return { kind: 'local', accounts: [{ first: account, last: account }] };
}

/** Names of what no flow of a policy can be called. */
function named(what: string, ...more: readonly string[]): string {
  return ['gateway', what, ...more].join(':');
}

function grantOf(
  name: string,
  from: readonly Peer[],
  to: readonly Peer[],
  services: readonly Service[],
  gateway: GatewaySettings,
): Grant[] {
  if (from.length === 0 || to.length === 0 || services.length === 0) return [];
  return [{ name, from, to, services, required: true, origin: { ...gateway.origin, flow: name } }];
}

/**
 * Processes reach a listener by its address, whatever the interface: what is sent there by a redirect still has the one that it
 * was routed to first. Other machines come in to this one.
 */
function toListener(listener: ListenerName, { local, remote }: Sources, gateway: GatewaySettings): Grant[] {
  const byPort = Map.groupBy(gateway.listeners[listener], ({ port }) => port);
  return [...byPort].flatMap(([port, endpoints]) => {
    const suffix = byPort.size === 1 ? [] : [String(port)];
    const services = protocolsOf(listener).map((protocol) => service(protocol, port));
    const isOpen = endpoints.some(({ address: at }) => !isLoopback(at));
    return [
      ...grantOf(named(listener, ...suffix), local, [places(endpoints)], services, gateway),
      ...(isOpen
        ? grantOf(named(listener, ...suffix, 'networks'), remote, [{ kind: 'local' }], services, gateway)
        : []),
    ];
  });
}

function protocolsOf(listener: ListenerName): readonly number[] {
  return listener === 'dns' ? [udp, tcp] : [tcp];
}

function service(protocol: number, port: number): Service {
  return { protocol, ports: { first: port, last: port } };
}

function places(endpoints: readonly Endpoint[]): Peer {
  return { kind: 'remote', ranges: AddressSet.of(endpoints.map(({ address: at }) => addressRange(at))).ranges() };
}

/** What the gateway itself may open: connections for others, and lookups. */
function ofGateway(byName: readonly Grant[], gateway: GatewaySettings): Grant[] {
  const own = [processesOfGateway(gateway)];
  const services = distinct([
    ...byName.flatMap((grant) => grant.services.filter(isTcp)),
    ...(byName.length === 0 ? [] : gateway.transparentPorts.map((port) => service(tcp, port))),
  ]);
  const resolvers = [gateway.upstreams, ...gateway.domains.map((each) => each.upstreams)].flat();
  const upstreams = Map.groupBy(resolvers, ({ transport, port }) => named('upstream', transport, String(port)));
  return [
    ...grantOf(named('out'), own, [{ kind: 'remote', ranges: INTERNET.ranges() }], services, gateway),
    ...[...upstreams].flatMap(([name, group]) => {
      const { transport, port } = group[0]!; // it has at least one
      const protocols = transport === 'plain' ? [udp, tcp] : [tcp];
      return grantOf(
        name,
        own,
        [places(group)],
        protocols.map((protocol) => service(protocol, port)),
        gateway,
      );
    }),
  ];
}

/** What flows of its clients to addresses lead to over TCP. Whose they are, and how often they may be had, the gateway asks the policy. */
function onBehalf(direct: readonly Grant[], clients: Sources, gateway: GatewaySettings): Grant[] {
  const all = [...clients.local, ...clients.remote];
  const machines = direct.flatMap((grant) => {
    if (!grant.from.some((peer) => all.some((client) => mayMeet(peer, client)))) return [];
    const to = grant.to.filter((peer) => peer.kind === 'remote');
    const services = distinct(grant.services.filter(isTcp));
    return to.length === 0 || services.length === 0 ? [] : [{ to, services }];
  });
  const byServices = Map.groupBy(machines, ({ services }) => servicesKey(services));
  return [...byServices.values()].flatMap((alike, at) => {
    const to = mergePeers(alike.flatMap((each) => each.to));
    const name = named('behalf', ...(byServices.size === 1 ? [] : [String(at + 1)]));
    return grantOf(name, [processesOfGateway(gateway)], to, alike[0]!.services, gateway);
  });
}

function servicesKey(services: readonly Service[]): string {
  return services
    .map(({ protocol, family, ports }) => `${protocol} ${family ?? ''} ${ports?.first ?? ''}-${ports?.last ?? ''}`)
    .sort()
    .join(',');
}

function distinct(services: readonly Service[]): Service[] {
  const covers = (a: Service, b: Service): boolean =>
    a.ports === undefined || (b.ports !== undefined && holds(a, b.ports.first) && holds(a, b.ports.last));
  return services.filter(
    (each, index) =>
      !services.some((other, at) => at !== index && covers(other, each) && (!covers(each, other) || at < index)),
  );
}

/**
 * Connections to the web's ports go to the transparent proxy, but for this machine's own and those to addresses of networks that flows
 * lead to directly. Lookups go to our resolver wherever they were meant for, this machine's other resolvers too: those would ask on
 * for whoever asks them.
 */
function redirectsOf(
  clients: Sources,
  askers: Sources,
  direct: readonly Grant[],
  gateway: GatewaySettings,
): Redirect[] {
  const { transparentPorts, listeners, origin } = gateway;
  const networks = direct
    .filter(({ services }) =>
      services.some((each) => isTcp(each) && transparentPorts.some((port) => holds(each, port))),
    )
    .flatMap(({ to }) => to.flatMap((peer) => (peer.kind === 'remote' ? peer.ranges : [])));
  const except = AddressSet.of([...AddressSet.of(networks).subtract(INTERNET).ranges(), ...LOOPBACK]).ranges();
  const redirect = (
    name: string,
    from: readonly Local[],
    more: Pick<Redirect, 'protocols' | 'ports' | 'except' | 'to'>,
  ): Redirect[] =>
    from.length === 0 || more.ports.length === 0 ? [] : [{ name, from, ...more, origin: { ...origin, flow: name } }];
  return [
    ...redirect(named('transparent'), clients.local, {
      protocols: [tcp],
      ports: transparentPorts,
      except,
      to: oneOfEachFamily(listeners.transparent),
    }),
    ...redirect(named('dns'), askers.local, {
      protocols: [udp, tcp],
      ports: [DNS_PORT],
      except: [],
      to: oneOfEachFamily(listeners.dns),
    }),
  ];
}

/** Loopback before others. */
function oneOfEachFamily(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const sorted = endpoints.toSorted((a, b) => Number(isLoopback(b.address)) - Number(isLoopback(a.address)));
  return ([4, 6] as const).flatMap((family) => sorted.find(({ address: at }) => at.family === family) ?? []);
}

/** With the loopback closed, what came to a listener by a redirect still has to get in: it has this machine's own address as its source. */
function withListeners(baseline: readonly BaselinePiece[], { listeners }: GatewaySettings): readonly BaselinePiece[] {
  if (baseline.some(({ name }) => name === 'loopback')) return baseline;
  const rules = Object.entries(listeners).flatMap(([listener, endpoints]: readonly [string, readonly Endpoint[]]) =>
    endpoints.map(({ address: at, port }) => ({
      match: all(
        atHook('input'),
        interfaces('in', { name: 'lo', wildcard: false }),
        address('dst', addressRange(at)),
        field('protocol', ...(listener === 'dns' ? [udp, tcp] : [tcp])),
        field('dport', port),
      ),
      action: { kind: 'verdict', verdict: 'accept' } as const,
      origin: { flow: 'baseline:gateway' },
    })),
  );
  return [{ name: 'gateway', why: 'the gateway hears those who are sent to it', rules }, ...baseline];
}

/**
 * What the kernel can be held to by itself: which names are let through the gateway says, and what the gateway does for others is no
 * claim about its own account.
 */
function testOfKernel(test: PolicyTest, kept: ReadonlySet<string>, gateway: GatewaySettings): PolicyTest[] {
  const from = withoutGateway(test.from, gateway);
  const isByGateway = test.to.some((to) =>
    to.kind === 'named' ? !kept.has(to.group) : to.kind === 'name' && to.groups.some((group) => !kept.has(group)),
  );
  return from.length === 0 || (isByGateway && test.expect === 'allow') ? [] : [{ ...test, from }];
}

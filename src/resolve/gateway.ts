import type {
  GatewayCredential,
  GatewaySettings,
  Grant,
  NameGroup,
  Peer,
  Service,
  UpstreamResolver,
  Upstreams,
} from '../ir/index.ts';
import { addressRange, type DnsName, isLoopback, matchesDnsPattern, PROTOCOLS, protocolName } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import type {
  AccountReference,
  CredentialDeclaration,
  GatewayDeclaration,
  HostDeclaration,
  Located,
  Reporter,
} from '../policy/index.ts';
import type { AccountResolver } from './accounts.ts';
import { RESOLVE_PROBLEMS } from './problems.ts';

/** That the gateway runs as where the policy does not say. */
const DEFAULT_ACCOUNT: AccountReference = { kind: 'name', name: 'portcullis-gateway' };

/** HTTP and HTTPS: what programs ask for by name, and say the name again in the connection. */
const WEB_PORTS: readonly number[] = [80, 443];

interface GatewayContext {
  readonly grants: readonly Grant[];
  readonly groups: readonly NameGroup[];
  readonly accounts: AccountResolver;
  readonly zones: ReadonlyMap<string, readonly Peer[]>;
  readonly report: Reporter;
}

/** What the gateway of a policy is on this machine. */
export function resolveGateway(
  declaration: GatewayDeclaration,
  { grants, groups, accounts, zones, report }: GatewayContext,
): GatewaySettings {
  const user: Located<AccountReference> = declaration.user ?? { value: DEFAULT_ACCOUNT, span: declaration.span };
  const { proxy, tls, socks, transparent, dns } = declaration.listeners;
  const endpoints = (all: typeof proxy) => all.map(({ value }) => value);
  reportIdle(declaration, grants, groups, report);
  const services = grantsByGateway(grants, groups).flatMap((grant) => grant.services);
  return {
    account: accounts.resolve(user).first,
    accountName: user.value.kind === 'name' ? user.value.name : String(user.value.first),
    listeners: {
      proxy: endpoints(proxy),
      tls: endpoints(tls),
      socks: endpoints(socks),
      transparent: endpoints(transparent),
      dns: endpoints(dns),
    },
    ...(declaration.certificate === undefined ? {} : { certificate: declaration.certificate }),
    upstreams: upstreamsOf(declaration.upstreams),
    domains: declaration.domains.map(({ domain, upstreams }) => ({ domain, upstreams: upstreamsOf(upstreams) })),
    hosts: declaration.hosts.map(({ name, addresses }) => ({ name, addresses: addresses.map(({ value }) => value) })),
    deniedLookups: declaration.denied,
    transparentPorts:
      declaration.intercept?.map(({ value }) => value) ??
      WEB_PORTS.filter((port) => services.some((service) => isTcp(service) && holds(service, port))),
    credentials: declaration.credentials.flatMap((each) => credentialOf(each, zones, report) ?? []),
    origin: { span: declaration.span },
  };
}

function upstreamsOf(declared: readonly Located<UpstreamResolver>[]): Upstreams {
  const [first, ...others] = declared.map(({ value }) => value);
  if (first === undefined) throw new RangeError('a gateway has somebody to ask for names');
  return [first, ...others];
}

/** A flow to a name for which the policy itself has addresses is a flow to these addresses: both are written there. */
export function leadToHosts(
  grants: readonly Grant[],
  hosts: readonly HostDeclaration[],
  groups: readonly NameGroup[],
): readonly Grant[] {
  if (hosts.length === 0) return grants;
  return grants.map((grant) => {
    const addresses = hosts.flatMap((host) =>
      leadsByName(grant, [host.name], groups) ? host.addresses.map(({ value }) => addressRange(value)) : [],
    );
    if (addresses.length === 0) return grant;
    return { ...grant, to: [...grant.to, { kind: 'remote', ranges: AddressSet.of(addresses).ranges() }] };
  });
}

/** Whether a flow leads to one of the names. */
function leadsByName({ to }: Grant, names: readonly DnsName[], groups: readonly NameGroup[]): boolean {
  return to.some(
    (peer) =>
      peer.kind === 'named' &&
      groups.some(
        ({ key, patterns }) =>
          key === peer.group && patterns.some((pattern) => names.some((name) => matchesDnsPattern(pattern, name))),
      ),
  );
}

/** What stands there and serves nobody. */
function reportIdle(
  { hosts, domains }: GatewayDeclaration,
  grants: readonly Grant[],
  groups: readonly NameGroup[],
  report: Reporter,
): void {
  for (const { name, span } of hosts)
    if (!grants.some((grant) => leadsByName(grant, [name], groups))) report.say(RESOLVE_PROBLEMS.idleHost, span, name);
  for (const { domain, span } of domains) {
    const isAsked = groups.some(({ patterns }) =>
      patterns.some(
        ({ name, wildcard }) =>
          name === domain || name.endsWith(`.${domain}`) || (wildcard && domain.endsWith(`.${name}`)),
      ),
    );
    if (!isAsked) report.say(RESOLVE_PROBLEMS.idleDomain, span, domain);
  }
}

/** The zone is one that the gateway can tell by itself: by the account of a process here, or by an address. */
function credentialOf(
  { user, zone, digest }: CredentialDeclaration,
  zones: ReadonlyMap<string, readonly Peer[]>,
  report: Reporter,
): GatewayCredential | undefined {
  const peers = zones.get(zone.value);
  if (peers === undefined)
    return report.say(
      RESOLVE_PROBLEMS.unknownZone,
      zone.span,
      zone.value,
      report.suggest(zone.value, [...zones.keys()]),
    );
  const accounts = peers.flatMap((peer) => (peer.kind === 'local' ? (peer.accounts ?? []) : []));
  const addresses = peers.flatMap((peer) => (peer.kind === 'remote' ? peer.ranges : []));
  return accounts.length + addresses.length === 0
    ? report.say(RESOLVE_PROBLEMS.noHolder, zone.span, zone.value)
    : { user: user.value, digest: digest.value, accounts, addresses };
}

/** Flows that lead to names which the gateway enforces. */
export function grantsByGateway(grants: readonly Grant[], groups: readonly NameGroup[]): readonly Grant[] {
  const own = new Set(groups.flatMap(({ key, enforcement }) => (enforcement === 'gateway' ? [key] : [])));
  return grants.filter(({ to }) => to.some((peer) => peer.kind === 'named' && own.has(peer.group)));
}

export function isTcp({ protocol }: Service): boolean {
  return protocol === PROTOCOLS.tcp;
}

export function holds({ ports }: Service, port: number): boolean {
  return ports === undefined || (ports.first <= port && port <= ports.last);
}

/** What flows ask of the gateway that it cannot do. */
export function checkGatewayFlows(
  gateway: GatewaySettings | undefined,
  grants: readonly Grant[],
  groups: readonly NameGroup[],
  report: Reporter,
): void {
  if (gateway === undefined) {
    for (const { key, enforcement, origin } of groups) {
      if (enforcement === 'gateway' && origin.span !== undefined)
        report.say(RESOLVE_PROBLEMS.noGateway, origin.span, key);
    }
    return;
  }
  const { account, accountName, listeners } = gateway;
  const isOnLoopback = [...listeners.proxy, ...listeners.tls].every(({ address }) => isLoopback(address));
  for (const { name, from, services, origin } of grantsByGateway(grants, groups)) {
    const others = [
      ...new Set(services.filter((service) => !isTcp(service)).map(({ protocol }) => protocolName(protocol))),
    ];
    if (others.length > 0)
      report.say(RESOLVE_PROBLEMS.notThroughGateway, origin.span, name, others.slice(0, 3).join(', '));
    const isSource = from.some(
      (peer) =>
        peer.kind === 'local' && (peer.accounts ?? []).some(({ first, last }) => first <= account && account <= last),
    );
    if (isSource) report.say(RESOLVE_PROBLEMS.gatewayIsSource, origin.span, name, accountName);
    if (isOnLoopback && from.some(({ kind }) => kind === 'remote'))
      report.say(RESOLVE_PROBLEMS.gatewayOutOfReach, origin.span, name);
  }
}

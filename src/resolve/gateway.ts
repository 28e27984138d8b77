import type {
  GatewayCredential,
  GatewaySettings,
  Grant,
  LocalHost,
  NameGroup,
  Peer,
  Service,
  UpstreamResolver,
  Upstreams,
} from '../ir/index.ts';
import { isLoopback, matchesDnsPattern, PROTOCOLS, protocolName } from '../net/index.ts';
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
    hosts: declaration.hosts.map((host) => hostOf(host, grants, groups, report)),
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

function hostOf(
  { name, span, addresses }: HostDeclaration,
  grants: readonly Grant[],
  groups: readonly NameGroup[],
  report: Reporter,
): LocalHost {
  const host = { name, addresses: addresses.map(({ value }) => value) };
  if (!grants.some((grant) => leadsByName(grant, host, groups) || leadsByAddress(grant, host)))
    report.say(RESOLVE_PROBLEMS.idleHost, span, name);
  return host;
}

/** Whether a flow leads to the name of a host. */
export function leadsByName({ to }: Grant, { name }: LocalHost, groups: readonly NameGroup[]): boolean {
  return to.some(
    (peer) =>
      peer.kind === 'named' &&
      groups.some(({ key, patterns }) => key === peer.group && patterns.some((each) => matchesDnsPattern(each, name))),
  );
}

/** Whether a flow leads to an address of a host. */
export function leadsByAddress({ to }: Grant, { addresses }: LocalHost): boolean {
  return to.some(
    (peer) =>
      peer.kind === 'remote' &&
      peer.ranges.some(({ family, first, last }) =>
        addresses.some((each) => each.family === family && first <= each.value && each.value <= last),
      ),
  );
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
  const isOnLoopback = listeners.proxy.every(({ address }) => isLoopback(address));
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

import { parseAllDocuments } from 'yaml';
import { type Diagnostic, diagnose, hasErrors } from '../../diagnostic/index.ts';
import type { GatewaySettings, Grant, Intent } from '../../ir/index.ts';
import type { ClusterGateway, ClusterIntent, PortMatch } from '../../kubernetes/index.ts';
import { type AddressRange, addressRange, formatDnsPattern, formatPortRange, PROTOCOLS } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { loadPolicyText } from '../../policy/index.ts';
import { resolvePolicy } from '../../resolve/index.ts';
import { SourceFile } from '../../source/index.ts';
import type { Artifact } from '../../target/index.ts';
import { VERIFY_PROBLEMS } from '../../verify/index.ts';
import type { Console } from '../console.ts';
import { catalog } from '../policy-input.ts';

/** The policies that gateways run with, held against the flows by name: they let through these names on these ports, and nothing else. */
export function gatewayFaults(
  console: Console,
  { gateways }: ClusterIntent,
  artifacts: readonly Artifact[],
): readonly Diagnostic[] {
  const texts = policiesIn(artifacts);
  return gateways.flatMap((gateway) => {
    const why = faultOf(console, gateway, texts.get(`${gateway.namespace}/${gateway.name}`));
    return why === undefined ? [] : [diagnose(VERIFY_PROBLEMS.unread, undefined, `the gateway ${gateway.name}`, why)];
  });
}

interface ConfigMap {
  readonly kind?: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly data: Readonly<Record<string, string>>;
}

function policiesIn(artifacts: readonly Artifact[]): ReadonlyMap<string, string> {
  return new Map(
    artifacts
      .filter(({ name }) => name.endsWith('.yaml'))
      .flatMap(({ text }) => parseAllDocuments(text))
      .flatMap((document): [string, string][] => {
        const content: ConfigMap | null = document.toJS();
        if (content?.kind !== 'ConfigMap') return [];
        const text = content.data['policy.yaml'];
        return text === undefined ? [] : [[`${content.metadata.namespace}/${content.metadata.name}`, text]];
      }),
  );
}

const SOME_POD = '10.0.0.1'; // for the address that is put in where the gateway starts

function faultOf(console: Console, gateway: ClusterGateway, text: string | undefined): string | undefined {
  if (text === undefined) return 'it has no policy';
  const source = new SourceFile(`${gateway.name}/policy.yaml`, text.replaceAll('@POD_ADDRESS@', SOME_POD));
  const { policy, diagnostics } = loadPolicyText(source, () => ({ reason: 'it includes nothing' }));
  if (policy === undefined || hasErrors(diagnostics)) return diagnostics[0]?.message ?? 'it is no policy';
  const resolved = resolvePolicy(policy, { accounts: new Map(), catalog: catalog(), today: console.today });
  if (resolved.intent === undefined) return resolved.diagnostics[0]?.message ?? 'it cannot be resolved';
  const { intent } = resolved;
  const found = intent.grants.map((grant) => flowText(grant, intent)).sort();
  const wanted = gateway.flows
    .map(({ name, patterns, ports }) => textOf(name, patterns.map(formatDnsPattern), portTexts(ports)))
    .sort();
  if (lookupsText(policy.gateway) !== lookupsText(gateway.settings))
    return 'it asks others for names, or knows other ones';
  return found.join('\n') === wanted.join('\n')
    ? undefined
    : `it lets through ${found.join('; ')} instead of ${wanted.join('; ')}`;
}

/** Whom it asks for names, and those that it answers for itself. */
function lookupsText(gateway: ClusterGateway['settings'] | undefined): string {
  const asked = (upstreams: ClusterGateway['settings']['upstreams']) => upstreams.map(({ value }) => value);
  const said = {
    upstreams: asked(gateway?.upstreams ?? []),
    domains: gateway?.domains.map(({ domain, upstreams }) => [domain, asked(upstreams)]),
    hosts: gateway?.hosts.map(({ name, addresses }) => [name, addresses.map(({ value }) => value)]),
    denied: gateway?.denied,
  };
  return JSON.stringify(said, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

function flowText({ name, to, services }: Grant, { groups, gateway }: Intent): string {
  const patterns = to.flatMap((peer) => {
    if (peer.kind === 'remote' && isOfHosts(peer.ranges, gateway)) return []; // by the addresses that the policy has for names
    if (peer.kind !== 'named') return [`a ${peer.kind} end`];
    return groups.filter(({ key }) => key === peer.group).flatMap((group) => group.patterns.map(formatDnsPattern));
  });
  const ports = services.map(({ protocol, ports: range }) =>
    protocol === PROTOCOLS.tcp ? formatPortRange(range ?? EVERY_PORT) : `protocol ${protocol}`,
  );
  return textOf(name, patterns, ports);
}

function isOfHosts(ranges: readonly AddressRange[], gateway: GatewaySettings | undefined): boolean {
  const hosts = gateway?.hosts.flatMap(({ addresses }) => addresses.map(addressRange)) ?? [];
  return AddressSet.of(ranges).subtract(AddressSet.of(hosts)).isEmpty();
}

const EVERY_PORT = { first: 1, last: 65_535 };

function portTexts(ports: readonly PortMatch[] | 'any'): string[] {
  if (ports === 'any') return [formatPortRange(EVERY_PORT)];
  return ports.map((port) => (port.kind === 'ports' ? formatPortRange(port) : port.kind));
}

function textOf(name: string, patterns: readonly string[], ports: readonly string[]): string {
  return `${name}: ${[...new Set(patterns)].sort().join(', ')} on ${[...new Set(ports)].sort().join(', ')}`;
}

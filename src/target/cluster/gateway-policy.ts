import type { ClusterGateway, PortMatch } from '../../kubernetes/index.ts';
import { formatAddress, formatDnsPattern } from '../../net/index.ts';
import { type ObjectTree, type Tree, yamlText } from './manifest.ts';
import { spansOf } from './ports.ts';

/** Stands in the policy where the address of the gateway's pod has to: nobody knows it before the pod starts. */
export const POD_ADDRESS = '@POD_ADDRESS@';
export const GATEWAY_UID = 10_001; // an account of its own in its image: any that is not root will do

type Upstream = ClusterGateway['settings']['upstreams'][number]['value'];

/** The policy that a gateway of a cluster runs with: whoever reaches it may reach the names, since none but its zone gets there. */
export function gatewayPolicy({ name, flows, settings, proxyPort, dnsPort }: ClusterGateway): string {
  return yamlText({
    portcullis: 1,
    name,
    gateway: {
      user: GATEWAY_UID,
      upstream: settings.upstreams.map(({ value }) => upstreamText(value)),
      domains: optionalMap(
        settings.domains.map(({ domain, upstreams }) => [domain, upstreams.map(({ value }) => upstreamText(value))]),
      ),
      hosts: optionalMap(
        settings.hosts.map((host) => [host.name, host.addresses.map(({ value }) => formatAddress(value))]),
      ),
      denied: settings.denied,
      proxy: [`${POD_ADDRESS}:${proxyPort}`],
      dns: [`${POD_ADDRESS}:${dnsPort}`],
    },
    zones: { clients: { addresses: ['0.0.0.0/0', '::/0'] } },
    flows: flows.map(({ name: flow, patterns, ports, purpose }) => ({
      name: flow,
      from: 'clients',
      to: patterns.map(formatDnsPattern),
      service: services(ports),
      purpose,
    })),
  });
}

function optionalMap(entries: readonly (readonly [string, Tree])[]): ObjectTree | undefined {
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** As the policy language writes it: `tls://9.9.9.9#dns.quad9.net`, `[2620:fe::fe]:5353`. */
function upstreamText({ transport, address, port, serverName }: Upstream): string {
  const host = address.family === 6 ? `[${formatAddress(address)}]` : formatAddress(address);
  const usual = transport === 'tls' ? 853 : 53;
  const at = port === usual ? host : `${host}:${port}`;
  return transport === 'tls' ? `tls://${at}${serverName === undefined ? '' : `#${serverName}`}` : at;
}

function services(ports: readonly PortMatch[] | 'any'): readonly string[] {
  if (ports === 'any') return ['tcp/any'];
  return spansOf(ports).map(({ first, last }) => (first === last ? `tcp/${first}` : `tcp/${first}-${last}`));
}

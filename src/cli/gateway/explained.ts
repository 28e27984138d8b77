import type { GatewaySettings, ListenerName, UpstreamResolver } from '../../ir/index.ts';
import { type Endpoint, formatAddress } from '../../net/index.ts';

/** A gateway as `explain` tells it. */
export interface ExplainedGateway {
  readonly account: string;
  readonly listens: readonly { readonly as: ListenerName; readonly at: readonly string[] }[];
  readonly asks: readonly { readonly below: string | null; readonly resolvers: readonly string[] }[]; // null: all other names
  readonly hosts: readonly { readonly name: string; readonly addresses: readonly string[] }[];
}

export function explainGateway({
  accountName,
  listeners,
  upstreams,
  domains,
  hosts,
}: GatewaySettings): ExplainedGateway {
  const ways: readonly ListenerName[] = ['proxy', 'tls', 'socks', 'transparent', 'dns'];
  return {
    account: accountName,
    listens: ways.flatMap((as) => (listeners[as].length === 0 ? [] : [{ as, at: listeners[as].map(endpointText) }])),
    asks: [
      ...domains.map(({ domain, upstreams: own }) => ({ below: domain, resolvers: own.map(resolverText) })),
      { below: null, resolvers: upstreams.map(resolverText) },
    ],
    hosts: hosts.map(({ name, addresses }) => ({ name, addresses: addresses.map(formatAddress) })),
  };
}

export function gatewayLines({ account, listens, asks, hosts }: ExplainedGateway): string[] {
  return [
    `  runs as ${account}, which alone leaves this machine for others`,
    ...listens.map(({ as, at }) => `  listens as ${LISTENERS[as]}: ${at.join(', ')}`),
    ...hosts.map(({ name, addresses }) => `  answers ${name} itself: ${addresses.join(', ')}`),
    ...asks.map(({ below, resolvers }) =>
      below === null
        ? `  asks for ${asks.length + hosts.length === 1 ? 'names' : 'other names'}: ${resolvers.join(', ')}`
        : `  asks for ${below} and names below it: ${resolvers.join(', ')}`,
    ),
  ];
}

const LISTENERS: Readonly<Record<ListenerName, string>> = {
  proxy: 'HTTP proxy',
  tls: 'HTTP proxy behind TLS',
  socks: 'SOCKS5 proxy',
  transparent: 'proxy of programs that know of none',
  dns: 'resolver',
};

export function endpointText({ address, port }: Endpoint): string {
  return address.family === 6 ? `[${formatAddress(address)}]:${port}` : `${formatAddress(address)}:${port}`;
}

function resolverText({ transport, serverName, ...at }: UpstreamResolver): string {
  const where = endpointText(at);
  return transport === 'plain' ? where : `tls://${where}${serverName === undefined ? '' : `#${serverName}`}`;
}

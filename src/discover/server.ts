import { type Address, type DnsName, formatAddress, parseAddress, parseDnsName } from '../net/index.ts';

/** A server that a setting names: where to connect to, and nothing else of the URL (user, path and query may be secrets). */
export interface Server {
  readonly host: ServerHost;
  readonly port: number;
  readonly http: boolean; // HTTP or WebSocket, so that a proxy for HTTP can carry it
  readonly udp?: true; // else TCP
}

export type ServerHost =
  | { readonly kind: 'name'; readonly name: DnsName }
  | { readonly kind: 'address'; readonly address: Address }
  /** This machine, over loopback: 127.0.0.0/8, ::1, `localhost` (RFC 6761 6.3), or an address that means any. */
  | { readonly kind: 'loopback' };

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'ws:': 80,
  'wss:': 443,
  'irc:': 6667,
  'ircs:': 6697,
  'ssh:': 22,
};

/** A URL, or `host`, `host:port`, which OpenClaw takes as HTTPS. `undefined` where it names no server. */
export function parseServer(text: string): Server | undefined {
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.parse(written);
  if (url === null) return undefined;
  const host = parseHost(url.hostname);
  const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port);
  if (host === undefined || port === undefined || port === 0) return undefined;
  return { host, port, http: /^(?:http|ws)s?:$/.test(url.protocol) };
}

/** A host as it stands in a setting, brackets around IPv6 allowed. */
export function parseHost(text: string): ServerHost | undefined {
  const address = parseAddress(text.replace(/^\[(.*)\]$/, '$1'));
  if (address !== undefined) return isLoopback(address) ? { kind: 'loopback' } : { kind: 'address', address };
  const name = parseDnsName(text);
  if (name === undefined) return undefined;
  return name === 'localhost' || name.endsWith('.localhost') ? { kind: 'loopback' } : { kind: 'name', name };
}

function isLoopback({ family, value }: Address): boolean {
  if (value === 0n) return true; // connecting to 0.0.0.0 or :: reaches this machine (Linux)
  return family === 4 ? value >> 24n === 127n : value === 1n || value >> 24n === 0xffff7fn;
}

/** `example.com`, `203.0.113.5`, `2001:db8::1`, `localhost`. */
export function formatHost(host: ServerHost): string {
  switch (host.kind) {
    case 'name':
      return host.name;
    case 'address':
      return formatAddress(host.address);
    case 'loopback':
      return 'localhost';
  }
}

import { type Address, parseAddress } from './address.ts';
import { type DnsName, parseDnsName } from './dns-name.ts';

/** Where a client asks to go, in the one form in which everything compares it. */
export type Host =
  | { readonly kind: 'name'; readonly name: DnsName }
  | { readonly kind: 'address'; readonly address: Address };

/** Why a text is no host; `sentence` ends "the host ...", without a full stop. */
export interface NoHost {
  readonly kind: 'none';
  readonly sentence: string;
}

/** What RFC 3986 3.2 and RFC 9110 7.2 keep for other parts of an authority, and what no host has (RFC 9110 5.5: NUL, CR, LF). */
const FORBIDDEN = /[^\u0021-\u007e]|[%@#\\/?"'`<>^|{}$&()*+,;=!~]/;

/** Decimal, octal, hexadecimal and short forms that inet_aton(3) and WHATWG URL 3.5 take for IPv4 addresses. */
const LOOSE_IPV4 = /^(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}\.?$/i;

/** ::ffff:0:0/96 (RFC 4291 2.5.5.2): the kernel sends to the IPv4 address in it, past rules for IPv6. */
const MAPPED_PREFIX = 0xffffn;

/**
 * The only way in which the text of a host becomes something that is decided about: of `CONNECT`, `Host`, a URL, a server name in TLS,
 * a SOCKS request, a question of DNS. Deny is the answer to everything that it does not understand. An IPv6 address stands in
 * brackets where `bracketed` says so (RFC 3986 3.2.2), and nowhere else.
 */
export function parseHost(text: string, { bracketed }: { readonly bracketed: boolean }): Host | NoHost {
  if (text === '') return none('is empty');
  if (text.length > 254) return none('is longer than a name can be');
  if (bracketed && text.startsWith('[')) {
    if (!text.endsWith(']')) return none('has an opening bracket and no closing one');
    return ofAddress(text.slice(1, -1), 6);
  }
  if (FORBIDDEN.test(text)) return none('has a character that is in no host name');
  if (text.includes(':')) return bracketed ? none('is an IPv6 address without brackets') : ofAddress(text, 6);
  if (LOOSE_IPV4.test(text)) return ofAddress(text, 4);
  const name = parseDnsName(text);
  return name === undefined ? none('is no name and no address') : { kind: 'name', name };
}

function ofAddress(text: string, family: 4 | 6): Host | NoHost {
  if (text.includes('%')) return none('is an address with a zone id');
  const address = parseAddress(text);
  if (address?.family !== family) return none('is an address in a form that programs read differently');
  if (family === 6 && address.value >> 32n === MAPPED_PREFIX) return none('is an IPv4 address in IPv6 clothes');
  return { kind: 'address', address };
}

function none(sentence: string): NoHost {
  return { kind: 'none', sentence };
}

export interface Authority {
  readonly kind: 'authority';
  readonly host: Host;
  readonly port: number; // 1 to 65535
}

/** `host:port`; without a port, the one that the scheme has, where there is one. No user, no path, nothing percent-encoded. */
export function parseAuthority(text: string, defaultPort: number | undefined): Authority | NoHost {
  const colon = text.lastIndexOf(':');
  const hasPort = colon > text.lastIndexOf(']');
  const host = parseHost(hasPort ? text.slice(0, colon) : text, { bracketed: true });
  if (host.kind === 'none') return host;
  const digits = hasPort ? text.slice(colon + 1) : undefined;
  if (digits !== undefined && !/^[0-9]{1,5}$/.test(digits)) return none('is followed by something that is no port');
  const port = digits === undefined ? defaultPort : Number(digits);
  if (port === undefined) return none('has no port');
  if (port < 1 || port > 65_535) return none('is followed by a port that does not exist');
  return { kind: 'authority', host, port };
}

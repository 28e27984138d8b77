import type { IncomingMessage } from 'node:http';
import { type Authority, formatAddress, type Host, parseAuthority } from '../../net/index.ts';
import type { Client, Wanted } from '../wanted.ts';

/** Where the requests of a connection lead that do not say so themselves. */
export type Context =
  /** To a proxy: each says it. */
  | { readonly kind: 'proxy' }
  /** Inside a tunnel, or redirected by the kernel: each names its host, and the port is the connection's. */
  | {
      readonly kind: 'inside';
      readonly way: Wanted['way'];
      readonly client: Client; // identified
      readonly port: number;
      readonly fallback: Host; // where the connection leads; for requests of HTTP/1.0, which may name no host
      readonly isRedirected: boolean; // then the fallback is the address that the client chose, which the policy may allow by itself
    };

/** What one request is for, in the form in which it goes on. */
export interface Target {
  readonly kind: 'target';
  readonly host: Host;
  readonly port: number;
  readonly path: string; // origin form, or `*`
  readonly hostHeader: string;
}

export interface NoTarget {
  readonly kind: 'none';
  readonly reason: 'bad-host' | 'bad-request';
  readonly sentence: string; // for people; no capital, no full stop
  readonly host: string; // as the client sent it
}

const HTTP_PORT = 80;

/** Where a request goes that is no CONNECT: RFC 9112 3.2, and nothing that could be read in two ways. */
export function targetOf(request: IncomingMessage, context: Context): Target | NoTarget {
  const url = request.url ?? '';
  const contradiction = framingProblem(request);
  if (contradiction !== undefined) return malformed(contradiction, '');
  const hosts = hostsOf(request);
  if (hosts.length > 1) return malformed('the request has two Host headers', hosts.join(' '));
  const [named] = hosts;
  if (named === undefined && request.httpVersion !== '1.0') return malformed('the request has no Host header', '');
  if (/^[a-z][a-z0-9+.-]*:/i.test(url)) return absolute(request, url, named);
  if (context.kind === 'proxy') return malformed('this is a proxy: the request must have an absolute URI', '');
  if (url !== '*' && !isPath(url)) return malformed('the path of the request cannot be understood', named ?? '');
  const authority: Authority | NoTarget =
    named === undefined
      ? { kind: 'authority', host: context.fallback, port: context.port }
      : authorityOf(named, context.port);
  if (authority.kind === 'none') return authority;
  if (authority.port !== context.port) return malformed('the Host header names another port', named ?? '');
  return target(authority, url);
}

/** Where a CONNECT goes: `host:port`, which the Host header must not contradict (RFC 9110 9.3.6). */
export function connectTargetOf(request: IncomingMessage): Authority | NoTarget {
  const url = request.url ?? '';
  const contradiction = framingProblem(request);
  if (contradiction !== undefined) return malformed(contradiction, url);
  const { rawHeaders } = request;
  if (rawHeaders.some((name, at) => at % 2 === 0 && /^(?:content-length|transfer-encoding)$/i.test(name)))
    return malformed('a CONNECT has no body', url);
  const authority = authorityOf(url, undefined);
  if (authority.kind === 'none') return authority;
  const hosts = hostsOf(request);
  if (hosts.length > 1) return malformed('the request has two Host headers', url);
  const [named] = hosts;
  if (named === undefined)
    return request.httpVersion === '1.0' ? authority : malformed('the request has no Host header', url);
  const said = authorityOf(named, authority.port);
  if (said.kind === 'none') return said;
  return isSame(said, authority) ? authority : malformed('the Host header names another host', url);
}

/** The name or address as `Host` and CONNECT write it, with the port where it is not the scheme's. */
export function formatAuthority({ host, port }: { readonly host: Host; readonly port: number }): string {
  const text = formatHost(host);
  return port === HTTP_PORT ? text : `${text}:${port}`;
}

function formatHost(host: Host): string {
  if (host.kind === 'name') return host.name;
  return host.address.family === 6 ? `[${formatAddress(host.address)}]` : formatAddress(host.address);
}

export function isSameHost(a: Host, b: Host): boolean {
  return formatHost(a) === formatHost(b);
}

function absolute(request: IncomingMessage, url: string, named: string | undefined): Target | NoTarget {
  const found = /^http:\/\/([^/?#]*)([^#]*)$/i.exec(url);
  if (found === null)
    return malformed('only http:// goes through a proxy as a request; for https:// there is CONNECT', url);
  const [, text = '', rest = ''] = found;
  const authority = authorityOf(text, HTTP_PORT);
  if (authority.kind === 'none') return authority;
  if (named !== undefined) {
    const said = authorityOf(named, HTTP_PORT);
    if (said.kind === 'none') return said;
    if (!isSame(said, authority)) return malformed('the URI and the Host header name different hosts', text);
  }
  if (rest === '' && request.method === 'OPTIONS') return target(authority, '*'); // RFC 9112 3.2.4
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  return isPath(path) ? target(authority, path) : malformed('the path of the request cannot be understood', text);
}

function target({ host, port }: Authority, path: string): Target {
  return { kind: 'target', host, port, path, hostHeader: formatAuthority({ host, port }) };
}

/** What Node's parser lets pass although recipients read it in different ways (RFC 9112 6.1, 6.3). */
function framingProblem({ httpVersion, headers }: IncomingMessage): string | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return 'the request is of a version of HTTP that there is not here';
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return undefined;
  if (httpVersion === '1.0') return 'a request of HTTP/1.0 has a transfer coding';
  return coding.toLowerCase() === 'chunked' ? undefined : 'the request has a transfer coding other than chunked';
}

function hostsOf({ rawHeaders }: IncomingMessage): readonly string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'host');
}

function isPath(text: string): boolean {
  return /^\/[!-~]*$/.test(text) && !text.includes('#');
}

function isSame(a: Authority, b: Authority): boolean {
  return a.port === b.port && isSameHost(a.host, b.host);
}

function authorityOf(text: string, defaultPort: number | undefined): Authority | NoTarget {
  const authority = parseAuthority(text, defaultPort);
  if (authority.kind === 'authority') return authority;
  return { kind: 'none', reason: 'bad-host', sentence: `the host ${authority.sentence}`, host: text };
}

function malformed(sentence: string, host: string): NoTarget {
  return { kind: 'none', reason: 'bad-request', sentence, host };
}

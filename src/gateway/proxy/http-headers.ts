import type { IncomingMessage } from 'node:http';

/** For the next hop only, whether `Connection` names them or not (RFC 9110 7.6.1), or for a proxy. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** What tells a destination of the machines behind the gateway (RFC 9110 7.6.3, RFC 7239). */
const TELLTALE: ReadonlySet<string> = new Set([
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-real-ip',
]);

/**
 * What only the gateway itself says; and the list of trailers, which says nothing that they do not (RFC 9110 6.6.2) and which Node
 * refuses where there is no body in chunks.
 */
const NOT_RETURNED: ReadonlySet<string> = new Set(['proxy-status', 'x-portcullis-request', 'trailer']);

/** The headers of a request for its destination, as names and values by turns. */
export function requestHeaders(request: IncomingMessage, hostHeader: string): string[] {
  const isChunked = request.headers['transfer-encoding'] !== undefined;
  const kept = endToEnd(request, (name) => name !== 'host' && !TELLTALE.has(name) && (name !== 'trailer' || isChunked));
  const framing = isChunked ? ['Transfer-Encoding', 'chunked'] : [];
  // Else Node would send a body of chunks where there is none.
  const hasLength = request.headers['content-length'] !== undefined;
  const empty = framing.length === 0 && !hasLength && /^(?:POST|PUT|PATCH)$/.test(request.method ?? '');
  return ['Host', hostHeader, ...kept, ...framing, ...(empty ? ['Content-Length', '0'] : [])];
}

/** The headers of a response for the client. */
export function responseHeaders(response: IncomingMessage): string[] {
  return endToEnd(response, (name) => !NOT_RETURNED.has(name));
}

/** Trailers, likewise; as pairs. */
export function trailers({ rawTrailers }: IncomingMessage): [string, string][] {
  return pairs(rawTrailers).filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()));
}

/** Whether a body comes with it, be it empty (RFC 9112 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** A WebSocket's opening handshake (RFC 6455 4.1). No other protocol is let in through an upgrade, h2c least of all. */
export function isWebSocket(request: IncomingMessage): boolean {
  const { method, headers } = request;
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    (headers.connection ?? '')
      .toLowerCase()
      .split(/[\s,]+/)
      .includes('upgrade') &&
    !hasBody(request)
  );
}

function endToEnd({ rawHeaders, headers }: IncomingMessage, isKept: (name: string) => boolean): string[] {
  const named = new Set((headers.connection ?? '').toLowerCase().split(/[\s,]+/));
  // A client that names these would have the gateway drop what its own reading depends on.
  for (const name of ['host', 'content-length']) named.delete(name);
  return pairs(rawHeaders)
    .filter(([name]) => {
      const lower = name.toLowerCase();
      return !HOP_BY_HOP.has(lower) && !named.has(lower) && isKept(lower);
    })
    .flat();
}

function pairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, raw[at + 1] ?? '']] : []));
}

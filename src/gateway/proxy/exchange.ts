import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { Admission } from '../admission.ts';
import { dial } from '../dial.ts';
import type { Refusal } from '../refusal.ts';
import type { Wanted } from '../wanted.ts';
import { hasBody, isWebSocket, requestHeaders, responseHeaders, trailers } from './http-headers.ts';
import { formatAuthority, type Target } from './http-target.ts';
import { relay } from './relay.ts';
import type { ProxyServices } from './services.ts';
import type { Upstream, Upstreams } from './upstream.ts';

/** One request of a client, which the policy has not seen yet. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly head: Uint8Array; // behind the request, where it asks for an upgrade
  readonly target: Target;
  readonly wanted: Wanted;
  readonly upstreams: Upstreams; // of this client connection
  readonly refuse: (refusal: Refusal) => void;
}

/** Asks the policy, and carries the request to its destination and the response back. */
export async function carryOut(services: ProxyServices, exchange: Exchange): Promise<void> {
  const { refuse, wanted } = exchange;
  const admission = services.gatekeeper.admit(wanted);
  if (!(admission instanceof Admission)) return refuse(admission);
  const upstream = await upstreamFor(services, exchange, admission, mayBeRepeated(exchange.request));
  if ('reason' in upstream) return refuse(upstream);
  if (exchange.response.destroyed) {
    upstream.destroy();
    return admission.closed({ sent: 0, received: 0 });
  }
  send(services, exchange, admission, upstream);
}

/** One that is kept may close just as the request leaves: only what can be sent again goes over it (RFC 9110 9.2.2). */
function mayBeRepeated(request: IncomingMessage): boolean {
  return !hasBody(request) && /^(?:GET|HEAD|OPTIONS)$/.test(request.method ?? '');
}

async function upstreamFor(
  { addresses }: ProxyServices,
  { upstreams, wanted }: Exchange,
  admission: Admission,
  mayBeKept: boolean,
): Promise<Upstream | Refusal> {
  const there = formatAuthority(wanted);
  const mayUse = ({ address }: Upstream): boolean => admission.mayDial(address) === undefined;
  const kept = upstreams.take(there, mayBeKept ? 'idle' : 'fresh', mayUse);
  if (kept !== undefined) return kept;
  const dialled = await dial(admission, addresses);
  return 'reason' in dialled ? dialled : upstreams.keep(there, dialled);
}

function send(services: ProxyServices, exchange: Exchange, admission: Admission, upstream: Upstream): void {
  const { request, response, target, refuse } = exchange;
  const { socket } = upstream;
  const before = { sent: socket.bytesWritten, received: socket.bytesRead };
  const finished = (): void =>
    admission.closed({ sent: socket.bytesWritten - before.sent, received: socket.bytesRead - before.received });
  admission.connected(upstream.address, () => {
    upstream.destroy();
    response.destroy();
  });
  const isUpgrade = isWebSocket(request);
  const headers = requestHeaders(request, target.hostHeader);
  headers.push('Connection', isUpgrade ? 'Upgrade' : 'keep-alive', ...(isUpgrade ? ['Upgrade', 'websocket'] : []));
  const outgoing = upstream.request(request.method ?? 'GET', target.path, headers);
  let hasAnswer = false;
  outgoing
    .on('continue', () => response.writeContinue())
    .on('response', (incoming) => {
      hasAnswer = true;
      answer(incoming, response, finished);
    })
    .on('upgrade', (incoming, _, head) => {
      hasAnswer = true;
      switchOver(exchange, admission, upstream, { incoming, head });
    })
    .on('error', () => {
      upstream.destroy();
      if (hasAnswer || response.headersSent || response.destroyed) {
        response.destroy();
        return finished();
      }
      // Closed while it was idle, and the request never read: once more, over a new one.
      if (outgoing.reusedSocket && mayBeRepeated(request)) return void again(services, exchange, admission);
      refuse(admission.failed('unreachable'));
    });
  response.once('close', () => {
    if (!response.writableFinished) upstream.destroy();
    finished();
  });
  giveBody(request, outgoing);
}

async function again(services: ProxyServices, exchange: Exchange, admission: Admission): Promise<void> {
  const fresh = await upstreamFor(services, exchange, admission, false);
  if ('reason' in fresh) return exchange.refuse(fresh);
  send(services, exchange, admission, fresh);
}

function giveBody(request: IncomingMessage, outgoing: ClientRequest): void {
  request.pipe(outgoing, { end: false });
  request.once('end', () => {
    const last = trailers(request);
    if (last.length > 0) outgoing.addTrailers(last);
    outgoing.end();
  });
  request.once('close', () => {
    if (!request.complete) outgoing.destroy();
  });
  outgoing.once('error', () => request.resume());
}

function answer(incoming: IncomingMessage, response: ServerResponse, finished: () => void): void {
  const status = incoming.statusCode ?? 502;
  try {
    response.writeHead(status, printableReason(incoming.statusMessage), responseHeaders(incoming));
  } catch {
    // A header that cannot be written again (ERR_INVALID_CHAR): nothing of it has been sent.
    incoming.destroy();
    response.destroy();
    finished();
    return;
  }
  response.flushHeaders(); // streams of events may take their time for the first byte
  incoming.once('end', () => {
    const last = trailers(incoming);
    if (last.length > 0 && !response.writableEnded) response.addTrailers(last);
  });
  pipeline(incoming, response, (error) => {
    if (error) response.destroy();
  });
}

function printableReason(reason: string | undefined): string {
  return reason !== undefined && /^[\t -~]*$/.test(reason) ? reason : '';
}

interface Switched {
  readonly incoming: IncomingMessage;
  readonly head: Buffer;
}

/** 101: from now on it is a tunnel, which the admission of the request covers. */
function switchOver(
  { request, response, head: early }: Exchange,
  admission: Admission,
  { socket: upstream, address }: Upstream,
  { incoming, head }: Switched,
): void {
  const client = request.socket;
  if (!isWebSocket(request) || incoming.headers.upgrade?.toLowerCase() !== 'websocket') {
    upstream.destroy();
    response.destroy();
    return;
  }
  response.detachSocket(client);
  const headers = [...responseHeaders(incoming), 'Connection', 'Upgrade', 'Upgrade', 'websocket'];
  const lines = headers.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${headers[at + 1]}\r\n`] : []));
  client.write(Buffer.from(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`, 'latin1'));
  if (head.length > 0) client.write(head);
  client.once('close', () => upstream.destroy());
  admission.connected(address, () => {
    client.destroy();
    upstream.destroy();
  });
  relay(client, { kind: 'dialled', socket: upstream, address }, admission, early);
}

import type { Socket } from 'node:net';
import { type Host, parseHost } from '../../net/index.ts';
import type { Admission } from '../admission.ts';
import type { Dialled } from '../dial.ts';
import { answerText, answerTo } from './answer.ts';
import type { Arrival } from './arrivals.ts';
import type { ServerName } from './client-hello.ts';
import { type First, FirstBytes } from './first-bytes.ts';
import { isSameHost } from './http-target.ts';
import { readUntil, type Unfinished } from './reading.ts';
import { hold, relay } from './relay.ts';
import type { ProxyServices, Speech } from './services.ts';

/** A client that has been told to go ahead, and the connection that was made for it. */
export interface Opened {
  readonly arrival: Arrival;
  readonly socket: Socket; // the client's: TLS to the gateway or not
  readonly early: Uint8Array; // read from it already
  readonly admission: Admission;
  readonly dialled: Dialled;
}

/** Takes an HTTP connection over, of which some bytes have been read. */
export type TakeHttp = (opened: Opened) => void;

/**
 * Lets a client through a tunnel. What it says first must agree with what it asked for: the server name of TLS with the host, the
 * protocol with the port; requests of HTTP are each judged by themselves. Whoever waits for the server to speak first is waited for.
 */
export async function passThrough(services: ProxyServices, opened: Opened, takeHttp: TakeHttp): Promise<void> {
  const { socket, dialled, admission } = opened;
  const { host, port } = admission.wanted;
  const speech = services.speechOf(port);
  hold(socket, dialled, admission);
  const first = new FirstBytes();
  const heard = await listen(services, opened, speech, first);
  const { bytes } = first;
  if (socket.destroyed) return end(opened);
  if (typeof heard === 'string') {
    const isQuietEnd = heard === 'ended' && !first.isUndecided;
    if (!isQuietEnd) return refuse(opened, 'other');
    // It has nothing to say, and may yet have something to hear.
    return speech === 'any' ? relay(socket, dialled, admission, bytes) : end(opened);
  }
  switch (heard.kind) {
    case 'server-first':
      if (heard.chunk.length > 0) socket.write(heard.chunk);
      return relay(socket, dialled, admission, bytes);
    case 'tls':
      if (speech === 'http' || !agrees(heard.serverName, host)) return refuse(opened, 'tls');
      return relay(socket, dialled, admission, bytes);
    case 'http':
      if (speech === 'tls') return refuse(opened, 'http');
      return takeHttp({ ...opened, early: bytes });
    case 'other':
      if (speech !== 'any') return refuse(opened, 'other');
      return relay(socket, dialled, admission, bytes);
    case 'broken':
      return refuse(opened, 'tls');
  }
}

/** What is heard first: the client, or, on ports where that may be, the server. */
async function listen(
  { arrivals, limits }: ProxyServices,
  { arrival, socket, early, dialled }: Opened,
  speech: Speech,
  first: FirstBytes,
): Promise<First | ServerFirst | Unfinished> {
  const take = (chunk: Uint8Array): First | undefined => first.push(chunk);
  if (speech !== 'any') {
    const done = arrivals.beginHello(arrival);
    if (done === undefined) return 'late';
    const heard = await readUntil({ socket, early, ms: limits.firstBytesMs }, take);
    done();
    return heard;
  }
  const server = new ServerFirst(dialled.socket);
  const heard = await readUntil({ socket, early, ms: undefined, until: server.spoke }, take);
  server.stop();
  if (heard !== 'interrupted') return heard;
  // Nothing that begins like TLS or HTTP is answered before it is complete.
  return first.isUndecided ? { kind: 'broken', sentence: 'is answered before it is complete' } : server;
}

/** Hears a server out that speaks before its client does, or ends. */
class ServerFirst {
  readonly kind = 'server-first';
  readonly spoke: Promise<void>;
  chunk: Uint8Array = NOTHING;
  readonly #upstream: Socket;
  readonly #heard: (chunk?: Buffer) => void;
  readonly #gone = (): void => this.#heard();

  constructor(upstream: Socket) {
    this.#upstream = upstream;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.spoke = promise;
    this.#heard = (chunk = NOTHING) => {
      this.stop();
      this.chunk = chunk;
      resolve();
    };
    upstream.on('data', this.#heard).once('end', this.#gone).once('close', this.#gone).resume();
  }

  stop(): void {
    this.#upstream.off('data', this.#heard).off('end', this.#gone).off('close', this.#gone);
    this.#upstream.pause();
  }
}

const NOTHING = Buffer.alloc(0);

/** An address has no name that could agree: a flow that leads to it leads there whatever is asked for (RFC 6066 3 sends none). */
function agrees(serverName: ServerName, host: Host): boolean {
  switch (serverName.kind) {
    case 'none':
      return true; // it goes where the client has said, and nowhere else
    case 'odd':
      return false;
    case 'name': {
      if (host.kind === 'address') return true;
      const named = parseHost(serverName.text, { bracketed: false });
      return named.kind !== 'none' && isSameHost(named, host);
    }
  }
}

/** RFC 8446 6: a fatal alert, access_denied, in a record of its own. */
const ACCESS_DENIED = Buffer.from([21, 3, 3, 0, 2, 2, 49]);

function refuse({ socket, dialled, admission }: Opened, speaks: 'tls' | 'http' | 'other'): void {
  const refusal = admission.failed('bad-request');
  dialled.socket.destroy();
  say(socket, speaks, () => answerText(answerTo(refusal)));
}

const LINGER_MS = 2_000;

/** Tells a client that is refused, in its own language. */
export function say(socket: Socket, speaks: 'tls' | 'http' | 'other', text: () => string): void {
  switch (speaks) {
    case 'tls':
      socket.end(ACCESS_DENIED);
      break;
    case 'http':
      socket.end(text());
      break;
    case 'other':
      socket.end();
      break;
  }
  // Closed with something unread, the kernel would reset the connection and the client not read what it is told.
  socket.resume().once('end', () => socket.destroy());
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function end({ socket, dialled, admission }: Opened): void {
  socket.destroySoon();
  dialled.socket.destroy();
  admission.closed({ sent: 0, received: 0 });
}

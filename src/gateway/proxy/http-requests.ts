import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Admission } from '../admission.ts';
import { dial } from '../dial.ts';
import type { Refusal } from '../refusal.ts';
import type { Client, Wanted } from '../wanted.ts';
import { type Asked, answerText, answerTo } from './answer.ts';
import { type Arrival, recorded } from './arrivals.ts';
import { parseBasic } from './credentials.ts';
import { carryOut } from './exchange.ts';
import { hasBody } from './http-headers.ts';
import { type Context, connectTargetOf, formatAuthority, type NoTarget, targetOf } from './http-target.ts';
import { withOriginal } from './original-host.ts';
import { type Opened, passThrough } from './passage.ts';
import type { ProxyServices } from './services.ts';
import type { Upstreams } from './upstream.ts';

const TCP = 6;

/** What the requests need to know of the connections that they come over. */
export interface HttpConnections {
  readonly contextOf: (socket: Socket) => Context;
  readonly upstreamsOf: (socket: Socket) => Upstreams;
  readonly adopt: (socket: Socket, early: Uint8Array, context: Context) => void;
}

interface Known {
  readonly kind: 'known';
  readonly arrival: Arrival;
  readonly client: Client;
}

interface Stranger {
  readonly kind: 'stranger';
  readonly refusal: Refusal;
  readonly mayShowCredentials: boolean;
}

/** Each request by itself: who asks, what for, may it; whatever was answered to the one before it on the same connection. */
export class HttpRequests {
  readonly #services: ProxyServices;
  readonly #connections: HttpConnections;
  readonly #latest = new WeakMap<Socket, ServerResponse>();

  constructor(services: ProxyServices, connections: HttpConnections) {
    this.#services = services;
    this.#connections = connections;
  }

  /** @param head what came behind a request for an upgrade. */
  onRequest(request: IncomingMessage, response: ServerResponse, head: Uint8Array): void {
    const { socket } = request;
    this.#latest.set(socket, response);
    const context = this.#connections.contextOf(socket);
    const way = wayOf(context, 'http');
    const { accept } = request.headers;
    const tell = (refusal: Refusal, asked: Asked = {}): void =>
      writeAnswer(request, response, refusal, accept === undefined ? asked : { ...asked, accept });
    const who = this.#identify(request, context, way);
    if (who === undefined) return void socket.destroy();
    if (who.kind === 'stranger') return void tell(who.refusal, who);
    const { client } = who;
    const target = targetOf(request, context);
    if (target.kind === 'none') {
      response.shouldKeepAlive = false;
      tell(this.#refuseTarget(target, way, client));
      return;
    }
    const asked: Wanted = { way, client, host: target.host, protocol: TCP, port: target.port };
    const wanted = this.#withOriginal(asked, context);
    const refuse = (refusal: Refusal): void => tell(refusal, { wanted });
    const upstreams = this.#connections.upstreamsOf(socket);
    void carryOut(this.#services, { request, response, head, target, wanted, upstreams, refuse });
  }

  async onConnect(request: IncomingMessage, head: Buffer): Promise<void> {
    const { socket } = request;
    const context = this.#connections.contextOf(socket);
    const way = wayOf(context, 'connect');
    socket.on('error', () => socket.destroy());
    const tell = (refusal: Refusal, asked: Asked = {}): void => {
      socket.end(answerText(answerTo(refusal, asked)));
      socket.resume();
    };
    const who = this.#identify(request, context, way);
    if (who === undefined) return void socket.destroy();
    if (who.kind === 'stranger') return tell(who.refusal, who);
    const { client, arrival } = who;
    const target = connectTargetOf(request);
    if (target.kind === 'none') return tell(this.#refuseTarget(target, way, client));
    const wanted: Wanted = { way, client, host: target.host, protocol: TCP, port: target.port };
    const admission = this.#services.gatekeeper.admit(wanted);
    if (!(admission instanceof Admission)) return tell(admission, { wanted });
    const dialled = await dial(admission, this.#services.addresses);
    if ('reason' in dialled) return tell(dialled, { wanted });
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    const opened: Opened = { arrival, socket, early: head, admission, dialled };
    await passThrough(this.#services, opened, (taken) => this.adoptTunnel(taken));
  }

  /** HTTP in a tunnel: each request is judged by the host that it names. The connection that is there serves the first. */
  adoptTunnel({ socket, early, admission, dialled }: Opened): void {
    const { way, client, host, port } = admission.wanted;
    socket.once('close', () => admission.closed({ sent: socket.bytesRead, received: socket.bytesWritten }));
    this.#connections.upstreamsOf(socket).keep(formatAuthority({ host, port }), dialled);
    this.#connections.adopt(socket, early, {
      kind: 'inside',
      way: way === 'connect' ? 'http' : way,
      client,
      port,
      fallback: host,
      isRedirected: false,
    });
  }

  /** The answer to what is no request (RFC 9112 11.2): 400, and the connection is closed. */
  onUnreadable({ code }: NodeJS.ErrnoException, socket: Socket): void {
    const arrival = this.#services.arrivals.of(socket);
    if (code === 'ECONNRESET' || !socket.writable || arrival === undefined) return void socket.destroy();
    const latest = this.#latest.get(socket);
    if (latest !== undefined && !latest.writableFinished) {
      // An answer is on its way: it may end, but nothing may be said within it.
      if (latest.writableEnded) socket.destroySoon();
      else socket.destroy();
      return;
    }
    const way = wayOf(this.#connections.contextOf(socket), 'http');
    const about = { way, client: recorded(arrival), host: '', protocol: 'tcp' };
    socket.end(answerText(answerTo(this.#services.gatekeeper.refuse(about, 'bad-request'))));
    socket.resume();
  }

  #identify(request: IncomingMessage, context: Context, way: Wanted['way']): Known | Stranger | undefined {
    const arrival = this.#services.arrivals.of(request.socket);
    if (arrival === undefined) return undefined; // gone
    if (context.kind === 'inside') return { kind: 'known', arrival, client: context.client };
    const header = request.headers['proxy-authorization'];
    const shown = header === undefined ? undefined : (parseBasic(header) ?? 'unreadable');
    const found = this.#services.credentials.identify(arrival.client, shown);
    if (found.kind === 'known') return { kind: 'known', arrival, client: found.client };
    const about = { way, client: recorded(arrival), host: '', protocol: 'tcp' };
    const refusal = this.#services.gatekeeper.refuse(about, 'no-identity');
    return { kind: 'stranger', refusal, mayShowCredentials: found.mayHelp };
  }

  #refuseTarget({ reason, sentence, host }: NoTarget, way: Wanted['way'], client: Client): Refusal {
    const refusal = this.#services.gatekeeper.refuse({ way, client, host, protocol: 'tcp' }, reason);
    return { ...refusal, sentence };
  }

  #withOriginal(wanted: Wanted, context: Context): Wanted {
    if (context.kind === 'proxy' || !context.isRedirected || context.fallback.kind === 'name') return wanted;
    return withOriginal(this.#services.gatekeeper.policy, wanted, context.fallback.address);
  }
}

function wayOf(context: Context, otherwise: Wanted['way']): Wanted['way'] {
  return context.kind === 'proxy' ? otherwise : context.way;
}

function writeAnswer(request: IncomingMessage, response: ServerResponse, refusal: Refusal, asked: Asked): void {
  if (response.destroyed || response.headersSent) return;
  const { status, statusText, headers, body } = answerTo(refusal, asked);
  // What is left of a body that nobody wants: the connection is not used again.
  if (hasBody(request) && !request.complete) response.shouldKeepAlive = false;
  response.writeHead(status, statusText, headers.flat());
  response.end(body);
  request.resume();
}

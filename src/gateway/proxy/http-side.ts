import { createServer, type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ON_ITS_WAY } from '../dial.ts';
import { isWebSocket } from './http-headers.ts';
import { HttpRequests } from './http-requests.ts';
import type { Context } from './http-target.ts';
import type { Opened } from './passage.ts';
import type { ProxyServices } from './services.ts';
import { Upstreams } from './upstream.ts';

const HEAD_AT_MOST = 16_384; // bytes of a request's head
const IDLE_MS = 30_000; // of a connection of a client between two requests
const NOTHING = Buffer.alloc(0);

export interface Tls {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
}

/** All that speaks HTTP with clients: listeners of the proxy, and what turns out to be HTTP in a tunnel or a redirected connection. */
export class HttpSide {
  readonly #services: ProxyServices;
  readonly #requests: HttpRequests;
  readonly #contexts = new WeakMap<Duplex, Context>();
  readonly #upstreams = new Map<Duplex, Upstreams>();
  readonly #servers: Server[] = [];
  readonly #inner: Server;
  readonly #forget: () => void;

  constructor(services: ProxyServices) {
    this.#services = services;
    this.#requests = new HttpRequests(services, {
      contextOf: (socket) => this.#contexts.get(socket) ?? { kind: 'proxy' },
      upstreamsOf: (socket) => this.#upstreamsOf(socket),
      adopt: (socket, early, context) => this.adopt(socket, early, context),
    });
    this.#inner = this.server();
    // From this event on, Node holds heads of requests to their time (setupConnectionsTracking in lib/_http_server.js).
    this.#inner.emit('listening');
    this.#forget = services.gatekeeper.onReplaced(() => {
      for (const upstreams of this.#upstreams.values()) upstreams.dropIdle();
    });
  }

  /** A server that does not listen yet. */
  server(tls?: Tls): Server {
    const { headMs } = this.#services.limits;
    const options = {
      maxHeaderSize: HEAD_AT_MOST,
      headersTimeout: headMs,
      requestTimeout: 0, // an upload takes as long as it takes
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: Math.min(1_000, headMs),
      insecureHTTPParser: false,
      requireHostHeader: false, // told in our own words
      noDelay: true,
      highWaterMark: ON_ITS_WAY,
      shouldUpgradeCallback: isWebSocket,
    };
    const onRequest: RequestListener = (request, response) => this.#requests.onRequest(request, response, NOTHING);
    const server =
      tls === undefined
        ? createServer(options, onRequest)
        : createTlsServer(
            { ...options, ...tls, ALPNProtocols: ['http/1.1'], minVersion: 'TLSv1.2', handshakeTimeout: headMs },
            onRequest,
          );
    server
      .on('checkContinue', onRequest)
      .on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        const response = new ServerResponse(request);
        response.shouldKeepAlive = false;
        response.assignSocket(request.socket);
        response.once('finish', () => socket.end());
        socket.on('error', () => socket.destroy());
        this.#requests.onRequest(request, response, head);
      })
      .on(
        'connect',
        (request: IncomingMessage, _: Duplex, head: Buffer) => void this.#requests.onConnect(request, head),
      )
      .on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => this.#requests.onUnreadable(error, socket));
    this.#servers.push(server);
    return server;
  }

  /** Takes over a connection, of which some bytes have been read, that speaks HTTP. */
  adopt(socket: Socket, early: Uint8Array, context: Context): void {
    this.#contexts.set(socket, context);
    if (early.length > 0) socket.unshift(early);
    this.#inner.emit('connection', socket);
    socket.resume();
  }

  /** Likewise one in a tunnel, with the connection that was made for it. */
  adoptTunnel(opened: Opened): void {
    this.#requests.adoptTunnel(opened);
  }

  /** No connection of a client stays open for a request that has not come. */
  drain(): void {
    this.#forget();
    for (const server of this.#servers) {
      server.keepAliveTimeout = 1;
      server.closeIdleConnections();
    }
    this.#inner.close();
  }

  /** The connections that are kept for a client's, and end with it. */
  #upstreamsOf(socket: Socket): Upstreams {
    const known = this.#upstreams.get(socket);
    if (known !== undefined) return known;
    const upstreams = new Upstreams();
    this.#upstreams.set(socket, upstreams);
    socket.once('close', () => {
      this.#upstreams.delete(socket);
      upstreams.destroy();
    });
    return upstreams;
  }
}

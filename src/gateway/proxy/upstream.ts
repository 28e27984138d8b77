import { Agent, type ClientRequest, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Address } from '../../net/index.ts';
import type { Dialled } from '../dial.ts';

const IDLE_MS = 4_000; // shorter than servers wait (nginx 75 s, Node 5 s)
const KEPT_AT_MOST = 4; // idle ones of one client connection

/** A connection to a destination over which requests go, one after the other. It is one client connection's for good. */
export class Upstream {
  readonly socket: Socket;
  readonly address: Address;
  readonly #agent: Agent;
  #isFresh = true;

  constructor({ socket, address }: Dialled) {
    this.socket = socket;
    this.address = address;
    this.#agent = new OneSocket(socket);
  }

  /** Nothing has been sent over it yet. */
  get isFresh(): boolean {
    return this.#isFresh && !this.socket.destroyed;
  }

  get isIdle(): boolean {
    const isFree = () => Object.values(this.#agent.freeSockets).some((sockets) => sockets?.length === 1);
    return !this.socket.destroyed && (this.#isFresh || isFree());
  }

  /** Sends the head of a request. */
  request(method: string, path: string, headers: string[]): ClientRequest {
    this.#isFresh = false;
    // The host is for Node's bookkeeping alone: `headers` has the real one, and the connection is there.
    const request = httpRequest({ agent: this.#agent, host: 'destination', method, path, headers, setHost: false });
    return request.once('socket', (socket) => socket.resume()); // it was dialled paused
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Node keeps and hands out connections by way of an agent: this one has just one. */
class OneSocket extends Agent {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super({ keepAlive: true, maxSockets: 1, timeout: IDLE_MS });
    this.#socket = socket;
  }

  override createConnection(): Socket {
    return this.#socket;
  }
}

/** The connections that are kept for one client connection, and for nobody else. */
export class Upstreams {
  readonly #kept = new Map<Upstream, string>();

  /** An idle one that leads there, where there is one that may (still) be used. */
  take(there: string, which: 'idle' | 'fresh', mayUse: (upstream: Upstream) => boolean): Upstream | undefined {
    for (const [upstream, where] of [...this.#kept]) {
      if (where !== there || !(which === 'idle' ? upstream.isIdle : upstream.isFresh)) continue;
      if (mayUse(upstream)) return upstream;
      upstream.destroy();
    }
    return undefined;
  }

  keep(there: string, dialled: Dialled): Upstream {
    const upstream = new Upstream(dialled);
    this.#kept.set(upstream, there);
    upstream.socket.once('close', () => this.#kept.delete(upstream));
    upstream.socket.on('error', () => upstream.destroy());
    const idle = [...this.#kept.keys()].filter(({ isIdle }) => isIdle);
    for (const oldest of idle.slice(0, Math.max(0, idle.length - KEPT_AT_MOST))) oldest.destroy();
    return upstream;
  }

  /** Those that carry no request. */
  dropIdle(): void {
    for (const upstream of this.#kept.keys()) if (upstream.isIdle) upstream.destroy();
  }

  destroy(): void {
    for (const upstream of this.#kept.keys()) upstream.destroy();
  }
}

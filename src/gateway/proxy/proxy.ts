import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext, Server as TlsServer } from 'node:tls';
import type { Endpoint } from '../../net/index.ts';
import { parseAddress } from '../../net/index.ts';
import { type Addresses, ON_ITS_WAY } from '../dial.ts';
import type { Gatekeeper } from '../gatekeeper.ts';
import type { WhoAsks } from '../identity.ts';
import { type Arrival, Arrivals, DEFAULT_LIMITS, type Limits } from './arrivals.ts';
import { type Credential, Credentials } from './credentials.ts';
import { connectionsThatFit } from './descriptors.ts';
import { HttpSide, type Tls } from './http-side.ts';
import type { OriginalDestination } from './original-destination.ts';
import { type ProxyServices, SPEECH_OF_PORTS, type Speech } from './services.ts';
import { SocksSide } from './socks.ts';
import { TransparentSide } from './transparent.ts';

/** A way in. `at` may be a descriptor that listens already (systemd.socket(5)). */
export type Listener =
  | { readonly kind: 'http'; readonly at: ListenOptions; readonly tls?: Tls }
  | { readonly kind: 'socks'; readonly at: ListenOptions }
  | { readonly kind: 'transparent'; readonly at: ListenOptions; readonly originalDestination: OriginalDestination };

export interface ProxySettings {
  readonly gatekeeper: Gatekeeper;
  readonly addresses: Addresses;
  readonly whoAsks: WhoAsks;
  readonly credentials: readonly Credential[];
  /** Asked of every connection: who looks for its sender must know where it was going. */
  readonly originalDestination?: OriginalDestination;
  readonly listeners: readonly Listener[];
  readonly limits?: Partial<Limits>; // of all connections: as many as there are descriptors for
  /** What must be spoken on a destination's port, beside 80 and 443. */
  readonly speech?: ReadonlyMap<number, Speech>;
  /** A connection could not be accepted (no descriptors), or was refused for being one too many; once a second at most. */
  readonly onTrouble: (sentence: string) => void;
}

const BACKLOG = 4_096; // connections that the kernel holds until they are accepted; it caps that itself (net.core.somaxconn)
const DRAIN_LOOK_MS = 20;
const CUT_MS = 1_000; // for what was cut to be recorded
const TROUBLE_MS = 1_000;

/** The proxy's listeners. Made by `listen`; there are all of them or none. */
export class EgressProxy {
  readonly #settings: ProxySettings;
  readonly #arrivals: Arrivals;
  readonly #http: HttpSide;
  readonly #services: ProxyServices;
  readonly #servers: Server[] = [];
  readonly #tlsServers: TlsServer[] = [];
  #toldAt: number | undefined;

  private constructor(settings: ProxySettings) {
    this.#settings = settings;
    const connections = Math.min(DEFAULT_LIMITS.connections, connectionsThatFit());
    const limits = { ...DEFAULT_LIMITS, connections, ...settings.limits };
    const speech = new Map([...SPEECH_OF_PORTS, ...(settings.speech ?? [])]);
    this.#arrivals = new Arrivals(settings.whoAsks, limits);
    this.#services = {
      gatekeeper: settings.gatekeeper,
      addresses: settings.addresses,
      credentials: new Credentials(settings.credentials),
      arrivals: this.#arrivals,
      limits,
      speechOf: (port) => speech.get(port) ?? 'any',
    };
    this.#http = new HttpSide(this.#services);
  }

  /** @throws the error of listen(2) (such as EADDRINUSE); then nothing listens. */
  static async listen(settings: ProxySettings): Promise<EgressProxy> {
    const proxy = new EgressProxy(settings);
    try {
      for (const listener of settings.listeners) await proxy.#listen(listener);
    } catch (error) {
      await proxy.stop(0);
      throw error;
    }
    return proxy;
  }

  /** Where it listens, in the order of the settings. */
  get endpoints(): readonly Endpoint[] {
    return this.#servers.flatMap((server) => {
      const bound = server.address();
      const address = typeof bound === 'object' && bound !== null ? parseAddress(bound.address) : undefined;
      return typeof bound === 'object' && bound !== null && address !== undefined
        ? [{ address, port: bound.port }]
        : [];
    });
  }

  /** Another certificate for connections to come. @throws the error of OpenSSL where it cannot be used; the old one stays */
  certify(certificate: Tls): void {
    createSecureContext(certificate);
    for (const server of this.#tlsServers) server.setSecureContext(certificate);
  }

  /** Connections of clients, now. */
  get connections(): number {
    return this.#arrivals.count;
  }

  /** Takes no more connections, lets those that are there end until the deadline, and cuts the rest. All are recorded then. */
  async stop(deadlineMs: number): Promise<void> {
    const { open } = this.#settings.gatekeeper;
    const end = performance.now() + deadlineMs;
    for (const server of this.#servers) server.close();
    this.#http.drain();
    while (this.#arrivals.count + open.size > 0 && performance.now() < end) await sleep(DRAIN_LOOK_MS);
    this.#arrivals.destroy();
    for (const admission of open) admission.end();
    // Sockets tell that they are closed a little later.
    const cut = performance.now() + CUT_MS;
    while (open.size > 0 && performance.now() < cut) await nextTurn();
  }

  async #listen(listener: Listener): Promise<void> {
    const server = this.#serverOf(listener);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ backlog: BACKLOG, ...listener.at }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // Such as EMFILE of accept(2): the connection is gone, the listener stays.
    server.on('error', ({ message }) => this.#trouble(`a connection could not be accepted: ${message}`));
    this.#servers.push(server);
  }

  #serverOf(listener: Listener): Server {
    switch (listener.kind) {
      case 'http': {
        const server = this.#http.server(listener.tls);
        if (server instanceof TlsServer) this.#tlsServers.push(server);
        return server.on('connection', (socket: Socket) => void this.#begin(socket));
      }
      case 'socks': {
        const side = new SocksSide(this.#services, (opened) => this.#http.adoptTunnel(opened));
        return this.#plain((arrival) => side.onConnection(arrival));
      }
      case 'transparent': {
        const { originalDestination } = listener;
        const adopt = this.#http.adopt.bind(this.#http);
        const side = new TransparentSide(this.#services, { originalDestination, adopt });
        return this.#plain((arrival) => side.onConnection(arrival));
      }
    }
  }

  #plain(onConnection: (arrival: Arrival) => Promise<void>): Server {
    return createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: ON_ITS_WAY }, (socket) => {
      const arrival = this.#begin(socket);
      if (arrival !== undefined) void onConnection(arrival);
    });
  }

  #begin(socket: Socket): Arrival | undefined {
    const arrival = this.#arrivals.begin(socket, this.#settings.originalDestination?.(socket));
    if (typeof arrival !== 'string') return arrival;
    socket.on('error', () => socket.destroy());
    socket.destroy();
    if (arrival === 'too-many') this.#trouble('a connection was refused: there are too many');
    return undefined;
  }

  /** Once a second at most: whoever causes it must not fill a journal with it. */
  #trouble(sentence: string): void {
    const now = performance.now();
    if (now - (this.#toldAt ?? -TROUBLE_MS) < TROUBLE_MS) return;
    this.#toldAt = now;
    this.#settings.onTrouble(sentence);
  }
}

import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { type Address, type Endpoint, type Family, formatAddress, parseAddress } from '../../net/index.ts';
import type { WhoAsks } from '../identity.ts';
import type { OriginalDestination } from '../proxy/index.ts';
import { countedAs } from '../wanted.ts';
import { Frames } from './frames.ts';
import type { DnsService } from './service.ts';

/** Where the server listens: an address and port of both protocols, or sockets that somebody has opened for it. */
export type DnsListen =
  | { readonly at: 'address'; readonly address: Address; readonly port: number }
  | { readonly at: 'fd'; readonly protocol: 'udp' | 'tcp'; readonly family: Family; readonly fd: number };

export interface DnsTcpLimits {
  readonly connections: number; // at once
  readonly perClient: number; // at once
  readonly idleMs: number; // without a whole query
  readonly queries: number; // under way at once, of one connection
  readonly queryBytes: number; // longest
}

export const DNS_TCP_LIMITS: DnsTcpLimits = {
  connections: 256,
  perClient: 16,
  idleMs: 10_000,
  queries: 64,
  queryBytes: 1_024,
};

export interface DnsServerSettings {
  readonly service: DnsService;
  readonly whoAsks: WhoAsks;
  /** Of connections; absent: none is redirected. */
  readonly originalDestination?: OriginalDestination;
  readonly tcp: DnsTcpLimits;
}

const RECEIVE_BYTES = 4 * 2 ** 20; // as much as the kernel gives: bursts wait rather than being lost
const KNOWN_ADDRESSES = 4_096;

/** Listens for questions by UDP and TCP (RFC 7766), and hands them to the service. */
export class DnsServer {
  readonly #settings: DnsServerSettings;
  readonly #udp: UdpSocket[] = [];
  readonly #tcp: Server[] = [];
  readonly #connections = new Map<Socket, string>(); // to whose they are
  readonly #addresses = new Map<string, Address>();

  constructor(settings: DnsServerSettings) {
    this.#settings = settings;
  }

  /** @returns where it listens now. Rejected where one of them cannot be had; then it listens nowhere. */
  async listen(places: readonly DnsListen[]): Promise<readonly Endpoint[]> {
    try {
      const bound: Endpoint[] = [];
      for (const place of places) bound.push(await this.#listenAt(place));
      return bound;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#udp.splice(0)) socket.close();
    for (const connection of this.#connections.keys()) connection.destroy();
    await Promise.all(this.#tcp.splice(0).map((server) => new Promise((closed) => server.close(closed))));
  }

  async #listenAt(place: DnsListen): Promise<Endpoint> {
    switch (place.at) {
      case 'fd':
        return place.protocol === 'udp'
          ? this.#listenUdp(place.family, (socket, done) => socket.bind({ fd: place.fd }, done))
          : this.#listenTcp({ fd: place.fd });
      case 'address': {
        const { family } = place.address;
        const address = formatAddress(place.address);
        const { port } = await this.#listenUdp(family, (socket, done) => socket.bind(place.port, address, done));
        return this.#listenTcp({ host: address, port, ipv6Only: family === 6 });
      }
    }
  }

  #listenUdp(family: Family, bind: (socket: UdpSocket, done: () => void) => void): Promise<Endpoint> {
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      ipv6Only: family === 6,
      lookup: (host, _options, done) => done(null, host, host.includes(':') ? 6 : 4), // always an address: nothing to wait for
    });
    this.#udp.push(socket);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      bind(socket, () => {
        socket.off('error', reject);
        socket.on('error', () => undefined); // of one datagram: its client has gone
        roomy(socket);
        const { address, port } = socket.address();
        const server = { address: this.#address(address), port };
        socket.on('message', (message, from) => this.#takeDatagram(socket, server, message, from));
        resolve(server);
      });
    });
  }

  #takeDatagram(socket: UdpSocket, server: Endpoint, message: Buffer, from: RemoteInfo): void {
    const { service, whoAsks } = this.#settings;
    const endpoint = { address: this.#address(from.address), port: from.port };
    service.take(message, {
      endpoint,
      text: from.address,
      client: whoAsks('udp', endpoint, server, server),
      by: 'udp',
      send: (reply) => {
        if (this.#udp.includes(socket)) socket.send(reply, 0, reply.length, from.port, from.address);
      },
    });
  }

  #listenTcp(place: { fd: number } | { host: string; port: number; ipv6Only: boolean }): Promise<Endpoint> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#takeConnection(socket));
    server.maxConnections = this.#settings.tcp.connections;
    this.#tcp.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(place, () => {
        server.off('error', reject);
        server.on('error', () => undefined); // of one connection
        const bound = server.address();
        if (bound === null || typeof bound === 'string') return reject(new TypeError('it is no socket of TCP'));
        resolve({ address: this.#address(bound.address), port: bound.port });
      });
    });
  }

  #takeConnection(socket: Socket): void {
    const { service, whoAsks, originalDestination, tcp } = this.#settings;
    const text = plain(socket.remoteAddress ?? '');
    const endpoint = { address: this.#address(text), port: socket.remotePort ?? 0 };
    const server = { address: this.#address(socket.localAddress ?? ''), port: socket.localPort ?? 0 };
    const client = whoAsks('tcp', endpoint, originalDestination?.(socket) ?? server, server);
    const who = countedAs(client ?? endpoint);
    const others = [...this.#connections.values()].filter((each) => each === who).length;
    if (text === '' || others >= tcp.perClient) {
      socket.destroy();
      return;
    }
    this.#connections.set(socket, who);
    const frames = new Frames(tcp.queryBytes);
    let underWay = 0;
    let hasEnded = false;
    // Not the socket's own time-out: a byte now and then must not keep a connection (T5).
    const idle = setTimeout(() => socket.destroy(), tcp.idleMs);
    const endIfDone = (): void => {
      if (hasEnded && underWay === 0) socket.end();
    };
    socket.on('error', () => undefined); // `close` follows
    socket.on('close', () => {
      clearTimeout(idle);
      this.#connections.delete(socket);
    });
    socket.on('end', () => {
      hasEnded = true;
      endIfDone();
    });
    socket.on('data', (chunk) => {
      for (const message of frames.take(chunk)) {
        idle.refresh();
        underWay++;
        const send = (reply: Buffer): void => {
          underWay--;
          const length = Buffer.alloc(2);
          length.writeUInt16BE(reply.length);
          if (!socket.destroyed) socket.write(Buffer.concat([length, reply]));
          if (underWay < tcp.queries && !socket.writableNeedDrain) socket.resume();
          endIfDone();
        };
        if (!service.take(message, { endpoint, text, client, by: 'tcp', send })) socket.destroy();
      }
      if (frames.isTooLong) socket.destroy();
      else if (underWay >= tcp.queries || socket.writableNeedDrain) socket.pause();
    });
    socket.on('drain', () => {
      if (underWay < tcp.queries) socket.resume();
    });
  }

  /** Clients are few and ask often. */
  #address(text: string): Address {
    const known = this.#addresses.get(text);
    if (known !== undefined) return known;
    const address = parseAddress(plain(text)) ?? { family: 6, value: 0n };
    if (this.#addresses.size >= KNOWN_ADDRESSES) this.#addresses.clear();
    this.#addresses.set(text, address);
    return address;
  }
}

/** Without the zone of a link-local address (RFC 4007 11), and IPv4 as IPv4. */
function plain(text: string): string {
  return text.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/, '');
}

function roomy(socket: UdpSocket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BYTES);
  } catch {
    // The kernel's own size will do.
  }
}

import type { Socket } from 'node:net';
import { type Endpoint, formatAddress, parseAddress } from '../../net/index.ts';
import type { WhoAsks } from '../identity.ts';
import { type Client, countedAs, type Unread } from '../wanted.ts';

/** How much one client, and all together, may hold at a time. */
export interface Limits {
  readonly connections: number; // of all clients; each takes two descriptors
  readonly connectionsOfClient: number;
  readonly hellosOfClient: number; // connections whose first bytes are not complete
  readonly firstBytesMs: number; // from the start of a connection until they are
  readonly headMs: number; // for the head of an HTTP request
}

export const DEFAULT_LIMITS: Limits = {
  connections: 4_096,
  connectionsOfClient: 1_024,
  hellosOfClient: 128,
  firstBytesMs: 10_000,
  headMs: 15_000,
};

/** A connection of a client to the gateway. */
export interface Arrival {
  readonly socket: Socket;
  readonly from: Endpoint;
  readonly to: Endpoint; // the gateway's own end
  readonly client: Client | undefined; // where anybody can tell
}

/** Everybody who is connected: each is asked for once, when the connection begins, and counted. */
export class Arrivals {
  readonly #whoAsks: WhoAsks;
  readonly #limits: Limits;
  readonly #byEnds = new Map<string, Arrival>();
  readonly #connections = new Counts();
  readonly #hellos = new Counts();

  constructor(whoAsks: WhoAsks, limits: Limits) {
    this.#whoAsks = whoAsks;
    this.#limits = limits;
  }

  get count(): number {
    return this.#byEnds.size;
  }

  /**
   * Takes a new connection in, unless there are too many, or it is gone already.
   * @param original where its client was going, where the kernel has redirected it
   */
  begin(socket: Socket, original: Endpoint | undefined): Arrival | 'too-many' | 'gone' {
    const from = endpoint(socket.remoteAddress, socket.remotePort);
    const to = endpoint(socket.localAddress, socket.localPort);
    if (from === undefined || to === undefined) return 'gone';
    const key = keyOf(socket);
    const client = this.#whoAsks('tcp', from, original ?? to, to);
    const arrival: Arrival = { socket, from, to, client };
    const who = nameOf(arrival);
    const { connections, connectionsOfClient } = this.#limits;
    if (this.count >= connections || this.#connections.of(who) >= connectionsOfClient) return 'too-many';
    this.#byEnds.set(key, arrival);
    this.#connections.add(who);
    socket.once('close', () => {
      if (this.#byEnds.get(key) === arrival) this.#byEnds.delete(key); // the same ends may be in use again
      this.#connections.remove(who);
    });
    return arrival;
  }

  /** That of a socket that was taken in, or of the TLS that it carries. */
  of(socket: Socket): Arrival | undefined {
    return this.#byEnds.get(keyOf(socket));
  }

  /** @returns what to call when the first bytes are there; `undefined` where the client has too many that are not. */
  beginHello(arrival: Arrival): (() => void) | undefined {
    const who = nameOf(arrival);
    if (this.#hellos.of(who) >= this.#limits.hellosOfClient) return undefined;
    this.#hellos.add(who);
    return () => this.#hellos.remove(who);
  }

  /** Cuts everything. */
  destroy(): void {
    for (const { socket } of [...this.#byEnds.values()]) socket.destroy();
  }
}

class Counts {
  readonly #counts = new Map<string, number>();

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.#counts.set(key, this.of(key) + 1);
  }

  remove(key: string): void {
    const left = this.of(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}

/** The client as records have it, whether anybody knows it or not. */
export function recorded({ client, from }: Arrival): Unread['client'] {
  return client ?? { agent: formatAddress(from.address), address: from.address, port: from.port };
}

function nameOf({ client, from }: Arrival): string {
  return countedAs(client ?? from);
}

/** The four parts that no two connections share at a time. */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

/** A listener of both families sees IPv4 as `::ffff:192.0.2.1` (RFC 4291 2.5.5.2). */
function endpoint(text: string | undefined, port: number | undefined): Endpoint | undefined {
  if (text === undefined || port === undefined) return undefined;
  const address = parseAddress(text.replace(/^::ffff:(?=[0-9.]+$)/i, '').replace(/%.*$/, ''));
  return address === undefined ? undefined : { address, port };
}

import type { Socket } from 'node:net';
import { type Host, parseHost } from '../../net/index.ts';
import { Admission } from '../admission.ts';
import { dial } from '../dial.ts';
import type { Reason } from '../record.ts';
import type { Client, Wanted } from '../wanted.ts';
import { type Arrival, recorded } from './arrivals.ts';
import { GrowingBytes } from './growing-bytes.ts';
import { type Opened, passThrough, type TakeHttp } from './passage.ts';
import { readUntil } from './reading.ts';
import type { ProxyServices } from './services.ts';
import { type Read, readGreeting, readRequest, readUserPassword, type SocksRequest } from './socks-reader.ts';

const MESSAGE_AT_MOST = 520; // bytes: two texts of 255 and what stands around them
const CHUNK_AT_MOST = MESSAGE_AT_MOST + 65_536; // of a read, with what stands behind a message
const BAD = { kind: 'bad' } as const;
const TCP = 6;
const CONNECT = 1;
const METHODS = { none: 0, user: 2, unacceptable: 255 } as const;

/** RFC 1928 6. */
const REPLIES = {
  succeeded: 0,
  failure: 1,
  notAllowed: 2,
  hostUnreachable: 4,
  refused: 5,
  commandNotSupported: 7,
  addressTypeNotSupported: 8,
} as const;

/** SOCKS5, for what does not speak HTTP: CONNECT to names and addresses, and nothing else. */
export class SocksSide {
  readonly #services: ProxyServices;
  readonly #takeHttp: TakeHttp;

  constructor(services: ProxyServices, takeHttp: TakeHttp) {
    this.#services = services;
    this.#takeHttp = takeHttp;
  }

  async onConnection(arrival: Arrival): Promise<void> {
    const { socket } = arrival;
    socket.on('error', () => socket.destroy());
    const done = this.#services.arrivals.beginHello(arrival);
    if (done === undefined) return this.#refuse(arrival, '', 'budget');
    const messages = new Messages(socket, this.#services.limits.firstBytesMs);
    const asked = await this.#negotiate(arrival, messages);
    done();
    if (asked === undefined) return;
    const { client, request } = asked;
    if (request.command !== CONNECT)
      return this.#refuse(arrival, '', 'bad-request', reply(REPLIES.commandNotSupported));
    if (request.host.kind === 'unknown-type')
      return this.#refuse(arrival, '', 'bad-host', reply(REPLIES.addressTypeNotSupported));
    const host = parseHost(request.host.text, { bracketed: false });
    if (host.kind === 'none' || request.port === 0)
      return this.#refuse(arrival, request.host.text, 'bad-host', reply(REPLIES.notAllowed));
    await this.#open(arrival, client, host, request.port, messages.rest);
  }

  async #open(arrival: Arrival, client: Client, host: Host, port: number, early: Buffer): Promise<void> {
    const { socket } = arrival;
    const wanted: Wanted = { way: 'socks', client, host, protocol: TCP, port };
    const admission = this.#services.gatekeeper.admit(wanted);
    if (!(admission instanceof Admission)) return void socket.end(reply(replyTo(admission.reason)));
    const dialled = await dial(admission, this.#services.addresses);
    if ('reason' in dialled) return void socket.end(reply(replyTo(dialled.reason)));
    socket.write(reply(REPLIES.succeeded));
    const opened: Opened = { arrival, socket, early, admission, dialled };
    await passThrough(this.#services, opened, this.#takeHttp);
  }

  /** Who asks, and for what. `undefined`: it has been refused, or is gone. */
  async #negotiate(
    arrival: Arrival,
    messages: Messages,
  ): Promise<{ readonly client: Client; readonly request: SocksRequest } | undefined> {
    const { socket } = arrival;
    const { credentials } = this.#services;
    const greeting = await messages.next(readGreeting);
    if (greeting === undefined) return void this.#refuse(arrival, '', 'bad-request');
    const { methods } = greeting;
    let found = credentials.identify(arrival.client, undefined);
    const method = found.kind === 'known' && methods.has(METHODS.none) ? METHODS.none : METHODS.user;
    if (arrival.client === undefined || !methods.has(method))
      return void this.#refuse(arrival, '', 'no-identity', Buffer.from([5, METHODS.unacceptable]));
    socket.write(Buffer.from([5, method]));
    if (method === METHODS.user) {
      const shown = await messages.next(readUserPassword);
      if (shown === undefined) return void this.#refuse(arrival, '', 'bad-request');
      found = credentials.identify(arrival.client, { user: shown.user, token: shown.password });
      if (found.kind === 'unknown') return void this.#refuse(arrival, '', 'no-identity', Buffer.from([1, 1]));
      socket.write(Buffer.from([1, 0]));
    }
    const request = await messages.next(readRequest);
    if (request === undefined) return void this.#refuse(arrival, '', 'bad-request');
    return found.kind === 'known' ? { client: found.client, request } : undefined;
  }

  #refuse(arrival: Arrival, host: string, reason: Reason, last?: Buffer): void {
    const about = { way: 'socks', client: recorded(arrival), host, protocol: 'tcp' } as const;
    this.#services.gatekeeper.refuse(about, reason);
    if (last === undefined) arrival.socket.end();
    else arrival.socket.end(last);
    arrival.socket.resume();
  }
}

/** Messages one after the other, all of them within one deadline. */
class Messages {
  readonly #socket: Socket;
  readonly #end: number; // milliseconds of performance.now()
  #early: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, ms: number) {
    this.#socket = socket;
    this.#end = performance.now() + ms;
  }

  /** What came behind the last message. */
  get rest(): Buffer {
    return this.#early;
  }

  /** `undefined` where none comes in time, or what comes is none. */
  async next<Message>(reader: (bytes: Buffer) => Read<Message>): Promise<Message | undefined> {
    const gathered = new GrowingBytes(CHUNK_AT_MOST);
    const ms = Math.max(0, this.#end - performance.now());
    const read = await readUntil({ socket: this.#socket, early: this.#early, ms }, (chunk) => {
      if (!gathered.append(chunk)) return BAD;
      const outcome = reader(gathered.bytes);
      return outcome.kind !== 'more' ? outcome : gathered.bytes.length > MESSAGE_AT_MOST ? BAD : undefined;
    });
    if (typeof read === 'string' || read.kind !== 'whole') return undefined;
    this.#early = gathered.bytes.subarray(read.length);
    return read.message;
  }
}

function reply(code: number): Buffer {
  return Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]); // bound to nowhere that a client could use
}

function replyTo(reason: Reason): number {
  switch (reason) {
    case 'no-address':
    case 'no-answer':
      return REPLIES.hostUnreachable;
    case 'unreachable':
      return REPLIES.refused;
    case 'budget':
    case 'rate':
      return REPLIES.failure;
    default:
      return REPLIES.notAllowed;
  }
}

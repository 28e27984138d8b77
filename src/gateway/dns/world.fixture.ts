import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import dnsPacket, { type Answer, type DecodedPacket, type Packet, type RecordType } from 'dns-packet';
import type { Grant, Intent, NameGroup, Peer } from '../../ir/index.ts';
import { type Address, type Endpoint, parseAddress, parseDnsName, parseDnsPattern, range } from '../../net/index.ts';
import { EgressPolicy } from '../../semantics/index.ts';
import { Gatekeeper, type GatekeeperSettings } from '../gatekeeper.ts';
import type { GatewayRecord } from '../record.ts';
import type { Client } from '../wanted.ts';
import { BUDGET_LIMITS } from './budgets.ts';
import { AddressFeed, type AddressSink, type OpenedAddress } from './feed.ts';
import { DEFAULT_TYPES } from './record-type.ts';
import { RESOLVER_LIMITS, Resolver, type ResolverSettings } from './resolver.ts';
import { DnsServer, type DnsServerSettings, TCP_LIMITS } from './server.ts';
import { DnsService, type DnsServiceSettings } from './service.ts';
import type { Upstream } from './upstream.ts';

/** What the tests of this folder share: a stand-in for the world's resolvers that says whatever a test wants, and a server before it. */

export const address = (text: string): Address => parseAddress(text)!;
export const LOOPBACK = address('127.0.0.1');

/** What the stand-in answers: a packet, bytes as they are (several messages in turn), or nothing. */
export type Said = Partial<Packet> | { readonly raw: readonly Buffer[] } | undefined;
export type Says = (query: DecodedPacket, by: 'udp' | 'tcp', raw: Buffer) => Said;

export class StandIn {
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly port: number;
  /** Names and types as they were asked, in lower case. */
  readonly asked: string[] = [];
  readonly ports: number[] = []; // that queries by UDP came from
  readonly names: string[] = []; // with their letters
  says: Says;

  private constructor(udp: UdpSocket, tcp: Server, port: number, says: Says) {
    this.#udp = udp;
    this.#tcp = tcp;
    this.port = port;
    this.says = says;
    udp.on('message', (message, from) => {
      this.ports.push(from.port);
      for (const reply of this.#replies(message, 'udp')) udp.send(reply, from.port, from.address);
    });
    tcp.on('connection', (socket) => {
      let rest = Buffer.alloc(0);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk]);
        while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
          const message = rest.subarray(2, 2 + rest.readUInt16BE(0));
          rest = rest.subarray(2 + message.length);
          for (const reply of this.#replies(message, 'tcp')) socket.write(framed(reply));
        }
      });
    });
  }

  static async start(says: Says): Promise<StandIn> {
    for (;;) {
      const udp = createSocket('udp4');
      await new Promise<void>((done) => udp.bind(0, '127.0.0.1', done));
      const { port } = udp.address();
      const tcp = createServer();
      const isOurs = await new Promise<boolean>((done) => {
        tcp.once('error', () => done(false));
        tcp.listen(port, '127.0.0.1', () => done(true));
      });
      if (isOurs) return new StandIn(udp, tcp, port, says);
      udp.close();
    }
  }

  upstream(by: 'udp' | 'tcp' = 'udp'): Upstream {
    return { by, address: LOOPBACK, port: this.port };
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
  }

  #replies(message: Buffer, by: 'udp' | 'tcp'): readonly Buffer[] {
    const query = dnsPacket.decode(message);
    const [question] = query.questions ?? [];
    this.names.push(question?.name ?? '');
    this.asked.push(`${question?.type} ${question?.name.toLowerCase()}`);
    const said = this.says(query, by, message);
    if (said === undefined) return [];
    if ('raw' in said) return said.raw;
    return [answerTo(query, said)];
  }
}

/** A reply with the question as it was asked. */
export function answerTo(query: DecodedPacket, said: Partial<Packet>): Buffer {
  return dnsPacket.encode({
    type: 'response',
    id: query.id ?? 0,
    flags: dnsPacket.RECURSION_AVAILABLE,
    questions: query.questions ?? [],
    ...said,
  });
}

export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** Records of the type that is asked for, of these addresses; in lower case, whatever the question's letters. */
export function addresses(...texts: readonly string[]): Says {
  return ({ questions = [] }) => {
    const [question] = questions;
    const name = question?.name.toLowerCase() ?? '';
    const answers = texts.flatMap((data): Answer[] => {
      const type = data.includes(':') ? 'AAAA' : 'A';
      return type === question?.type ? [{ type, name, ttl: 300, data }] : [];
    });
    return { answers };
  };
}

const INTERNET = ['93.0.0.0/8', '151.0.0.0/8', '2600::/8'].map(range);

export function local(uid: number): Peer {
  return { kind: 'local', accounts: [{ first: uid, last: uid }] };
}

export function group(
  key: string,
  patterns: readonly string[],
  enforcement: NameGroup['enforcement'] = 'resolved',
): NameGroup {
  return { key, patterns: patterns.map((text) => parseDnsPattern(text)!), enforcement, origin: {} };
}

export function grant(name: string, from: Peer, ...to: readonly Peer[]): Grant {
  return {
    name,
    from: [from],
    to,
    services: [{ protocol: 6, ports: { first: 443, last: 443 } }],
    required: false,
    origin: {},
  };
}

export const AGENT: Client = { agent: 'openclaw', address: LOOPBACK, port: 40_000, account: 1000 };

/** The agent may go to `api.example` and everything below `wild.example`; both by addresses. */
export const PLAIN = {
  groups: [group('api', ['api.example']), group('wild', ['*.wild.example'])],
  grants: [
    grant('api', local(1000), { kind: 'named', group: 'api' }),
    grant('wild', local(1000), { kind: 'named', group: 'wild' }),
  ],
};

export function policyOf({ groups, grants }: Pick<Intent, 'groups' | 'grants'>): EgressPolicy {
  return new EgressPolicy({
    name: 'example',
    baseline: [],
    grants,
    groups,
    tests: [],
    zones: new Map([['internet', [{ kind: 'remote', ranges: INTERNET }]]]),
    unknownAccounts: new Map(),
  });
}

export interface WorldOptions {
  readonly policy?: EgressPolicy;
  readonly upstreams?: ResolverSettings['upstreams'];
  readonly resolver?: Partial<ResolverSettings>;
  readonly gatekeeper?: Partial<GatekeeperSettings>;
  readonly service?: Partial<DnsServiceSettings>;
  readonly server?: Partial<DnsServerSettings>;
  readonly sink?: AddressSink;
}

/** A server on loopback in front of the stand-in, with everything that it writes down. */
export class World {
  readonly records: GatewayRecord[] = [];
  readonly opened: OpenedAddress[] = [];
  readonly clock = { now: 1_000_000 };
  readonly gatekeeper: Gatekeeper;
  readonly resolver: Resolver;
  readonly service: DnsService;
  readonly #server: DnsServer;
  #places: readonly Endpoint[] = [];

  private constructor(upstream: StandIn, options: WorldOptions) {
    let id = 0;
    const now = (): number => this.clock.now;
    this.gatekeeper = new Gatekeeper(options.policy ?? policyOf(PLAIN), {
      record: (record) => this.records.push(record),
      observe: false,
      isOwn: () => false,
      newId: () => `r${++id}`,
      clock: { now, time: () => '2026-11-26T00:00:00.000Z' },
      ...options.gatekeeper,
    });
    this.resolver = new Resolver({
      upstreams: options.upstreams ?? [upstream.upstream()],
      splits: [],
      local: new Map(),
      limits: { ...RESOLVER_LIMITS, tryMs: 300 },
      now,
      ...options.resolver,
    });
    const sink = options.sink ?? { put: async (entries) => void this.opened.push(...entries) };
    this.service = new DnsService({
      gatekeeper: this.gatekeeper,
      resolver: this.resolver,
      feed: new AddressFeed({ sink, graceSeconds: 60, mostSeconds: 86_400, mostAddresses: 10_000, now }),
      types: DEFAULT_TYPES,
      refuseBy: 'refused',
      budgets: BUDGET_LIMITS,
      ...options.service,
    });
    this.#server = new DnsServer({ service: this.service, whoAsks: () => AGENT, tcp: TCP_LIMITS, ...options.server });
  }

  static async start(upstream: StandIn, options: WorldOptions = {}): Promise<World> {
    const world = new World(upstream, options);
    for (;;) {
      try {
        world.#places = await world.#server.listen([{ at: 'address', address: LOOPBACK, port: 0 }]);
        return world;
      } catch {
        // The port that UDP was given is somebody's by TCP: another one.
      }
    }
  }

  get port(): number {
    return this.#places[0]!.port;
  }

  /** What comes back for a message by UDP; `undefined` for nothing within the time. */
  send(message: Buffer, withinMs = 2_000): Promise<Buffer | undefined> {
    return sendUdp(message, this.port, withinMs);
  }

  /** Asks by UDP, as a stub resolver does. */
  async ask(name: string, type: RecordType = 'A', packet: Partial<Packet> = {}): Promise<Told> {
    const reply = await this.send(queryOf(name, type, packet));
    if (reply === undefined) throw new Error(`no answer to ${name}`);
    return toldBy(reply);
  }

  async close(): Promise<void> {
    this.resolver.close();
    await this.#server.close();
  }
}

export function queryOf(name: string, type: RecordType, packet: Partial<Packet> = {}): Buffer {
  const opt: Answer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 4_096,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  return dnsPacket.encode({
    type: 'query',
    id: 4_711,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type, name }],
    additionals: [opt],
    ...packet,
  });
}

export function sendUdp(message: Buffer, port: number, withinMs: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (reply?: Buffer): void => {
      clearTimeout(timer);
      socket.close();
      resolve(reply);
    };
    const timer = setTimeout(finish, withinMs);
    socket.once('message', (reply) => finish(reply));
    socket.send(message, port, '127.0.0.1');
  });
}

/** A reply as a client reads it. */
export interface Told {
  readonly rcode: number;
  readonly isTruncated: boolean;
  readonly data: readonly unknown[]; // of the answers, in order
  readonly answers: readonly Answer[];
  readonly why: string | undefined; // the extended error: its code and text
  readonly raw: Buffer;
}

export function toldBy(raw: Buffer): Told {
  const packet = dnsPacket.decode(raw);
  const answers = packet.answers ?? [];
  const opt = (packet.additionals ?? []).find((each) => each.type === 'OPT');
  const extended = opt?.type === 'OPT' ? opt.options.find((option) => Number(option.code) === 15)?.data : undefined;
  return {
    rcode: (packet.flags ?? 0) & 15,
    isTruncated: packet.flag_tc,
    data: answers.map((each) => ('data' in each ? each.data : undefined)),
    answers,
    why: extended === undefined ? undefined : `${extended.readUInt16BE(0)} ${extended.toString('utf8', 2)}`,
    raw,
  };
}

export const name = (text: string) => parseDnsName(text)!;

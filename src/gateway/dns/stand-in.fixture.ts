import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import dnsPacket, { type Answer, type DecodedPacket, type Packet, type RecordType } from 'dns-packet';
import { type Address, parseAddress } from '../../net/index.ts';
import type { Upstream } from './upstream.ts';

/**
 * The other ends, for the tests of this folder: the world's resolvers, which say whatever a test wants, and stub resolvers. They read and write
 * with a library, so that a mistake of ours about the wire format is not made twice.
 */

export const LOOPBACK: Address = parseAddress('127.0.0.1')!;

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

/** @param from one of this machine's loopback addresses */
export function sendUdp(
  message: Buffer,
  port: number,
  withinMs: number,
  from = '127.0.0.1',
): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (reply?: Buffer): void => {
      clearTimeout(timer);
      socket.close();
      resolve(reply);
    };
    const timer = setTimeout(finish, withinMs);
    socket.once('message', (reply) => finish(reply));
    socket.bind(0, from, () => socket.send(message, port, '127.0.0.1'));
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

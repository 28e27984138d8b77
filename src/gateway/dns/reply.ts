import type { Address } from '../../net/index.ts';
import type { DnsRecord } from './answer.ts';
import { nameBytes } from './message.ts';
import { type Edns, FLAG, HEADER_BYTES, RCODE, type Rcode } from './query.ts';
import { CLASS_IN, TYPE } from './record-type.ts';

/** The most that goes into one datagram, whatever the client says: larger ones are cut up or lost on the way (RFC 9715). */
export const UDP_BYTES = 1_232;
const LEAST_UDP_BYTES = 512; // RFC 1035 4.2.1, RFC 6891 6.2.3
const OPT_BYTES = 11;
const POINTER = 0xc000;

/** Why there is less than was asked for (RFC 8914); the text is for people. */
export interface ExtendedError {
  readonly code: 0 | 15 | 17 | 18 | 21 | 22; // other, blocked, filtered, prohibited, not supported, no reachable authority
  readonly text: string;
}

/** Whom a reply goes to. */
export interface Recipient {
  readonly message: Buffer; // the query
  readonly questionEnd: number | undefined;
  readonly edns: Edns | undefined;
  readonly mostBytes: number; // that the transport carries
}

/** What a UDP client can take. */
export function udpBytes(edns: Edns | undefined): number {
  return edns === undefined ? LEAST_UDP_BYTES : Math.min(UDP_BYTES, Math.max(LEAST_UDP_BYTES, edns.udpBytes));
}

/** Records in wire form behind a question, to be sent again and again: only id, letters and times to live change. */
export class ReplyTemplate {
  readonly #wire: Buffer; // header, question and records
  readonly #questionEnd: number;
  readonly #times: readonly { readonly at: number; readonly seconds: number }[];
  readonly #from: number; // milliseconds: when the times to live began
  #age = 0; // seconds that #wire has been aged by

  /** @param question name, type and class in wire form */
  constructor(
    question: Buffer,
    rcode: Rcode,
    answers: readonly DnsRecord[],
    authority: readonly DnsRecord[],
    from: number,
  ) {
    this.#from = from;
    this.#questionEnd = HEADER_BYTES + question.length;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt16BE(FLAG.response | FLAG.available | rcode, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(answers.length, 6);
    header.writeUInt16BE(authority.length, 8);
    const parts: Buffer[] = [header, question];
    const offsets = new Map<string, number>([[question.toString('latin1', 0, question.length - 4), HEADER_BYTES]]);
    const times: { at: number; seconds: number }[] = [];
    let at = this.#questionEnd;
    for (const { owner, type, seconds, data } of [...answers, ...authority]) {
      const name = ownerBytes(nameBytes(owner), offsets, at);
      const fixed = Buffer.alloc(10);
      fixed.writeUInt16BE(type);
      fixed.writeUInt16BE(CLASS_IN, 2);
      fixed.writeUInt32BE(seconds, 4);
      fixed.writeUInt16BE(data.length, 8);
      times.push({ at: at + name.length + 4, seconds });
      parts.push(name, fixed, data);
      at += name.length + 10 + data.length;
    }
    this.#times = times;
    this.#wire = Buffer.concat(parts);
  }

  /** The reply to one query, cut short where it is too long (TC). @param now milliseconds, of the clock of `from` */
  to(recipient: Recipient, now: number): Buffer {
    this.#growOlder(now);
    const optBytes = recipient.edns === undefined ? 0 : OPT_BYTES;
    const isWhole = this.#wire.length + optBytes <= recipient.mostBytes;
    const length = isWhole ? this.#wire.length : this.#questionEnd;
    const reply = Buffer.allocUnsafe(length + optBytes);
    this.#wire.copy(reply, 0, 0, length);
    if (!isWhole) {
      reply.writeUInt16BE(reply.readUInt16BE(2) | FLAG.truncated, 2);
      reply.writeUInt32BE(0, 6);
    }
    recipient.message.copy(reply, HEADER_BYTES, HEADER_BYTES, this.#questionEnd);
    tellBack(recipient.message, reply);
    if (recipient.edns !== undefined) writeOpt(reply, length, recipient.edns, 0, Buffer.alloc(0));
    return reply;
  }

  #growOlder(now: number): void {
    const age = Math.max(0, Math.floor((now - this.#from) / 1_000));
    if (age === this.#age) return;
    this.#age = age;
    for (const { at, seconds } of this.#times) this.#wire.writeUInt32BE(Math.max(1, seconds - age), at);
  }
}

/** A reply without records, which says why where the client can read it (RFC 8914 2: only with EDNS). */
export function bareReply(recipient: Recipient, rcode: Rcode, error?: ExtendedError): Buffer {
  const { message, questionEnd, edns, mostBytes } = recipient;
  const end = questionEnd ?? HEADER_BYTES;
  const room = mostBytes - end - OPT_BYTES - 6;
  const text = error === undefined ? undefined : Buffer.from(error.text).subarray(0, Math.max(0, room));
  const option = error === undefined || text === undefined ? Buffer.alloc(0) : Buffer.alloc(6 + text.length);
  if (error !== undefined && text !== undefined) {
    option.writeUInt16BE(15); // EXTENDED-DNS-ERROR
    option.writeUInt16BE(2 + text.length, 2);
    option.writeUInt16BE(error.code, 4);
    text.copy(option, 6);
  }
  const reply = Buffer.alloc(end + (edns === undefined ? 0 : OPT_BYTES + option.length));
  reply.writeUInt16BE(FLAG.response | FLAG.available | (rcode & 15), 2);
  if (questionEnd !== undefined) {
    reply.writeUInt16BE(1, 4);
    message.copy(reply, HEADER_BYTES, HEADER_BYTES, questionEnd);
  }
  tellBack(message, reply);
  if (edns !== undefined) writeOpt(reply, end, edns, rcode >> 4, option);
  return reply;
}

/** Id, opcode and the bits that a reply has as the query had them. */
function tellBack(query: Buffer, reply: Buffer): void {
  const kept = FLAG.opcode | FLAG.wanted | FLAG.unchecked;
  reply.writeUInt16BE(query.readUInt16BE(0), 0);
  reply.writeUInt16BE(reply.readUInt16BE(2) | (query.readUInt16BE(2) & kept), 2);
}

/** RFC 6891 6.1.2 and 6.1.3. @param upper bits 4 to 11 of the response code */
function writeOpt(reply: Buffer, at: number, edns: Edns, upper: number, options: Buffer): void {
  reply[at] = 0;
  reply.writeUInt16BE(TYPE.OPT, at + 1);
  reply.writeUInt16BE(UDP_BYTES, at + 3);
  reply[at + 5] = upper;
  reply[at + 6] = 0; // version
  reply.writeUInt16BE(edns.dnssec ? 0x8000 : 0, at + 7); // RFC 3225 3: as it was asked
  reply.writeUInt16BE(options.length, at + 9);
  options.copy(reply, at + 11);
  reply.writeUInt16BE(1, 10);
}

/** A name at `at`, shortened by the names before it (RFC 1035 4.1.4), which it joins. */
function ownerBytes(name: Buffer, offsets: Map<string, number>, at: number): Buffer {
  for (let label = 0; name[label] !== 0; label += name[label]! + 1) {
    const rest = name.toString('latin1', label);
    const known = offsets.get(rest);
    if (known === undefined) {
      if (at + label < 0x4000) offsets.set(rest, at + label);
      continue;
    }
    const pointer = Buffer.alloc(2);
    pointer.writeUInt16BE(POINTER | known);
    return Buffer.concat([name.subarray(0, label), pointer]);
  }
  return name;
}

/** In network order. */
export function addressBytes({ family, value }: Address): Buffer {
  return Buffer.from(value.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex');
}

export function rcodeOf(hasName: boolean): Rcode {
  return hasName ? RCODE.ok : RCODE.noName;
}

import { TYPE } from './record-type.ts';

export const HEADER_BYTES = 12;

/** Bits of the header's second word (RFC 1035 4.1.1, RFC 4035 3.1.6 and 3.2.2). */
export const FLAG = {
  response: 0x8000,
  opcode: 0x7800,
  truncated: 0x200,
  wanted: 0x100,
  available: 0x80,
  unchecked: 0x10,
};

export const RCODE = {
  ok: 0,
  malformed: 1,
  failed: 2,
  noName: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
} as const;
export type Rcode = (typeof RCODE)[keyof typeof RCODE];

/** What the client's OPT record says (RFC 6891 6.1). */
export interface Edns {
  readonly udpBytes: number; // as it was sent: it may be less than 512
  readonly dnssec: boolean;
}

/** A question as it came, name not yet judged. */
export interface Query {
  readonly kind: 'query';
  readonly message: Buffer; // as it came
  readonly id: number;
  readonly flags: number;
  readonly questionEnd: number; // behind the class, exclusive
  readonly key: string; // the name in wire form, in lower case, and the type: what answers are found by
  readonly type: number;
  readonly class: number;
  readonly edns: Edns | undefined;
}

/** What is answered with a code and nothing else. */
export interface Unanswerable {
  readonly kind: 'unanswerable';
  readonly message: Buffer;
  readonly rcode: Rcode;
  readonly questionEnd: number | undefined; // where there is one question that can be told back
  readonly edns: Edns | undefined;
}

/** Neither a query nor long enough to answer. Nothing is sent: an answer to an answer could go on for ever. */
export interface Noise {
  readonly kind: 'noise';
}

/**
 * Reads a client's message from its bytes: one question whose name is written out (there is nothing that it could point to), at
 * most an OPT record behind it, and nothing else. Never throws.
 */
export function readQuery(message: Buffer): Query | Unanswerable | Noise {
  if (message.length < HEADER_BYTES) return { kind: 'noise' };
  const flags = message.readUInt16BE(2);
  if ((flags & FLAG.response) !== 0) return { kind: 'noise' };
  const bad = (rcode: Rcode, questionEnd?: number, edns?: Edns): Unanswerable => ({
    kind: 'unanswerable',
    message,
    rcode,
    questionEnd,
    edns,
  });
  if ((flags & FLAG.opcode) !== 0) return bad(RCODE.notImplemented);
  if (message.readUInt16BE(4) !== 1 || message.readUInt32BE(6) !== 0) return bad(RCODE.malformed);
  const additional = message.readUInt16BE(10);
  const nameEnd = endOfName(message, HEADER_BYTES);
  if (nameEnd === undefined || nameEnd + 4 > message.length || additional > 1) return bad(RCODE.malformed);
  const questionEnd = nameEnd + 4;
  let edns: Edns | undefined;
  if (additional === 1) {
    const opt = readOpt(message, questionEnd);
    if (opt === undefined) return bad(RCODE.malformed, questionEnd);
    edns = opt;
    if (opt.version !== 0) return bad(RCODE.badVersion, questionEnd, edns);
  } else if (message.length !== questionEnd) return bad(RCODE.malformed, questionEnd);
  return {
    kind: 'query',
    message,
    id: message.readUInt16BE(0),
    flags,
    questionEnd,
    // Lengths of labels are below 64, so that lower case concerns letters only.
    key: message.toString('latin1', HEADER_BYTES, nameEnd + 2).toLowerCase(),
    type: message.readUInt16BE(nameEnd),
    class: message.readUInt16BE(nameEnd + 2),
    edns,
  };
}

/** Behind a name that is written out, exclusive; `undefined` where it points elsewhere, is too long or has no end. */
export function endOfName(message: Buffer, start: number): number | undefined {
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63) return undefined;
    at += length + 1;
    if (at - start > 255) return undefined; // RFC 1035 3.1
    if (length === 0) return at;
  }
}

/** A name that is written out, as text; `undefined` where a label has a dot in it, which text could not tell from two labels. */
export function nameText(message: Buffer, start: number): string | undefined {
  const labels: string[] = [];
  for (let at = start; message[at] !== 0 && message[at] !== undefined; at += message[at]! + 1) {
    const label = message.toString('latin1', at + 1, at + 1 + message[at]!);
    if (label.includes('.')) return undefined;
    labels.push(label);
  }
  return labels.join('.');
}

/** RFC 6891 6.1.2: the root's name, type 41, a size for the class, flags for the TTL. Options are stepped over. */
function readOpt(message: Buffer, at: number): (Edns & { readonly version: number }) | undefined {
  if (at + 11 > message.length || message[at] !== 0 || message.readUInt16BE(at + 1) !== TYPE.OPT) return undefined;
  if (at + 11 + message.readUInt16BE(at + 9) !== message.length) return undefined;
  return {
    udpBytes: message.readUInt16BE(at + 3),
    version: message[at + 6]!,
    dnssec: (message.readUInt16BE(at + 7) & 0x8000) !== 0,
  };
}

import { type DnsName, parseDnsName } from '../../net/index.ts';
import { endOfName, FLAG, HEADER_BYTES, nameText } from './query.ts';
import { CLASS_IN, TYPE } from './record-type.ts';

/** A record of class IN as it came from upstream, names written out. */
export interface RawRecord {
  readonly owner: DnsName;
  readonly type: number;
  readonly ttl: number; // seconds, 0 <= ttl < 2^32
  readonly data: Buffer;
}

/** What an upstream answered. */
export interface Reply {
  readonly rcode: number; // of the header
  readonly isTruncated: boolean;
  readonly answers: readonly RawRecord[];
  readonly authority: readonly RawRecord[];
}

/** What stands around the names in a record's data, in bytes; types that are not here have no names that may be shortened (RFC 3597 4). */
const LAYOUTS: ReadonlyMap<number, { readonly before: number; readonly names: number; readonly after: number }> =
  new Map([
    [TYPE.CNAME, { before: 0, names: 1, after: 0 }],
    [TYPE.NS, { before: 0, names: 1, after: 0 }],
    [TYPE.PTR, { before: 0, names: 1, after: 0 }],
    [TYPE.MX, { before: 2, names: 1, after: 0 }],
    [TYPE.SRV, { before: 6, names: 1, after: 0 }],
    [TYPE.SOA, { before: 0, names: 2, after: 20 }],
  ]);

/**
 * Whether a message answers a query: its id, one question, and that the one that was sent. `exactCase`: each letter as it was sent,
 * which who did not see the query can only guess (draft-vixie-dnsext-dns0x20).
 */
export function answersQuery(message: Buffer, query: Buffer, exactCase: boolean): boolean {
  if (message.length < HEADER_BYTES || message.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  if ((message.readUInt16BE(2) & (FLAG.response | FLAG.opcode)) !== FLAG.response) return false;
  const end = endOfName(query, HEADER_BYTES)! + 4;
  if (message.readUInt16BE(4) !== 1 || message.length < end) return false;
  const [sent, told] = [query.subarray(HEADER_BYTES, end), message.subarray(HEADER_BYTES, end)];
  return exactCase ? sent.equals(told) : lower(sent) === lower(told);
}

function lower(bytes: Buffer): string {
  return bytes.toString('latin1').toLowerCase();
}

/** Reads an upstream's message that `answersQuery`; `undefined` where it is not whole. Records that no host name owns are left out. */
export function readReply(message: Buffer): Reply | undefined {
  const flags = message.readUInt16BE(2);
  const questionEnd = endOfName(message, HEADER_BYTES);
  if (questionEnd === undefined) return undefined;
  const cursor = { at: questionEnd + 4 };
  const isTruncated = (flags & FLAG.truncated) !== 0;
  if (isTruncated) return { rcode: flags & 15, isTruncated, answers: [], authority: [] };
  const answers = readRecords(message, cursor, message.readUInt16BE(6));
  const authority = answers && readRecords(message, cursor, message.readUInt16BE(8));
  return answers && authority && { rcode: flags & 15, isTruncated, answers, authority };
}

function readRecords(message: Buffer, cursor: { at: number }, count: number): RawRecord[] | undefined {
  const records: RawRecord[] = [];
  for (let index = 0; index < count; index++) {
    const owner = readName(message, cursor.at);
    if (owner === undefined || owner.next + 10 > message.length) return undefined;
    const at = owner.next;
    const end = at + 10 + message.readUInt16BE(at + 8);
    if (end > message.length) return undefined;
    cursor.at = end;
    const type = message.readUInt16BE(at);
    if (message.readUInt16BE(at + 2) !== CLASS_IN) continue;
    const data = readData(message, type, at + 10, end);
    if (data === undefined) return undefined;
    const name = hostName(owner.wire);
    if (name !== undefined) records.push({ owner: name, type, ttl: message.readUInt32BE(at + 4), data });
  }
  return records;
}

function readData(message: Buffer, type: number, start: number, end: number): Buffer | undefined {
  const layout = LAYOUTS.get(type);
  if (layout === undefined) return Buffer.from(message.subarray(start, end)); // a copy: the message is let go
  const parts = [message.subarray(start, start + layout.before)];
  let at = start + layout.before;
  for (let index = 0; index < layout.names; index++) {
    const name = readName(message, at);
    if (name === undefined) return undefined;
    parts.push(name.wire);
    at = name.next;
  }
  if (at + layout.after !== end) return undefined;
  parts.push(message.subarray(at, end));
  return Buffer.concat(parts);
}

/**
 * A name, written out, and where what follows it begins. A pointer leads further back than the part that it ends (RFC 1035 4.1.4: to a prior
 * name), so none can lead in a circle.
 */
function readName(message: Buffer, start: number): { readonly wire: Buffer; readonly next: number } | undefined {
  const labels: Buffer[] = [];
  let bytes = 1;
  let next: number | undefined;
  for (let part = start, at = start; ; ) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length >= 0xc0) {
      const target = ((length & 0x3f) << 8) | (message[at + 1] ?? 0xff);
      if (at + 1 >= message.length || target >= part) return undefined;
      next ??= at + 2;
      part = target;
      at = target;
      continue;
    }
    if (length > 63) return undefined;
    if (length === 0) return { wire: Buffer.concat([...labels, Buffer.of(0)]), next: next ?? at + 1 };
    bytes += length + 1;
    if (bytes > 255 || at + length >= message.length) return undefined;
    labels.push(message.subarray(at, at + length + 1));
    at += length + 1;
  }
}

/** The name that stands in wire form at the beginning of some data. */
export function hostName(wire: Buffer, start = 0): DnsName | undefined {
  const end = endOfName(wire, start);
  const text = end === undefined ? undefined : nameText(wire, start);
  return text === undefined ? undefined : parseDnsName(text);
}

/** A name of which each label is 63 bytes long at most, in wire form. */
export function nameBytes(name: DnsName): Buffer {
  return Buffer.concat([
    ...name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')),
    Buffer.of(0),
  ]);
}

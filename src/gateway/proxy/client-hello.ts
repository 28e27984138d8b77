import { GrowingBytes } from './growing-bytes.ts';

/** The server name in a ClientHello, as the client wrote it. */
export type ServerName =
  | { readonly kind: 'none' } // the extension is absent
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'odd'; readonly sentence: string }; // two names, another type than host_name, or an empty list

export type HelloOutcome =
  | { readonly kind: 'more' }
  | { readonly kind: 'hello'; readonly serverName: ServerName }
  | { readonly kind: 'bad'; readonly sentence: string }; // no ClientHello, or one that contradicts itself

const RECORD_HEADER = 5; // type, version, length (RFC 8446 5.1)
const HANDSHAKE_HEADER = 4; // type and length in three bytes (RFC 8446 4)
const RECORD_AT_MOST = 16_384;
export const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0; // extension type (RFC 6066 3)
const HOST_NAME = 0; // type of a server name

/** The largest ClientHello that is read, its records' headers not counted. */
export const HELLO_AT_MOST = 65_536;

/**
 * Reads a ClientHello out of a stream, in whatever pieces it comes: TCP segments may split it anywhere, and TLS records may, too
 * (RFC 8446 5.1). Each byte is looked at once, so that a client which sends them one by one gains nothing.
 */
export class HelloReader {
  readonly #header = Buffer.alloc(RECORD_HEADER);
  #headerLength = 0; // bytes of the record's header that are there
  #left = 0; // bytes of the record that are to come
  readonly #message = new GrowingBytes(HANDSHAKE_HEADER + HELLO_AT_MOST);

  push(chunk: Uint8Array): HelloOutcome {
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerLength < RECORD_HEADER) {
        this.#header[this.#headerLength++] = chunk[at++]!;
        if (this.#header[0] !== HANDSHAKE_RECORD) return bad('is no TLS handshake');
        if (this.#headerLength > 1 && this.#header[1] !== 3) return bad('is of no version of TLS');
        if (this.#headerLength < RECORD_HEADER) continue;
        this.#left = this.#header.readUInt16BE(3);
        if (this.#left === 0 || this.#left > RECORD_AT_MOST) return bad('has a record of a length that none has');
      }
      const piece = chunk.subarray(at, at + this.#left);
      at += piece.length;
      this.#left -= piece.length;
      if (!this.#message.append(piece)) return bad('is longer than 64 KiB');
      if (this.#left === 0) this.#headerLength = 0;
      const outcome = this.#read();
      if (outcome.kind !== 'more') return outcome;
    }
    return { kind: 'more' };
  }

  #read(): HelloOutcome {
    const message = this.#message.bytes;
    if (message.length > 0 && message[0] !== CLIENT_HELLO) return bad('does not begin with a ClientHello');
    if (message.length < HANDSHAKE_HEADER) return { kind: 'more' };
    const end = HANDSHAKE_HEADER + message.readUIntBE(1, 3);
    if (end > HANDSHAKE_HEADER + HELLO_AT_MOST) return bad('is longer than 64 KiB');
    if (message.length < end) return { kind: 'more' };
    return parseClientHello(message.subarray(HANDSHAKE_HEADER, end));
  }
}

/** RFC 8446 4.1.2, and RFC 5246 7.4.1.2 whose extensions may be absent. */
function parseClientHello(body: Buffer): HelloOutcome {
  const hello = new Cursor(body);
  const isWhole =
    hello.skip(2 + 32) && // version, random
    hello.skipVector(1) && // session id
    hello.skipVector(2) && // cipher suites
    hello.skipVector(1); // compression methods
  if (!isWhole) return bad('ends within a ClientHello');
  if (hello.isAtEnd) return { kind: 'hello', serverName: { kind: 'none' } };
  const extensions = hello.vector(2);
  if (extensions === undefined || !hello.isAtEnd) return bad('has extensions of another length than it says');
  const seen = new Set<number>();
  let serverName: ServerName = { kind: 'none' };
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const content = extensions.vector(2);
    if (type === undefined || content === undefined) return bad('ends within an extension');
    // RFC 8446 4.2: "There MUST NOT be more than one extension of the same type".
    if (seen.has(type)) return bad('has an extension twice');
    seen.add(type);
    if (type !== SERVER_NAME) continue;
    const read = parseServerNames(content);
    if (read === undefined) return bad('has a server name of another length than it says');
    serverName = read;
  }
  return { kind: 'hello', serverName };
}

/** RFC 6066 3: one name of each type, and one type only that anybody uses. */
function parseServerNames(content: Cursor): ServerName | undefined {
  const list = content.vector(2);
  if (list === undefined || !content.isAtEnd) return undefined;
  if (list.isAtEnd) return odd('names no server in its list of server names');
  const type = list.number(1);
  if (type !== HOST_NAME) return odd('names its server in another way than by a host name');
  const name = list.vector(2);
  if (name === undefined) return undefined;
  if (!list.isAtEnd) return odd('names more than one server');
  return { kind: 'name', text: name.rest.toString('latin1') };
}

/** A place in bytes; what would lead beyond their end is `undefined` or false. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  get rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  skip(length: number): boolean {
    if (this.#at + length > this.#bytes.length) return false;
    this.#at += length;
    return true;
  }

  number(length: 1 | 2): number | undefined {
    const at = this.#at;
    return this.skip(length) ? this.#bytes.readUIntBE(at, length) : undefined;
  }

  /** Bytes behind a length of so many bytes (RFC 8446 3.4). */
  vector(lengthOfLength: 1 | 2): Cursor | undefined {
    const length = this.number(lengthOfLength);
    const at = this.#at;
    if (length === undefined || !this.skip(length)) return undefined;
    return new Cursor(this.#bytes.subarray(at, at + length));
  }

  skipVector(lengthOfLength: 1 | 2): boolean {
    const length = this.number(lengthOfLength);
    return length !== undefined && this.skip(length);
  }
}

function bad(sentence: string): HelloOutcome {
  return { kind: 'bad', sentence };
}

function odd(sentence: string): ServerName {
  return { kind: 'odd', sentence };
}

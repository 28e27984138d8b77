import { METHODS } from 'node:http';
import { HANDSHAKE_RECORD, HELLO_AT_MOST, HelloReader, type ServerName } from './client-hello.ts';
import { GrowingBytes } from './growing-bytes.ts';

/** What a client says first, as far as it matters for where it may go. */
export type First =
  | { readonly kind: 'tls'; readonly serverName: ServerName }
  | { readonly kind: 'http' } // a request line of HTTP/1
  | { readonly kind: 'other' }
  | { readonly kind: 'broken'; readonly sentence: string }; // begins like TLS and is none

/** A ClientHello in records of one byte is six times as long as it is. Such a one is refused before: this is for honest ones. */
const BYTES_AT_MOST = HELLO_AT_MOST + 4_096;
const REQUEST_LINE_AT_MOST = 16_384;
const METHOD_TEXTS = METHODS.map((method) => `${method} `);
const REQUEST_LINE = /^[A-Z-]+ [!-~]+ HTTP\/[0-9]\.[0-9]\r?$/;

/** Tells TLS from HTTP from anything else by as many bytes as that takes; keeps them. */
export class FirstBytes {
  readonly #gathered = new GrowingBytes(BYTES_AT_MOST);
  readonly #hello = new HelloReader();

  get bytes(): Buffer {
    return this.#gathered.bytes;
  }

  /** Whether something has come that decides nothing yet. */
  get isUndecided(): boolean {
    return this.bytes.length > 0;
  }

  /** @returns `undefined` where more must come first. */
  push(chunk: Uint8Array): First | undefined {
    if (!this.#gathered.append(chunk)) return { kind: 'broken', sentence: 'is longer than 64 KiB' };
    const { bytes } = this;
    if (bytes.length === 0) return undefined;
    if (bytes[0] !== HANDSHAKE_RECORD) return httpOrOther(bytes, chunk);
    const outcome = this.#hello.push(chunk);
    switch (outcome.kind) {
      case 'more':
        return undefined;
      case 'hello':
        return { kind: 'tls', serverName: outcome.serverName };
      case 'bad':
        return { kind: 'broken', sentence: outcome.sentence };
    }
  }
}

function httpOrOther(bytes: Buffer, latest: Uint8Array): First | undefined {
  const start = bytes.toString('latin1', 0, 24);
  if (!METHOD_TEXTS.some((method) => method.startsWith(start) || start.startsWith(method))) return { kind: 'other' };
  if (!latest.includes(0x0a)) return bytes.length > REQUEST_LINE_AT_MOST ? { kind: 'other' } : undefined;
  const line = bytes.toString('latin1', 0, bytes.indexOf(0x0a));
  return REQUEST_LINE.test(line) ? { kind: 'http' } : { kind: 'other' };
}

import { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { records } from '../../src/gateway/proxy/hello-maker.ts';

const RECORD_HEADER = 5;

/** The ClientHello that Node's own TLS begins with, in one record. */
export function realHello(name: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const nowhere = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _, done) => {
        resolve(chunk);
        done();
      },
    });
    connect({ socket: nowhere, servername: name }).on('error', () => undefined);
  });
}

/** The same hello cut into records (RFC 8446 5.1). */
export function inRecords(hello: Buffer, size: number): Buffer {
  return records(hello.subarray(RECORD_HEADER), size);
}

/**
 * The same hello with one more extension, in front. Its server answers as it would have; only the handshake cannot be finished, since the
 * client that made it knows nothing of it.
 */
export function withExtension(hello: Buffer, type: number, content: Buffer): Buffer {
  const message = Buffer.from(hello.subarray(RECORD_HEADER));
  const sessionEnd = 38 + 1 + message[38]!; // type, length, version, random (RFC 8446 4.1.2)
  const suitesEnd = sessionEnd + 2 + message.readUInt16BE(sessionEnd);
  const at = suitesEnd + 1 + message[suitesEnd]!;
  const header = Buffer.alloc(4);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(content.length, 2);
  const grown = Buffer.concat([message.subarray(0, at + 2), header, content, message.subarray(at + 2)]);
  grown.writeUIntBE(grown.length - 4, 1, 3);
  grown.writeUInt16BE(message.readUInt16BE(at) + header.length + content.length, at);
  return records(grown, 16_384);
}

/** The outer half of an Encrypted Client Hello, as browsers also send it at random where they have no key (RFC 9849 5 and 6.2). */
export function encryptedHello(): Buffer {
  const sealed = Buffer.alloc(144, 0x5a);
  const key = Buffer.alloc(32, 0xa5);
  return Buffer.concat([
    Buffer.from([0, 0, 1, 0, 1, 0x42, 0, key.length]), // outer; HKDF-SHA256, AES-128-GCM; config 0x42
    key,
    Buffer.from([0, sealed.length]),
    sealed,
  ]);
}

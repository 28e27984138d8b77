/** ClientHellos for the tests, right ones and wrong ones (RFC 8446 4.1.2). */
export interface HelloParts {
  readonly names?: readonly (readonly [type: number, name: string])[]; // of the extension server_name; absent: no extension
  readonly extensions?: readonly (readonly [type: number, content: Buffer])[]; // more of them, in front
  readonly recordSize?: number; // bytes of a record's payload at most
}

export const ECH = 0xfe0d; // encrypted_client_hello (RFC 9849)

export function clientHello({ names, extensions = [], recordSize = 16_384 }: HelloParts): Buffer {
  const serverName = names === undefined ? [] : [[0, vector(2, ...names.map(nameEntry))] as const];
  const all = [...extensions, ...serverName].map(([type, content]) =>
    Buffer.concat([number(2, type), vector(2, content)]),
  );
  const body = Buffer.concat([
    number(2, 0x0303),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(32, 8)),
    vector(2, number(2, 0x1301)),
    vector(1, number(1, 0)),
    ...(all.length === 0 ? [] : [vector(2, ...all)]),
  ]);
  return records(Buffer.concat([number(1, 1), vector(3, body)]), recordSize);
}

/** A handshake message cut into records (RFC 8446 5.1). */
export function records(message: Buffer, size: number): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < message.length; at += size)
    pieces.push(Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + size)));
  return Buffer.concat(pieces);
}

function nameEntry([type, name]: readonly [number, string]): Buffer {
  return Buffer.concat([number(1, type), vector(2, Buffer.from(name, 'latin1'))]);
}

function vector(lengthOfLength: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([number(lengthOfLength, content.length), content]);
}

function number(length: number, value: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}

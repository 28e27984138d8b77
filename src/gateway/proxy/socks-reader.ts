/** What a client says in SOCKS5 (RFC 1928, RFC 1929). `more`: it is not complete; `bad`: it is none. */
export type Read<Message> =
  | { readonly kind: 'more' }
  | { readonly kind: 'bad' }
  | { readonly kind: 'whole'; readonly message: Message; readonly length: number }; // in bytes

export interface Greeting {
  readonly methods: ReadonlySet<number>;
}

export interface UserPassword {
  readonly user: string;
  readonly password: string;
}

export interface SocksRequest {
  readonly command: number; // 1 CONNECT, 2 BIND, 3 UDP ASSOCIATE
  /** As it would stand in a URL; an address type that there is not has none. */
  readonly host: { readonly kind: 'text'; readonly text: string } | { readonly kind: 'unknown-type' };
  readonly port: number;
}

const VERSION = 5;
const SUBNEGOTIATION = 1; // its version (RFC 1929 2)
const MORE = { kind: 'more' } as const;
const BAD = { kind: 'bad' } as const;

/** RFC 1928 3: version, number of methods, methods. */
export function readGreeting(bytes: Buffer): Read<Greeting> {
  const [version, count] = bytes;
  if (version === undefined) return MORE;
  if (version !== VERSION || count === 0) return BAD;
  if (count === undefined || bytes.length < 2 + count) return MORE;
  return whole({ methods: new Set(bytes.subarray(2, 2 + count)) }, 2 + count);
}

/** RFC 1929 2: version, user, password, each text behind its length. */
export function readUserPassword(bytes: Buffer): Read<UserPassword> {
  const [version, userLength] = bytes;
  if (version === undefined) return MORE;
  if (version !== SUBNEGOTIATION || userLength === 0) return BAD;
  const passwordAt = userLength === undefined ? undefined : 2 + userLength;
  const passwordLength = passwordAt === undefined ? undefined : bytes[passwordAt];
  if (passwordAt === undefined || passwordLength === undefined) return MORE;
  const length = passwordAt + 1 + passwordLength;
  if (bytes.length < length) return MORE;
  const user = bytes.toString('utf8', 2, passwordAt);
  return whole({ user, password: bytes.toString('utf8', passwordAt + 1, length) }, length);
}

/** RFC 1928 4: version, command, a zero, address type, address, port. */
export function readRequest(bytes: Buffer): Read<SocksRequest> {
  const [version, command, reserved, type, first] = bytes;
  if (version === undefined) return MORE;
  if (version !== VERSION || (reserved !== undefined && reserved !== 0)) return BAD;
  if (command === undefined || type === undefined || first === undefined) return MORE;
  const size = sizeOfAddress(type, first);
  if (size === undefined) return whole({ command, host: { kind: 'unknown-type' }, port: 0 }, 5);
  const portAt = 4 + size;
  if (bytes.length < portAt + 2) return MORE;
  const host = { kind: 'text', text: addressText(type, bytes.subarray(4, portAt)) } as const;
  return whole({ command, host, port: bytes.readUInt16BE(portAt) }, portAt + 2);
}

function whole<Message>(message: Message, length: number): Read<Message> {
  return { kind: 'whole', message, length };
}

function sizeOfAddress(type: number, first: number): number | undefined {
  switch (type) {
    case 1:
      return 4;
    case 3:
      return 1 + first;
    case 4:
      return 16;
    default:
      return undefined;
  }
}

function addressText(type: number, bytes: Buffer): string {
  if (type === 1) return bytes.join('.');
  if (type === 3) return bytes.toString('latin1', 1);
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  return groups.join(':');
}

import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { type Endpoint, parseAddress } from '../../net/index.ts';

/** Where a connection was on its way to before the kernel redirected it. `undefined`: nobody knows. */
export type OriginalDestination = (socket: Socket) => Endpoint | undefined;

/** Why there is none; for people. */
export interface NoOriginalDestination {
  readonly kind: 'missing';
  readonly sentence: string;
}

/** include/uapi/linux/netfilter_ipv4.h and netfilter_ipv6/ip6_tables.h: SO_ORIGINAL_DST, IP6T_SO_ORIGINAL_DST. */
const SO_ORIGINAL_DST = 80;
const SOL_IP = 0;
const SOL_IPV6 = 41;
const SIZE_OF_SOCKADDR_IN = 16;
const SIZE_OF_SOCKADDR_IN6 = 28;

type GetSockOpt = (fd: number, level: number, name: number, value: Buffer, length: Int32Array) => number;

/** getsockopt(2), by way of a package that may be missing: it is optional, and has native code. */
export function originalDestination(): OriginalDestination | NoOriginalDestination {
  const getSockOpt = loadGetSockOpt();
  if (typeof getSockOpt === 'string')
    return {
      kind: 'missing',
      sentence: `where a redirected connection was to go cannot be asked of the kernel here (${getSockOpt}); install the package \`koffi\``,
    };
  return (socket) => {
    const fd = descriptorOf(socket);
    if (fd === undefined) return undefined;
    const isSix = socket.localAddress?.includes(':') === true && !/^::ffff:[0-9.]+$/i.test(socket.localAddress);
    const value = Buffer.alloc(isSix ? SIZE_OF_SOCKADDR_IN6 : SIZE_OF_SOCKADDR_IN);
    const length = new Int32Array([value.length]);
    if (getSockOpt(fd, isSix ? SOL_IPV6 : SOL_IP, SO_ORIGINAL_DST, value, length) !== 0) return undefined;
    return isSix ? sockaddrIn6(value) : sockaddrIn(value);
  };
}

/** struct sockaddr_in: family, port and address, the latter two in network order (ip(7)). */
function sockaddrIn(value: Buffer): Endpoint | undefined {
  const address = parseAddress(value.subarray(4, 8).join('.'));
  return address === undefined ? undefined : { address, port: value.readUInt16BE(2) };
}

/** struct sockaddr_in6: family, port, flow label, address, scope (ipv6(7)). */
function sockaddrIn6(value: Buffer): Endpoint | undefined {
  const groups = Array.from({ length: 8 }, (_, at) => value.readUInt16BE(8 + at * 2).toString(16));
  const address = parseAddress(groups.join(':'));
  return address === undefined ? undefined : { address, port: value.readUInt16BE(2) };
}

/** Node has no public word for it. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

/** @returns why not, where it cannot be loaded. */
function loadGetSockOpt(): GetSockOpt | string {
  try {
    const koffi: typeof import('koffi') = createRequire(import.meta.url)('koffi');
    const libc = koffi.load('libc.so.6');
    return libc.func('int getsockopt(int fd, int level, int name, _Out_ void *value, _Inout_ int *length)');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

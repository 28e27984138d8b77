import { createRequire } from 'node:module';
import type { Address, Endpoint } from '../net/index.ts';

/** One socket, as the kernel's sock_diag(7) tells of it. */
export interface DiagnosedSocket {
  readonly state: number; // of include/net/tcp_states.h
  readonly uid: number;
}

/** Asks for the TCP socket with exactly these two ends, seen from its own side; `undefined` where there is none. */
export type SocketDiag = (local: Endpoint, remote: Endpoint) => DiagnosedSocket | undefined;

/** include/uapi/linux/netlink.h, sock_diag.h and inet_diag.h. */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const MSG_DONTWAIT = 0x40;
const IPPROTO_TCP = 6;
const AF = { 4: 2, 6: 10 } as const;

const HEADER_BYTES = 16; // struct nlmsghdr
const REQUEST_BYTES = HEADER_BYTES + 56; // struct inet_diag_req_v2
const STATE_AT = HEADER_BYTES + 1; // struct inet_diag_msg
const UID_AT = HEADER_BYTES + 64;
const REPLY_BYTES = 8_192;

/**
 * The kernel finds one socket by its two ends in microseconds. /proc/net/tcp walks all of its hash table for every reader, some ten milliseconds
 * even where there is no socket at all. `undefined` where it cannot be asked: `koffi` is an optional package, with native code.
 */
export function socketDiag(): SocketDiag | undefined {
  try {
    const koffi: typeof import('koffi') = createRequire(import.meta.url)('koffi');
    const libc = koffi.load('libc.so.6');
    const socket = libc.func('int socket(int domain, int type, int protocol)');
    const send = libc.func('int64 send(int fd, const void *data, size_t size, int flags)');
    const recv = libc.func('int64 recv(int fd, _Out_ void *data, size_t size, int flags)');
    const fd: number = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0) return undefined;
    const reply = Buffer.alloc(REPLY_BYTES);
    let sequence = 0;
    return (local, remote) => {
      sequence = (sequence + 1) >>> 0;
      const request = requestFor(local, remote, sequence);
      if (Number(send(fd, request, request.length, MSG_DONTWAIT)) !== request.length) return undefined;
      // Answered before send(2) returns: what is asked for by its ends is no dump (netlink_rcv_skb, net/netlink/af_netlink.c).
      for (;;) {
        const length = Number(recv(fd, reply, reply.length, MSG_DONTWAIT));
        if (length < HEADER_BYTES) return undefined;
        if (reply.readUInt32LE(8) !== sequence) continue; // of a question whose answer was not fetched
        const isSocket = reply.readUInt16LE(4) === SOCK_DIAG_BY_FAMILY && length >= UID_AT + 4;
        return isSocket ? { state: reply[STATE_AT] ?? 0, uid: reply.readUInt32LE(UID_AT) } : undefined; // else ENOENT
      }
    };
  } catch {
    return undefined;
  }
}

/** struct nlmsghdr and struct inet_diag_req_v2. The machine's own byte order is little-endian on all that we support. */
function requestFor(local: Endpoint, remote: Endpoint, sequence: number): Buffer {
  const request = Buffer.alloc(REQUEST_BYTES);
  request.writeUInt32LE(REQUEST_BYTES, 0);
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  request.writeUInt16LE(NLM_F_REQUEST, 6);
  request.writeUInt32LE(sequence, 8);
  request[HEADER_BYTES] = AF[local.address.family];
  request[HEADER_BYTES + 1] = IPPROTO_TCP;
  request.writeUInt32LE(0xffff_ffff, HEADER_BYTES + 4); // in whatever state
  request.writeUInt16BE(local.port, HEADER_BYTES + 8);
  request.writeUInt16BE(remote.port, HEADER_BYTES + 10);
  writeAddress(request, local.address, HEADER_BYTES + 12);
  writeAddress(request, remote.address, HEADER_BYTES + 28);
  request.fill(0xff, HEADER_BYTES + 48); // INET_DIAG_NOCOOKIE
  return request;
}

function writeAddress(into: Buffer, { family, value }: Address, at: number): void {
  if (family === 4) {
    into.writeUInt32BE(Number(value), at);
    return;
  }
  into.writeBigUInt64BE(value >> 64n, at);
  into.writeBigUInt64BE(value & 0xffff_ffff_ffff_ffffn, at + 8);
}

import { createRequire } from 'node:module';
import { type Address, type Endpoint, type Family, isSameEndpoint } from '../net/index.ts';

/** One socket of this network namespace, as the kernel's sock_diag(7) tells of it. */
export interface DiagnosedSocket {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly state: number; // of include/net/tcp_states.h
  readonly uid: number;
  readonly inode: number; // 0: no process holds it any more
}

/** Asks the kernel for sockets without reading a list of all there are. Each is `undefined` where the kernel does not say. */
export interface SocketDiag {
  /** The TCP socket with exactly these two ends, seen from its own side; where there is none, one that listens there, if any. */
  readonly connection: (local: Endpoint, remote: Endpoint) => readonly DiagnosedSocket[] | undefined;
  /** The TCP sockets that are connected to an address and port, of both families: all of the machine's are looked at. */
  readonly connectionsTo: (remote: Endpoint) => readonly DiagnosedSocket[] | undefined;
  /** The UDP sockets at a port, both families. */
  readonly datagramSockets: (port: number) => readonly DiagnosedSocket[] | undefined;
}

/** include/uapi/linux/netlink.h, sock_diag.h and inet_diag.h. */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const ENOENT = 2;
const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const MSG_DONTWAIT = 0x40;
const IPPROTO = { tcp: 6, udp: 17 } as const;
const AF = { 4: 2, 6: 10 } as const;

const HEADER_BYTES = 16; // struct nlmsghdr
const REQUEST_BYTES = HEADER_BYTES + 56; // struct inet_diag_req_v2
const SOCKET_BYTES = 72; // struct inet_diag_msg
const REPLY_BYTES = 32_768;
const NOBODY: Endpoint = { address: { family: 6, value: 0n }, port: 0 };

interface Question {
  readonly protocol: keyof typeof IPPROTO;
  readonly family: Family;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly isDump: boolean; // of all with the ports that are not 0
}

/** What an answer has told so far. */
interface Heard {
  readonly found: DiagnosedSocket[];
  end: 'more' | 'all' | 'failed';
}

/** `undefined` where the kernel cannot be asked: `koffi` is an optional package, with native code. */
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
    const ask = (question: Question): readonly DiagnosedSocket[] | undefined => {
      sequence = (sequence + 1) >>> 0;
      const request = requestFor(question, sequence);
      const heard: Heard = { found: [], end: 'more' };
      if (Number(send(fd, request, request.length, MSG_DONTWAIT)) !== request.length) return undefined;
      // What there is to read is there before send(2) or the recv(2) before it returns (net/netlink/af_netlink.c).
      while (heard.end === 'more') {
        const length = Number(recv(fd, reply, reply.length, MSG_DONTWAIT));
        if (length < HEADER_BYTES) return undefined;
        takeMessages(reply.subarray(0, length), sequence, question, heard);
      }
      return heard.end === 'failed' ? undefined : heard.found;
    };
    const dump = (
      protocol: Question['protocol'],
      local: number,
      remote: number,
    ): readonly DiagnosedSocket[] | undefined => {
      const ports = { local: { ...NOBODY, port: local }, remote: { ...NOBODY, port: remote } };
      const four = ask({ protocol, family: 4, ...ports, isDump: true });
      const six = ask({ protocol, family: 6, ...ports, isDump: true });
      return four === undefined || six === undefined ? undefined : [...four, ...six];
    };
    return {
      connection: (local, remote) =>
        ask({ protocol: 'tcp', family: local.address.family, local, remote, isDump: false }),
      connectionsTo: (remote) => dump('tcp', 0, remote.port)?.filter((each) => isSameEndpoint(each.remote, remote)),
      datagramSockets: (port) => dump('udp', port, 0),
    };
  } catch {
    return undefined;
  }
}

/** Takes the sockets out of what was received. */
function takeMessages(bytes: Buffer, sequence: number, { isDump }: Question, heard: Heard): void {
  for (let at = 0; at + HEADER_BYTES <= bytes.length && heard.end === 'more'; ) {
    const length = bytes.readUInt32LE(at);
    const type = bytes.readUInt16LE(at + 4);
    if (length < HEADER_BYTES || at + length > bytes.length) heard.end = 'failed';
    else if (bytes.readUInt32LE(at + 8) !== sequence) {
      // Of a question whose answer was not read to its end.
    } else if (type === NLMSG_DONE || type === NLMSG_ERROR) heard.end = endOf(bytes.subarray(at + HEADER_BYTES));
    else if (type !== SOCK_DIAG_BY_FAMILY || length < HEADER_BYTES + SOCKET_BYTES) heard.end = 'failed';
    else {
      heard.found.push(readSocket(bytes.subarray(at + HEADER_BYTES, at + length)));
      if (!isDump) heard.end = 'all';
    }
    at += (length + 3) & ~3;
  }
}

/** Both kinds of end begin with 0 or a negated error (netlink(7)). That there is no such socket is an answer. */
function endOf(payload: Buffer): 'all' | 'failed' {
  const error = payload.length < 4 ? 0 : -payload.readInt32LE(0);
  return error <= 0 || error === ENOENT ? 'all' : 'failed';
}

/** struct inet_diag_msg. */
function readSocket(bytes: Buffer): DiagnosedSocket {
  const isSix = bytes[0] === AF[6];
  return {
    local: { address: readAddress(bytes.subarray(8, 24), isSix), port: bytes.readUInt16BE(4) },
    remote: { address: readAddress(bytes.subarray(24, 40), isSix), port: bytes.readUInt16BE(6) },
    state: bytes[1] ?? 0,
    uid: bytes.readUInt32LE(64),
    inode: bytes.readUInt32LE(68),
  };
}

/** IPv4 as IPv4 (RFC 4291 2.5.5.2), as /proc/net is read, too. */
function readAddress(bytes: Buffer, isSix: boolean): Address {
  if (!isSix) return { family: 4, value: BigInt(bytes.readUInt32BE(0)) };
  const value = (bytes.readBigUInt64BE(0) << 64n) | bytes.readBigUInt64BE(8);
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
}

/** struct nlmsghdr and struct inet_diag_req_v2. The machine's own byte order is little-endian on all that we support. */
function requestFor({ protocol, family, local, remote, isDump }: Question, sequence: number): Buffer {
  const request = Buffer.alloc(REQUEST_BYTES);
  request.writeUInt32LE(REQUEST_BYTES, 0);
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  request.writeUInt16LE(NLM_F_REQUEST | (isDump ? NLM_F_DUMP : 0), 6);
  request.writeUInt32LE(sequence, 8);
  request[HEADER_BYTES] = AF[family];
  request[HEADER_BYTES + 1] = IPPROTO[protocol];
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

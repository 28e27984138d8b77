import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import { parseAddress } from '../../src/net/index.ts';
import type { RawPacket } from './agent-tasks.ts';

/** include/uapi/linux, include/linux/socket.h and asm-generic/socket.h: what Node has no word for. */
const AF = { 4: 2, 6: 10, packet: 17 } as const;
const SOCK = { stream: 1, datagram: 2, raw: 3 } as const;
const IPPROTO_UDP = 17;
const IPPROTO_RAW = 255; // the header of IP is ours (raw(7))
const SOL_SOCKET = 1;
const SO_MARK = 36;
const MSG_FASTOPEN = 0x2000_0000;
const ETHERTYPE_IPV4 = 0x0800;

const libc = koffi.load(null);
const socket = libc.func('int socket(int domain, int type, int protocol)');
const close = libc.func('int close(int fd)');
const connect = libc.func('int connect(int fd, const void *address, uint32 size)');
const setsockopt = libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32 size)');
const sendto = libc.func(
  'int64 sendto(int fd, const void *data, size_t size, int flags, const void *address, uint32 length)',
);

/** @returns `sent`, or the error of the first call that fails */
export function sendRaw(packet: RawPacket): string {
  switch (packet.kind) {
    case 'protocol':
      return withSocket(AF[packet.family], SOCK.raw, packet.protocol, (fd) =>
        send(fd, contentOf(packet.protocol), sockaddr(packet.to, 0)),
      );
    case 'socket': {
      const { to, type, protocol } = packet;
      return withSocket(AF[4], SOCK[type], protocol, (fd) => {
        const address = sockaddr(to, 443);
        return type === 'stream' ? failed(connect(fd, address, address.length)) : send(fd, contentOf(0), address);
      });
    }
    case 'last-fragment':
      return withSocket(AF[4], SOCK.raw, IPPROTO_RAW, (fd) =>
        send(
          fd,
          ipv4({ to: packet.to, protocol: IPPROTO_UDP, fragment: 185, data: contentOf(0) }),
          sockaddr(packet.to, 0),
        ),
      );
    case 'fast-open':
      return withSocket(AF[4], SOCK.stream, 0, (fd) =>
        send(fd, contentOf(0), sockaddr(packet.to, packet.port), MSG_FASTOPEN),
      );
    case 'marked':
      return withSocket(AF[4], SOCK.stream, 0, (fd) => {
        const mark = Buffer.alloc(4);
        mark.writeUInt32LE(packet.mark);
        if (setsockopt(fd, SOL_SOCKET, SO_MARK, mark, 4) !== 0) return `mark: ${failed(-1)}`;
        const address = sockaddr(packet.to, packet.port);
        return failed(connect(fd, address, address.length));
      });
    case 'frame':
      return withSocket(AF.packet, SOCK.datagram, 0, (fd) => {
        const data = Buffer.concat([Buffer.from([0x9c, 0x40, 0x01, 0xbb, 0, 12, 0, 0]), Buffer.from('past')]); // UDP to 443
        return send(fd, ipv4({ to: packet.to, protocol: IPPROTO_UDP, fragment: 0, data }), everybodyAt(packet.device));
      });
  }
}

/** Datagrams to as many different ports of the loopback: each is a connection to the kernel. @returns as `sendRaw` */
export function flood(datagrams: number): string {
  const last = 65_535;
  for (let sent = 0; sent < datagrams; ) {
    const outcome = withSocket(AF[4], SOCK.datagram, 0, (fd) => {
      for (let port = 1; port <= last && sent < datagrams; port++, sent++) {
        const address = sockaddr('127.0.0.1', port);
        // Refusals of earlier datagrams are told here (udp(7)).
        if (sendto(fd, address, 1, 0, address, address.length) < 0 && koffi.errno() !== koffi.os.errno.ECONNREFUSED)
          return failed(-1);
      }
      return 'sent';
    });
    if (outcome !== 'sent') return outcome;
  }
  return 'sent';
}

function withSocket(domain: number, type: number, protocol: number, work: (fd: number) => string): string {
  const fd = socket(domain, type, protocol);
  if (fd < 0) return `no socket: ${failed(-1)}`;
  try {
    return work(fd);
  } finally {
    close(fd);
  }
}

function send(fd: number, data: Buffer, address: Buffer, flags = 0): string {
  return failed(Number(sendto(fd, data, data.length, flags, address, address.length)));
}

function failed(outcome: number): string {
  return outcome >= 0 ? 'sent' : getSystemErrorName(-koffi.errno());
}

/** Something that its protocol would take for a beginning: an echo request, an INIT of SCTP, a header of GRE. */
function contentOf(protocol: number): Buffer {
  const content = Buffer.alloc(32, 'x');
  if (protocol === 1) content.set([8, 0, 0, 0, 0, 1, 0, 1]);
  if (protocol === 58) content.set([128, 0, 0, 0, 0, 1, 0, 1]);
  if (protocol === 132) content.set([0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 20]);
  if (protocol === 47) content.set([0, 0, 8, 0]);
  return content;
}

interface Ipv4 {
  readonly to: string;
  readonly protocol: number;
  readonly fragment: number; // offset in eight bytes; nothing follows
  readonly data: Buffer;
}

/** RFC 791 3.1. The kernel fills in the source and the checksum of a raw socket, not of a frame: this is both. */
function ipv4({ to, protocol, fragment, data }: Ipv4): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + data.length, 2);
  header.writeUInt16BE(0x4711, 4);
  header.writeUInt16BE(fragment, 6);
  header[8] = 64;
  header[9] = protocol;
  header.set('198.18.0.1'.split('.').map(Number), 12);
  header.set(to.split('.').map(Number), 16);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += header.readUInt16BE(at);
  sum = (sum & 0xffff) + (sum >> 16);
  header.writeUInt16BE(~((sum & 0xffff) + (sum >> 16)) & 0xffff, 10);
  return Buffer.concat([header, data]);
}

/** struct sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)). */
function sockaddr(host: string, port: number): Buffer {
  const address = parseAddress(host);
  if (address === undefined) throw new RangeError(`\`${host}\` is no address`);
  const bytes = Buffer.alloc(address.family === 4 ? 16 : 28);
  bytes.writeUInt16LE(AF[address.family]);
  bytes.writeUInt16BE(port, 2);
  if (address.family === 4) bytes.writeUInt32BE(Number(address.value), 4);
  else {
    bytes.writeBigUInt64BE(address.value >> 64n, 8);
    bytes.writeBigUInt64BE(address.value & 0xffff_ffff_ffff_ffffn, 16);
  }
  return bytes;
}

/** struct sockaddr_ll (packet(7)): whoever hears at the other end of a device. */
function everybodyAt(device: number): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt16LE(AF.packet);
  bytes.writeUInt16BE(ETHERTYPE_IPV4, 2);
  bytes.writeInt32LE(device, 4);
  bytes[11] = 6;
  bytes.fill(0xff, 12, 18);
  return bytes;
}

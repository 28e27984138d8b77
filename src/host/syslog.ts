import { createRequire } from 'node:module';

/** The socket of the machine's own log, of syslogd or of journald. */
export const SYSLOG_SOCKET = '/dev/log';

/** include/linux/socket.h. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const PATH_BYTES = 107; // sun_path of struct sockaddr_un, without the byte that ends it (unix(7))

/** Sends one message. @throws Error where nobody took it: nobody listens there, or whoever does is too slow */
export type SendToSyslog = (message: string) => void;

/**
 * Node has no datagrams to local sockets, which every syslogd listens for. Each message finds the socket by its name, so that another
 * syslogd may take over.
 *
 * @returns why it cannot be done here, as a sentence
 */
export function localSyslog(path: string): SendToSyslog | { readonly sentence: string } {
  if (Buffer.byteLength(path) > PATH_BYTES)
    return { sentence: `\`${path}\` is longer than the name of a socket may be (${PATH_BYTES} bytes)` };
  try {
    const koffi: typeof import('koffi') = createRequire(import.meta.url)('koffi');
    const libc = koffi.load('libc.so.6');
    const socket = libc.func('int socket(int domain, int type, int protocol)');
    const sendto = libc.func(
      'int64 sendto(int fd, const void *data, size_t size, int flags, const void *to, uint32 length)',
    );
    const fd: number = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return { sentence: 'the kernel gives no local socket' };
    const family = Buffer.alloc(2);
    new DataView(family.buffer, family.byteOffset).setUint16(0, AF_UNIX, true);
    const address = Buffer.concat([family, Buffer.from(path), Buffer.alloc(1)]);
    return (message) => {
      const bytes = Buffer.from(message);
      const sent = Number(sendto(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length));
      if (sent !== bytes.length) throw new Error(`${path} took no message (errno ${koffi.errno()})`);
    };
  } catch {
    return { sentence: 'datagrams to local sockets take the package `koffi`, which is not here' };
  }
}

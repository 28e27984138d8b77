/** What a syslogd does: binds a local socket, says `ready`, and prints each datagram that comes. `syslog-main.ts PATH`. */
import { chmodSync, writeSync } from 'node:fs';
import koffi from 'koffi';

const [path = ''] = process.argv.slice(2);
const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const void *address, uint32 length)');
const recv = libc.func('int64 recv(int fd, _Out_ void *data, size_t size, int flags)');

const fd: number = socket(1, 2, 0); // AF_UNIX, SOCK_DGRAM
const address = Buffer.concat([Buffer.of(1, 0), Buffer.from(path), Buffer.of(0)]); // struct sockaddr_un, little-endian
if (bind(fd, address, address.length) !== 0) throw new Error(`${path}: errno ${koffi.errno()}`);
chmodSync(path, 0o666); // as /dev/log is
writeSync(1, 'ready\n');
const message = Buffer.alloc(65_536);
for (let length = 0; length >= 0; ) {
  length = Number(recv(fd, message, message.length, 0));
  writeSync(1, `${message.toString('utf8', 0, Math.max(0, length))}\n`);
}

/**
 * Where the proxies of `bench/proxy.ts` lead: prints its port. Answers the first bytes of a connection with one byte, and everything behind
 * with itself; a first message that ends in `!` is a request for that many MiB as its last two bytes before say, and the end.
 */
import { createServer, type Socket } from 'node:net';

const MIB = Buffer.alloc(2 ** 20);
const BULK = 0x21;

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', (first) => {
    if (first.at(-1) === BULK) return flood(socket, first.readUInt16BE(first.length - 3));
    socket.write('.');
    socket.pipe(socket);
  });
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 }, () => {
  const bound = server.address();
  process.stdout.write(`${typeof bound === 'object' && bound !== null ? bound.port : ''}\n`);
});

function flood(socket: Socket, mebibytes: number): void {
  let left = mebibytes;
  const more = (): void => {
    while (left > 0) {
      left--;
      if (!socket.write(MIB)) {
        socket.once('drain', more);
        return;
      }
    }
    socket.end();
  };
  more();
}

/** What Node's sockets cost, and nothing else: `bare-relay.ts DESTINATION-PORT` connects whoever comes to it, and asks nothing. Prints its port. */
import { connect, createServer } from 'node:net';

const server = createServer({ noDelay: true }, (client) => {
  const there = connect({ host: '127.0.0.1', port: Number(process.argv[2]), noDelay: true });
  client.on('error', () => there.destroy());
  there.on('error', () => client.destroy());
  client.pipe(there);
  there.pipe(client);
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 }, () => {
  const bound = server.address();
  process.stdout.write(`${typeof bound === 'object' && bound !== null ? bound.port : ''}\n`);
});

/** Sends UDP packets as told, a line of JSON each: `{"family", "destinations", "rounds"}` in, `{}` out when they are sent. */
import { createSocket, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const PORT = 514; // syslog: the usual one-way traffic, which stays new for conntrack
const PAYLOAD = Buffer.alloc(18); // with the headers, the smallest frame of Ethernet

const sockets = { 4: await open('udp4'), 6: await open('udp6') };

for await (const line of createInterface({ input: process.stdin })) {
  const order: { family: 4 | 6; destinations: string[]; rounds: number } = JSON.parse(line);
  const socket = sockets[order.family];
  const send = promisify((to: string, done: (error: Error | null) => void) => socket.send(PAYLOAD, PORT, to, done));
  for (let round = 0; round < order.rounds; round++) {
    for (const destination of order.destinations) await send(destination);
  }
  process.stdout.write('{}\n');
}
for (const socket of Object.values(sockets)) socket.close();

async function open(kind: 'udp4' | 'udp6'): Promise<Socket> {
  const socket = createSocket(kind);
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  socket.setTTL(255);
  return socket;
}

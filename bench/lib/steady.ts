/**
 * A steady flow of UDP packets, and who counts them. `steady.ts send ADDRESS PER-SECOND PORT...` sends to each port from its first line
 * of input to the next; `steady.ts receive PORT...` answers each line with what came to each port so far. Answers are lines of JSON.
 */
import { createSocket, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';

const [role, ...rest] = process.argv.slice(2);
if (role === 'send') await send(rest[0]!, Number(rest[1]), rest.slice(2).map(Number));
else await receive(rest.map(Number));

async function send(address: string, perSecond: number, ports: readonly number[]): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  const payload = Buffer.alloc(18);
  let sent = 0; // to each port
  let timer: NodeJS.Timeout | undefined;
  for await (const _ of createInterface({ input: process.stdin })) {
    if (timer === undefined) {
      const [start, before] = [performance.now(), sent];
      timer = setInterval(() => {
        // What a late timer owes is sent at once, a few at a time: a burst must not overrun a queue on its own.
        for (let owed = 5; owed > 0 && sent - before < ((performance.now() - start) * perSecond) / 1_000; owed--) {
          for (const port of ports) socket.send(payload, port, address);
          sent++;
        }
      }, 1);
      process.stdout.write('{}\n');
    } else {
      clearInterval(timer);
      timer = undefined;
      process.stdout.write(`${JSON.stringify({ sent })}\n`);
    }
  }
  socket.close();
}

async function receive(ports: readonly number[]): Promise<void> {
  const counts = new Map<number, number>(ports.map((port) => [port, 0]));
  const sockets: Socket[] = [];
  for (const port of ports) {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    socket.on('message', () => counts.set(port, (counts.get(port) ?? 0) + 1));
    await new Promise<void>((resolve) => socket.bind(port, resolve));
    sockets.push(socket);
  }
  for await (const _ of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify({ counts: ports.map((port) => counts.get(port)) })}\n`);
  }
  for (const socket of sockets) socket.close();
}

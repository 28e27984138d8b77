/**
 * Sends real packets without a break, and says what is in force: connects to the old, the new and the management port over both
 * families, again and again. Each line is `{"began", "at", "seen": [IPv4, IPv6]}`, the first two milliseconds of the monotonic clock, written when
 * what is seen changes, and at least every 50 ms. A disagreement is looked at once more before it is told: two connections are not one
 * instant.
 */
import { connect, createServer } from 'node:net';
import { LOCK_PORTS, nameOf, type Seen } from './seen.ts';

const HOSTS = ['127.0.0.1', '::1'] as const;
const SILENT_MS = 400;
const HEARTBEAT_MS = 50;
const PAUSE_MS = 20; // looks without a pause are half of what a machine has to do that plays four cases at a time

for (const port of LOCK_PORTS) {
  for (const host of HOSTS) {
    await new Promise<void>((resolve) =>
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.destroy();
      }).listen(port, host, resolve),
    );
  }
}

function reaches(host: string, port: number): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(SILENT_MS, () => end(undefined));
    socket.on('connect', () => end(true));
    socket.on('error', () => end(false));
  });
}

async function look(host: string): Promise<Seen> {
  return nameOf(await Promise.all(LOCK_PORTS.map((port) => reaches(host, port))));
}

async function lookTwice(host: string): Promise<Seen> {
  const first = await look(host);
  return first === 'mixed' ? look(host) : first;
}

let last = '';
let told = 0;
const now = (): number => performance.timeOrigin + performance.now();
for (;;) {
  const began = now();
  const seen = await Promise.all(HOSTS.map(lookTwice));
  const at = now();
  if (seen.join() !== last || at - told > HEARTBEAT_MS) {
    process.stdout.write(`${JSON.stringify({ began, at, seen })}\n`);
    last = seen.join();
    told = at;
  }
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

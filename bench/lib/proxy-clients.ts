import { connect, type Socket } from 'node:net';
import { clientHello } from '../../src/gateway/proxy/hello-maker.ts';
import { PROXY_HOST } from './proxy-host.ts';

/** Where a client connects, and how it says where it wants to go. */
export interface Way {
  readonly port: number;
  readonly opening: 'connect' | 'hello';
}

const BULK = 0x21;
/** As long as a browser's of today, with its post-quantum key share; what comes behind it is the destination's business. */
const HELLO = clientHello({ names: [[0, PROXY_HOST]], extensions: [[51, Buffer.alloc(1_500)]] });

export interface Openings {
  readonly count: number;
  readonly failures: number; // not counted
}

/** Opens connections one after the other on `lanes` lanes for some time, and hears one byte over each. */
export async function openForAWhile(way: Way, destination: number, lanes: number, ms: number): Promise<Openings> {
  const end = performance.now() + ms;
  let count = 0;
  let failures = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      try {
        const { socket } = await opened(way, destination, HELLO);
        socket.resetAndDestroy(); // no TIME_WAIT: the ports of the loopback are finite
        count++;
      } catch {
        failures++;
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { count, failures };
}

/** Milliseconds that some mebibytes take from the destination to here. */
export async function receive(way: Way, destination: number, mebibytes: number): Promise<number> {
  const size = Buffer.from([mebibytes >> 8, mebibytes & 255, BULK]);
  const start = performance.now();
  const { socket, heard } = await opened(way, destination, Buffer.concat([HELLO, size]));
  let bytes = heard.length;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  socket.resume();
  await new Promise((done) => socket.once('close', done));
  const ms = performance.now() - start;
  if (bytes !== mebibytes * 2 ** 20) throw new Error(`${bytes} bytes of ${mebibytes} MiB came`);
  return ms;
}

/** Microseconds of each round trip of 64 bytes over one connection. */
export async function roundTrips(way: Way, destination: number, count: number): Promise<number[]> {
  const { socket } = await opened(way, destination, HELLO);
  const message = Buffer.alloc(64, 1);
  const times: number[] = [];
  for (let trip = 0; trip < count; trip++) {
    const start = performance.now();
    socket.write(message);
    let left = message.length;
    while (left > 0) left -= (await next(socket)).length;
    times.push((performance.now() - start) * 1_000);
  }
  socket.resetAndDestroy();
  return times;
}

interface Opened {
  readonly socket: Socket; // paused
  readonly heard: Buffer;
}

/** Connected to the destination, which has answered these first bytes. */
async function opened({ port, opening }: Way, destination: number, first: Buffer): Promise<Opened> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => socket.destroy());
  if (opening === 'connect') {
    const authority = `${PROXY_HOST}:${destination}`;
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    const answer = (await next(socket)).toString('latin1');
    if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`a CONNECT was answered with ${answer.slice(0, 200)}`);
  }
  socket.write(first);
  return { socket, heard: await next(socket) };
}

function next(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settled = (): void => {
      socket.off('data', onData).off('close', onClose);
      socket.pause();
    };
    const onData = (chunk: Buffer): void => {
      settled();
      resolve(chunk);
    };
    const onClose = (): void => {
      settled();
      reject(new Error('the connection was closed'));
    };
    socket.on('data', onData).once('close', onClose);
    socket.resume();
  });
}

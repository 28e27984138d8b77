/** A process of an agent: does what it is told by messages (`agent-tasks.ts`), as whoever has started it. */
import { createSocket } from 'node:dgram';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { connectToNames } from './agent-names.ts';
import { flood, sendRaw } from './agent-raw.ts';
import type { AgentAnswer, AgentTask, LoadAnswer, TcpTask, UdpTask } from './agent-tasks.ts';

/** What `many` has opened, and whether it is closed. */
const held = new Map<Socket, 'open' | 'closed'>();

process.on('message', ({ number, task }: { readonly number: number; readonly task: AgentTask }) => {
  const began = performance.now();
  void doIt(task).then((done) => process.send?.({ number, answer: { ...done, ms: performance.now() - began } }));
});
process.on('disconnect', () => process.exit(0));

type Done = Omit<AgentAnswer, 'ms'>;

function doIt(task: AgentTask): Promise<Done> {
  switch (task.do) {
    case 'udp':
      return udp(task);
    case 'tcp':
      return tcp(task);
    case 'tls':
      return tls(task.host, task.port, task.name);
    case 'raw':
      return Promise.resolve({ said: '', end: sendRaw(task.packet) });
    case 'many':
      return many(task);
    case 'let-go':
      for (const socket of held.keys()) socket.destroy();
      held.clear();
      return Promise.resolve({ said: '', end: 'closed' });
    case 'names':
      return connectToNames(task);
    case 'load':
      return load(task);
    case 'flood':
      return Promise.resolve({ said: '', end: flood(task.datagrams) });
  }
}

function udp({ host, port, data, from, fromPort, waitMs }: UdpTask): Promise<Done> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const finish = (said: string, end: string): void => {
      clearTimeout(timer);
      socket.close();
      resolve({ said, end });
    };
    const timer = setTimeout(finish, waitMs, '', 'silence');
    const failed = (error: NodeJS.ErrnoException): void => finish('', error.code ?? error.message);
    socket.once('error', failed);
    socket.once('message', (message) => finish(message.toString('latin1'), 'answered'));
    // Connected, so that the kernel tells of a refusal (udp(7)).
    socket.once('connect', () => socket.send(Buffer.from(data, 'latin1'), (error) => error && failed(error)));
    const send = (): void => socket.connect(port, host);
    if (from === undefined && fromPort === undefined) send();
    else socket.bind(fromPort ?? 0, from, send);
  });
}

function tcp({ host, port, fromPort, pieces, gapMs, enough, halfClose, waitMs }: TcpTask): Promise<Done> {
  return new Promise((resolve) => {
    const from = fromPort === undefined ? {} : { localPort: fromPort };
    const socket = connect({ host, port, ...from, noDelay: true, allowHalfOpen: true });
    let said = '';
    const finish = (end: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ said, end });
    };
    const timer = setTimeout(() => finish('open'), waitMs);
    socket.on('data', (data) => {
      said += data.toString('latin1');
      if (enough !== undefined && new RegExp(enough, 's').test(said)) finish('open');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    socket.on('end', () => finish('closed'));
    socket.on('connect', async () => {
      for (const piece of pieces) {
        if (socket.destroyed) return;
        socket.write(piece, 'latin1');
        await new Promise((next) => (gapMs === undefined ? setImmediate(next) : setTimeout(next, gapMs)));
      }
      if (halfClose === true) socket.end();
    });
  });
}

/** A handshake as Node makes it, which offers a key exchange that is safe from quantum computers: a ClientHello of more than a packet. */
function tls(host: string, port: number, name: string): Promise<Done> {
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, servername: name, rejectUnauthorized: false });
    let said = '';
    socket.setEncoding('latin1').setTimeout(5_000, () => socket.destroy());
    socket.on('secureConnect', () => {
      socket.write(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
    });
    socket.on('data', (text: string) => {
      said += text;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve({ said, end: error.code ?? error.message }));
    socket.on('close', () => resolve({ said, end: 'closed' }));
  });
}

type Many = Extract<AgentTask, { do: 'many' }>;

/** Opens many connections, begins to say something on each, and holds on. @returns how many of all that it holds are still open */
async function many({ host, port, count, first, waitMs, closed }: Many): Promise<Done> {
  for (let at = 0; at < count; at++) {
    const socket = connect({ host, port });
    held.set(socket, 'open');
    socket.on('connect', () => socket.write(first, 'latin1'));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => held.has(socket) && held.set(socket, 'closed'));
    socket.resume();
  }
  const closedNow = (): number => [...held.values()].filter((state) => state === 'closed').length;
  const until = performance.now() + waitMs;
  while (closedNow() < closed && performance.now() < until) await new Promise((next) => setTimeout(next, 50));
  return { said: '', end: `${held.size - closedNow()} open, ${closedNow()} closed` };
}

type Load = Extract<AgentTask, { do: 'load' }>;

/** Requests through the proxy, each over a connection of its own; one in ten for a name that no flow leads to. */
async function load({ perSecond, count, atOnce, wrong }: Load): Promise<Done> {
  const counts = { right: 0, rightFailed: 0, wrongDenied: 0, wrongPassed: 0 };
  const problems = new Set<string>();
  const began = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) {
      const due = began + (at * 1_000) / perSecond - performance.now();
      if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
      const isWrong = at % 10 === 9;
      const outcome = await get(isWrong ? wrong : 'allowed.example');
      if (isWrong) counts[outcome === '200' ? 'wrongPassed' : 'wrongDenied']++;
      else counts[outcome === '200' ? 'right' : 'rightFailed']++;
      if (!isWrong && outcome !== '200') problems.add(outcome);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  const answer: LoadAnswer = { ...counts, problems: [...problems] };
  return { said: JSON.stringify(answer), end: 'closed' };
}

/** @returns the status, or how it failed */
function get(name: string): Promise<string> {
  return new Promise((resolve) => {
    const to = { host: '127.0.0.1', port: 3_128, path: `http://${name}/`, headers: { host: name }, agent: false };
    const asked = request({ ...to, timeout: 10_000 }, (response) => {
      response.resume().on('end', () => resolve(String(response.statusCode)));
    });
    asked.on('timeout', () => asked.destroy(new Error('silence')));
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.end();
  });
}

import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createConnection, type Socket } from 'node:net';
import { findProgram, run } from '../process.ts';
import { ECHO_MARK, type Outcome, type Shot } from './protocol.ts';

const AT_ONCE = 128; // packets under way at a time: more would be late by our own doing, and look like silence

type Attempt = Pick<Outcome, 'result' | 'error'>;

/** Sends them all, `AT_ONCE` at a time; outcomes in the order of the shots. */
export async function shootAll(shots: readonly Shot[]): Promise<Outcome[]> {
  const outcomes = new Array<Outcome>(shots.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < shots.length; index = next++) outcomes[index] = await shoot(shots[index]!);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, shots.length) }, worker));
  return outcomes;
}

async function shoot(shot: Shot): Promise<Outcome> {
  for (let attempts = 1; ; attempts++) {
    const start = performance.now();
    const attempt = await once(shot);
    const afterMs = Math.round((performance.now() - start) * 10) / 10;
    if (attempt.result !== 'silence' || attempts >= shot.attempts) return { ...attempt, afterMs, attempts };
  }
}

function once(shot: Shot): Promise<Attempt> {
  switch (shot.transport) {
    case 'tcp':
      return tcp(shot);
    case 'udp':
      return udp(shot);
    case 'icmp':
      return ping(shot);
  }
}

/** Errors that come before any packet: the sender's own address or port cannot be used. */
const UNSENT = new Set([
  'EADDRNOTAVAIL',
  'EADDRINUSE',
  'EINVAL',
  'ENETUNREACH',
  'EAFNOSUPPORT',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
]);

function failure(error: Error): Attempt {
  const name = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return { result: UNSENT.has(name) ? 'unsent' : 'refused', error: name };
}

async function tcp(shot: Shot): Promise<Attempt> {
  const { socket, attempt } = await connect(shot);
  const outcome = attempt.result === 'passed' ? await exchange(socket, shot.timeoutMs) : attempt;
  // A reset leaves no TIME_WAIT, so that the same ports can be used again; a socket that is still connecting has nothing to reset.
  if (attempt.result === 'passed') socket.resetAndDestroy();
  else socket.destroy();
  return outcome;
}

/** A connection, open when the attempt says `passed`. */
export function connect(shot: Shot): Promise<{ socket: Socket; attempt: Attempt }> {
  const socket = createConnection({
    host: shot.dst,
    port: shot.dport ?? 0,
    noDelay: true,
    ...(shot.src === undefined ? {} : { localAddress: shot.src }),
    ...(shot.sport === undefined ? {} : { localPort: shot.sport }),
  });
  return new Promise((resolve) => {
    const done = (attempt: Attempt): void => {
      clearTimeout(timer);
      socket.removeAllListeners('error').on('error', () => socket.destroy()); // errors after the result are told by `exchange`
      resolve({ socket, attempt });
    };
    const timer = setTimeout(() => done({ result: 'silence' }), shot.timeoutMs);
    socket.once('connect', () => done({ result: 'passed' }));
    socket.once('error', (error) => done(failure(error)));
  });
}

/** Says something over an open connection and waits for the same words. */
export function exchange(socket: Socket, timeoutMs: number): Promise<Attempt> {
  return new Promise((resolve) => {
    const words = randomUUID();
    let heard = '';
    const done = (attempt: Attempt): void => {
      clearTimeout(timer);
      socket.off('data', listen).off('error', fail).off('close', closed);
      resolve(attempt);
    };
    const listen = (chunk: Buffer): void => {
      heard += chunk.toString('latin1');
      if (heard.endsWith(words)) done({ result: 'passed' });
    };
    const fail = (error: Error): void => done(failure(error));
    const closed = (): void => done({ result: 'refused', error: 'closed' });
    const timer = setTimeout(() => done({ result: 'silence' }), timeoutMs);
    socket.on('data', listen).on('error', fail).on('close', closed);
    socket.write(words);
  });
}

/** A connected socket, because only those are told of ICMP errors (udp(7)). */
function udp(shot: Shot): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = createSocket(shot.dst.includes(':') ? 'udp6' : 'udp4');
    const words = `${ECHO_MARK}${randomUUID()}`;
    let settled = false;
    const done = (attempt: Attempt): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      socket.close();
      resolve(attempt);
    };
    const timer = setTimeout(() => done({ result: 'silence' }), shot.timeoutMs);
    socket.on('error', (error) => done(failure(error)));
    socket.on('message', (message) => {
      if (message.toString('latin1') === words) done({ result: 'passed' });
    });
    socket.bind(
      { ...(shot.src === undefined ? {} : { address: shot.src }), port: shot.sport ?? 0, exclusive: true },
      () => {
        socket.connect(shot.dport ?? 0, shot.dst, (error?: Error | null) => {
          if (error) done(failure(error));
          else {
            socket.send(words, (problem) => {
              if (problem) done(failure(problem));
            });
          }
        });
      },
    );
  });
}

/** An echo request by ping(8): Node has no ICMP sockets. */
async function ping(shot: Shot): Promise<Attempt> {
  if (findProgram('ping') === undefined) return { result: 'unsent', error: '`ping` is not installed' };
  const family = shot.dst.includes(':') ? '-6' : '-4';
  const wait = String(shot.timeoutMs / 1000);
  const source = shot.src === undefined ? [] : ['-I', shot.src];
  const done = await run('ping', [family, '-n', '-c', '1', '-W', wait, ...source, shot.dst], {
    timeoutMs: shot.timeoutMs + 5_000,
  });
  if (done.exitCode === 0) return { result: 'passed' };
  const said = `${done.stdout}\n${done.stderr}`;
  const refusal = /Operation not permitted|Permission denied|prohibited|Packet filtered|unreachable/i.exec(said)?.[0];
  if (refusal !== undefined && !/Network is unreachable|socket:/i.test(said))
    return { result: 'refused', error: refusal };
  return done.exitCode === 1
    ? { result: 'silence' }
    : { result: 'unsent', error: done.stderr.trim().split('\n').at(-1) ?? 'ping failed' };
}

import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import dnsPacket from 'dns-packet';
import type { Attempt, Tried } from './attempts.ts';

const WAIT_MS = 3_000;
const STAYS_MS = 300; // a connection that our own listener takes and closes is no way out

interface Seen {
  readonly isOpen: boolean;
  readonly detail: string;
}

/** Tries one thing, as whoever this process runs as. Never throws. */
export async function tryOut(attempt: Attempt): Promise<Tried> {
  return { attempt, ...(await seen(attempt)) };
}

function seen(attempt: Attempt): Promise<Seen> {
  switch (attempt.kind) {
    case 'tcp':
      return tcp(attempt.host, attempt.port);
    case 'http':
      return answered(attempt, `GET / HTTP/1.1\r\nHost: ${attempt.host}\r\nConnection: close\r\n\r\n`);
    case 'connect':
      return answered(attempt, `CONNECT ${attempt.to} HTTP/1.1\r\nHost: ${attempt.to}\r\n\r\n`);
    case 'tls':
      return tls(attempt.host, attempt.port, attempt.name);
    case 'dns':
      return attempt.by === 'udp' ? dnsByUdp(attempt) : dnsByTcp(attempt);
    case 'udp':
      return udp(attempt.host, attempt.port, Buffer.alloc(64), () => ({ isOpen: true, detail: 'it answers' }));
  }
}

function tcp(host: string, port: number): Promise<Seen> {
  return within((done) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      setTimeout(() => done({ isOpen: true, detail: 'it is accepted' }), STAYS_MS);
    });
    return socket;
  });
}

/** A refusal of the gateway's own is no way out; whatever else answers is. */
function answered({ host, port }: Attempt, request: string): Promise<Seen> {
  return within((done) => {
    const socket = connect({ host, port }, () => socket.write(request));
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
      if (status === undefined) return;
      const isRefusal = ['400', '403', '407', '429'].includes(status) && /\r\nX-Portcullis-Request:/i.test(text);
      if (isRefusal) done({ isOpen: false, detail: `refused, ${status}` });
      else if (text.includes('\r\n\r\n')) done({ isOpen: true, detail: `it answers ${status}` });
    });
    return socket;
  });
}

function tls(host: string, port: number, name: string | undefined): Promise<Seen> {
  return within((done) => {
    const named = name === undefined ? {} : { servername: name };
    const socket = connectTls({ host, port, rejectUnauthorized: false, ...named });
    socket.once('secureConnect', () => done({ isOpen: true, detail: 'the handshake succeeds' }));
    return socket;
  });
}

type DnsAttempt = Extract<Attempt, { kind: 'dns' }>;

function questionFor({ name }: DnsAttempt): Buffer {
  const questions = [{ type: 'A' as const, name }];
  return dnsPacket.encode({ type: 'query', id: 4_711, flags: dnsPacket.RECURSION_DESIRED, questions });
}

function judged(message: Buffer): Seen {
  try {
    const { answers, flags } = dnsPacket.decode(message);
    const count = answers?.length ?? 0;
    return count > 0
      ? { isOpen: true, detail: `${count} answers` }
      : { isOpen: false, detail: `refused, code ${(flags ?? 0) & 15}` };
  } catch {
    return { isOpen: true, detail: 'it answers something' };
  }
}

function dnsByUdp(attempt: DnsAttempt): Promise<Seen> {
  return udp(attempt.host, attempt.port, questionFor(attempt), judged);
}

function dnsByTcp(attempt: DnsAttempt): Promise<Seen> {
  return within((done) => {
    const question = questionFor(attempt);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(question.length);
    const socket = connect({ host: attempt.host, port: attempt.port }, () =>
      socket.write(Buffer.concat([length, question])),
    );
    let held = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      if (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) done(judged(held.subarray(2)));
    });
    return socket;
  });
}

function udp(host: string, port: number, message: Buffer, judge: (reply: Buffer) => Seen): Promise<Seen> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const finish = (seen: Seen): void => {
      clearTimeout(timer);
      socket.close();
      resolve(seen);
    };
    const timer = setTimeout(() => finish({ isOpen: false, detail: 'no answer' }), WAIT_MS);
    socket.once('error', ({ message: said }) => finish({ isOpen: false, detail: said }));
    socket.once('message', (reply) => finish(judge(reply)));
    socket.connect(port, host, (error?: Error) => {
      if (error === undefined) socket.send(message);
    });
  });
}

/** The first thing that is seen; an error, an end and silence are closed doors. */
function within(begin: (done: (seen: Seen) => void) => Socket): Promise<Seen> {
  return new Promise((resolve) => {
    const finish = (seen: Seen): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(seen);
    };
    const timer = setTimeout(() => finish({ isOpen: false, detail: 'no answer' }), WAIT_MS);
    const socket = begin(finish);
    socket.on('error', ({ message }) => finish({ isOpen: false, detail: message }));
    socket.on('close', () => finish({ isOpen: false, detail: 'closed' }));
  });
}

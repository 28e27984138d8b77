import { randomInt } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { formatAddress } from '../../net/index.ts';
import { Frames } from './frames.ts';
import { answersQuery } from './message.ts';
import type { Passed, Upstream } from './upstream.ts';

const IDLE_MS = 10_000; // RFC 7766 6.2.3: a connection is kept a little while
const QUERIES_AT_MOST = 1_000; // of one connection at once
const REPLY_BYTES = 65_535;

interface Pending {
  readonly query: Buffer;
  readonly finish: (passed: Passed) => void;
}

/** An upstream by TCP or TLS: one connection, kept while it is used, with many queries on it at once (RFC 7766 6.2.1). */
export class StreamUpstream {
  readonly #upstream: Upstream;
  #connection: { readonly socket: Socket; readonly pending: Map<number, Pending> } | undefined;

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
  }

  ask(query: Buffer, timeoutMs: number): Promise<Passed> {
    return new Promise((resolve) => {
      const { socket, pending } = this.#connection ?? this.#connect();
      if (pending.size >= QUERIES_AT_MOST) return resolve('no-reply');
      const sent = Buffer.from(query);
      let id = randomInt(65_536);
      while (pending.has(id)) id = randomInt(65_536);
      sent.writeUInt16BE(id, 0);
      const finish = (passed: Passed): void => {
        clearTimeout(timer);
        pending.delete(id);
        resolve(passed);
      };
      const timer = setTimeout(finish, timeoutMs, 'no-reply');
      pending.set(id, { query: sent, finish });
      const length = Buffer.alloc(2);
      length.writeUInt16BE(sent.length);
      socket.write(Buffer.concat([length, sent])); // held until it is connected
    });
  }

  close(): void {
    this.#connection?.socket.destroy();
  }

  #connect(): { readonly socket: Socket; readonly pending: Map<number, Pending> } {
    const socket = this.#open();
    const pending = new Map<number, Pending>();
    const connection = { socket, pending };
    this.#connection = connection;
    const frames = new Frames(REPLY_BYTES);
    socket.setNoDelay(true);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('data', (chunk) => {
      for (const message of frames.take(chunk)) {
        const asked = message.length < 2 ? undefined : pending.get(message.readUInt16BE(0));
        // Case is not looked at: nobody but the other end can speak here.
        if (asked !== undefined && answersQuery(message, asked.query, false)) asked.finish(message);
      }
    });
    socket.on('error', () => undefined); // `close` follows
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      if (this.#connection === connection) this.#connection = undefined;
      for (const { finish } of [...pending.values()]) finish('no-reply');
    });
    return connection;
  }

  #open(): Socket {
    const { address, port } = this.#upstream;
    const host = formatAddress(address);
    switch (this.#upstream.by) {
      case 'udp':
      case 'tcp':
        return connectTcp({ host, port });
      case 'tls': {
        const { name, authorities } = this.#upstream;
        const ca = authorities === undefined ? {} : { ca: authorities };
        const asked = name === undefined ? {} : { servername: name };
        return connectTls({ host, port, ...asked, minVersion: 'TLSv1.2', ALPNProtocols: ['dot'], ...ca });
      }
    }
  }
}

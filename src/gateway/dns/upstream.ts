import { createSocket } from 'node:dgram';
import type { ConnectionOptions } from 'node:tls';
import { type Address, type DnsName, formatAddress } from '../../net/index.ts';
import { answersQuery } from './message.ts';
import { StreamUpstream } from './stream-upstream.ts';

/** Where questions are passed on to. */
export type Upstream =
  | { readonly by: 'udp' | 'tcp'; readonly address: Address; readonly port: number } // by UDP: long answers by TCP
  | {
      readonly by: 'tls'; // RFC 7858
      readonly address: Address;
      readonly port: number;
      readonly name?: DnsName; // that its certificate must be for (RFC 8310 8.1); absent: for its address
      readonly authorities?: ConnectionOptions['ca']; // absent: those that Node trusts
    };

/** What came of passing a question on; `altered`: an answer whose letters are not those that were sent. */
export type Passed = Buffer | 'no-reply' | 'altered';

/** An upstream that can be asked. */
export interface Asked {
  /** @param query in wire form, its id chosen anew each time */
  readonly ask: (query: Buffer, timeoutMs: number) => Promise<Passed>;
  /** The same by a connection, where an answer did not fit or cannot be believed. */
  readonly askAgain: ((query: Buffer, timeoutMs: number) => Promise<Passed>) | undefined;
  readonly close: () => void;
}

export function askable(upstream: Upstream): Asked {
  const stream = new StreamUpstream(upstream);
  const byStream = (query: Buffer, timeoutMs: number): Promise<Passed> => stream.ask(query, timeoutMs);
  const close = (): void => stream.close();
  switch (upstream.by) {
    case 'udp':
      return { ask: (query, timeoutMs) => askByUdp(upstream, query, timeoutMs), askAgain: byStream, close };
    case 'tcp':
    case 'tls':
      return { ask: byStream, askAgain: undefined, close };
  }
}

const WRONG_AT_MOST = 32; // messages from the upstream's address that are no answer: somebody guesses, and UDP is left

/**
 * A socket for each query, so that its port is the kernel's choice anew each time (RFC 5452 9.2); connected, so that the kernel lets
 * nothing in from elsewhere; closed with the answer, so that whatever comes later meets nobody (D13).
 */
function askByUdp(
  { address, port }: { readonly address: Address; readonly port: number },
  query: Buffer,
  timeoutMs: number,
): Promise<Passed> {
  return new Promise((resolve) => {
    const socket = createSocket({
      type: address.family === 4 ? 'udp4' : 'udp6',
      lookup: (host, _options, done) => done(null, host, address.family), // it is an address, and nothing is to wait for
    });
    let wrong = 0;
    const finish = (passed: Passed): void => {
      clearTimeout(timer);
      socket.close();
      resolve(passed);
    };
    const timer = setTimeout(() => finish('no-reply'), timeoutMs);
    socket.on('message', (message) => {
      if (answersQuery(message, query, true)) finish(message);
      else if (answersQuery(message, query, false) || ++wrong >= WRONG_AT_MOST) finish('altered');
    });
    socket.once('error', () => finish('no-reply')); // refused, or no way there
    socket.connect(port, formatAddress(address), () => socket.send(query));
  });
}

import type { Socket } from 'node:net';

export type Unfinished = 'late' | 'ended' | 'interrupted';

interface Reading {
  readonly socket: Socket;
  readonly early: Uint8Array; // read already
  readonly ms: number | undefined; // a deadline from now; `undefined`: none
  readonly until?: Promise<unknown>; // ends the reading, too
}

/**
 * Gives what a client sends to `take`, piece by piece, until that says something. The socket is paused then; who comes next resumes
 * it. Nothing that was taken is put back.
 */
export function readUntil<Outcome>(
  { socket, early, ms, until }: Reading,
  take: (chunk: Uint8Array) => Outcome | undefined,
): Promise<Outcome | Unfinished> {
  const atOnce = take(early);
  if (atOnce !== undefined) return Promise.resolve(atOnce);
  if (socket.destroyed || socket.readableEnded) return Promise.resolve('ended');
  return new Promise((resolve) => {
    const settle = (outcome: Outcome | Unfinished): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('end', onEnd).off('close', onEnd);
      socket.pause();
      resolve(outcome);
    };
    const onData = (chunk: Buffer): void => {
      const outcome = take(chunk);
      if (outcome !== undefined) settle(outcome);
    };
    const onEnd = (): void => settle('ended');
    const timer = ms === undefined ? undefined : setTimeout(() => settle('late'), ms);
    void until?.then(() => settle('interrupted'));
    socket.on('data', onData).once('end', onEnd).once('close', onEnd).resume();
  });
}

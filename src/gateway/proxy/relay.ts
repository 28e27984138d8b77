import type { Socket } from 'node:net';
import type { Admission } from '../admission.ts';
import type { Dialled } from '../dial.ts';

const KEEPALIVE_MS = 60_000; // a peer that has gone without a word is noticed some minutes later
const HALF_CLOSED_MS = 300_000; // without a byte, once one side has said that it sends no more
const FLUSH_MS = 30_000; // for what is on its way to a destination whose client is gone

/** Makes a connection end with its client, and both when the policy no longer allows them. */
export function hold(client: Socket, { socket: upstream, address }: Dialled, admission: Admission): void {
  for (const socket of [client, upstream]) {
    socket.on('error', () => socket.destroy());
    socket.setKeepAlive(true, KEEPALIVE_MS);
  }
  client.once('close', () => {
    if (upstream.destroyed) return;
    upstream.destroySoon();
    setTimeout(() => upstream.destroy(), FLUSH_MS).unref();
  });
  admission.connected(address, () => {
    client.destroy();
    upstream.destroy();
  });
}

/** Everything both ways from now on, until either ends by whatever cause. @param early of the client, read already. */
export function relay(client: Socket, { socket: upstream }: Dialled, admission: Admission, early: Uint8Array): void {
  const ended = (): void => {
    admission.closed({ sent: upstream.bytesWritten, received: upstream.bytesRead });
    if (upstream.errored === null) client.destroySoon();
    else client.destroy();
  };
  if (client.destroyed) upstream.destroy();
  if (upstream.destroyed) return void ended();
  upstream.once('close', ended);
  for (const socket of [client, upstream]) {
    socket.once('end', () => upstream.setTimeout(HALF_CLOSED_MS, () => upstream.destroy()));
  }
  if (early.length > 0) upstream.write(early);
  client.pipe(upstream);
  upstream.pipe(client);
}

import type { Endpoint } from '../net/index.ts';
import type { Client } from './wanted.ts';

/**
 * Who is at the other end: for a process of this machine its account, which the kernel knows; for others their address. `undefined`
 * where nobody can tell: refused.
 *
 * @param server the other end as the client sees it: before the kernel redirected it
 * @param own the other end as it is
 */
export type WhoAsks = (
  protocol: 'tcp' | 'udp',
  client: Endpoint,
  server: Endpoint,
  own: Endpoint,
) => Client | undefined;

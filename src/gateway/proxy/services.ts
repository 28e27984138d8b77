import type { Addresses } from '../dial.ts';
import type { Gatekeeper } from '../gatekeeper.ts';
import type { Arrivals, Limits } from './arrivals.ts';
import type { Credentials } from './credentials.ts';

/** What a client must speak on a port; `any` where that is not said. */
export type Speech = 'tls' | 'http' | 'any';

/** What every way into the proxy needs. */
export interface ProxyServices {
  readonly gatekeeper: Gatekeeper;
  readonly addresses: Addresses;
  readonly credentials: Credentials;
  readonly arrivals: Arrivals;
  readonly limits: Limits;
  readonly speechOf: (port: number) => Speech; // of a destination's port
}

/** IANA's assignments, and what nearly everything else relies on. */
export const SPEECH_OF_PORTS: ReadonlyMap<number, Speech> = new Map([
  [80, 'http'],
  [443, 'tls'],
]);

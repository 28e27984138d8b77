import type { ConnectionProtocol } from '../policy.ts';
import { badValue } from './label-selector.ts';
import type { Part } from './part.ts';

/** TCP, UDP or SCTP; TCP where nothing is written, as everywhere in the API. */
export function transportProtocol(part: Part): ConnectionProtocol {
  if (!part.exists) return 'TCP';
  const text = part.text();
  if (text === undefined) return 'TCP';
  if (text === 'TCP' || text === 'UDP' || text === 'SCTP') return text;
  badValue(part, '`TCP`, `UDP` or `SCTP`');
  return 'TCP';
}

export function portNumber(part: Part): number | undefined {
  const port = part.integer();
  if (port === undefined) return undefined;
  return isPort(port) ? port : badValue(part, 'a port from 1 to 65535');
}

export function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

/** The number of a port, or the name of a container's port (RFC 6335, 5.1, as the API server checks it). */
export function portNumberOrName(part: Part): number | string | undefined {
  const port = part.integerOrText();
  if (typeof port === 'number') return isPort(port) ? port : badValue(part, 'a port from 1 to 65535');
  if (port !== undefined && !isPortName(port))
    return badValue(part, 'a port, or the name of one (at most 15 letters, digits and `-`)');
  return port;
}

export function isPortName(name: string): boolean {
  return /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name);
}

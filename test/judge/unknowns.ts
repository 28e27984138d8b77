import { whenIptablesHolds } from './iptables/known.ts';
import type { Packet } from './packet.ts';

/**
 * When a condition holds that our reader says nobody can know, here, where some are known: limits and quotas are too wide to bite, no
 * socket waits for a packet, and we have made the packets ourselves. `undefined` where it cannot be known here either.
 */
export function whenHolds(text: string): ((packet: Packet) => boolean) | undefined {
  if (/^(?:limit rate|quota) over /.test(text)) return () => false;
  if (/^(?:limit rate|quota) /.test(text)) return () => true;
  if (/^meta sk[ug]id /.test(text)) return () => false; // at input: the owner of a socket that the packet belongs to
  if (text === 'IPv6 extension headers') return ({ family, options }) => family === 6 && options;
  return whenIptablesHolds(text);
}

import type { DnsName } from '../../net/index.ts';
import { nameBytes } from './message.ts';
import { endOfName } from './query.ts';

/**
 * Keys of SVCB parameters (RFC 9460 14.3.2, RFC 9848) that no client is told: with `ech` it would hide the name from whoever judges it, and
 * addresses come by A and AAAA only, where they are judged and opened.
 */
const WITHHELD: ReadonlySet<number> = new Set([4 /* ipv4hint */, 5 /* ech */, 6 /* ipv6hint */]);
const MANDATORY = 0;

/**
 * The data of an SVCB or HTTPS record as clients may have it; `undefined` where it is malformed, asks for a parameter that is withheld, or leads
 * to another name: the policy may not, and clients do without the record (RFC 9460 3).
 */
export function withoutWithheld(data: Buffer, owner: DnsName): Buffer | undefined {
  const end = data.length < 3 ? undefined : endOfName(data, 2);
  if (end === undefined) return undefined;
  const target = data.subarray(2, end);
  const isSelf = target.length === 1 || target.toString('latin1').toLowerCase() === nameBytes(owner).toString('latin1');
  if (!isSelf) return undefined;
  const kept: Buffer[] = [data.subarray(0, end)];
  let before = -1;
  for (let at = end; at < data.length; ) {
    if (at + 4 > data.length) return undefined;
    const key = data.readUInt16BE(at);
    const next = at + 4 + data.readUInt16BE(at + 2);
    if (next > data.length || key <= before) return undefined; // RFC 9460 2.2: strictly increasing
    if (key === MANDATORY && mandatoryKeys(data.subarray(at + 4, next)).some((each) => WITHHELD.has(each)))
      return undefined;
    if (!WITHHELD.has(key)) kept.push(data.subarray(at, next));
    before = key;
    at = next;
  }
  return Buffer.concat(kept);
}

function mandatoryKeys(value: Buffer): number[] {
  return Array.from({ length: value.length >> 1 }, (_, index) => value.readUInt16BE(2 * index));
}

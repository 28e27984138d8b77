import type { Address, DnsName } from '../../net/index.ts';
import type { Answer, DnsRecord } from './answer.ts';
import { TYPE } from './record-type.ts';
import { addressBytes } from './reply.ts';
import type { Question } from './validate.ts';

/** Names that are answered here, with the addresses that were configured for them. */
export type LocalNames = ReadonlyMap<DnsName, readonly Address[]>;

const SECONDS = 60; // to live

/** What is configured for a name; for types that it has nothing of, that there is nothing. `undefined`: it is not a name of ours. */
export function localAnswer(names: LocalNames, { name, type }: Question, now: number): Answer | undefined {
  const addresses = names.get(name);
  if (addresses === undefined) return undefined;
  const family = type === TYPE.A ? 4 : type === TYPE.AAAA ? 6 : undefined;
  const records = addresses
    .filter((address) => address.family === family)
    .map((address): DnsRecord => ({ owner: name, type, seconds: SECONDS, data: addressBytes(address), address }));
  return { kind: 'found', hasName: true, records, authority: [], from: now, until: now + SECONDS * 1_000 };
}

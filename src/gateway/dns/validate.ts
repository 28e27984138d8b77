import type { Address, DnsName } from '../../net/index.ts';
import { type Answer, type AnswerLimits, clampedSeconds, type DnsRecord } from './answer.ts';
import { hostName, type RawRecord, type Reply } from './message.ts';
import { RCODE } from './query.ts';
import { TYPE } from './record-type.ts';
import { withoutWithheld } from './service-binding.ts';

const FAILURE_MS = 1_000; // RFC 9520 3.2: at least

export interface Question {
  readonly name: DnsName;
  readonly type: number;
}

/**
 * What of a reply is believed: the aliases that lead from the question on, and the records of the type that was asked for at their
 * end. All else is somebody's wish to be remembered, and is passed over (D11).
 *
 * @param now milliseconds
 */
export function validated({ name, type }: Question, reply: Reply, limits: AnswerLimits, now: number): Answer {
  if (reply.rcode !== RCODE.ok && reply.rcode !== RCODE.noName) return failure('refused', now);
  const chain = aliases(name, type, reply.answers, limits.aliases);
  if (chain === undefined) return failure('unusable', now);
  const clamp = (seconds: number): number => clampedSeconds(seconds, limits.leastSeconds, limits.mostSeconds);
  const asked = different(reply.answers.filter((each) => each.owner === chain.end && each.type === type));
  const records = asked.flatMap((record) => readRecord(record, clamp(record.ttl))).slice(0, limits.records);
  if (records.length > 0 && reply.rcode === RCODE.ok) {
    const all = [...chain.records.map((record) => ({ ...record, seconds: clamp(record.ttl) })), ...records];
    const seconds = all.reduce((least, each) => Math.min(least, each.seconds), limits.mostSeconds);
    return { kind: 'found', hasName: true, records: all, authority: [], from: now, until: now + seconds * 1_000 };
  }
  return nothing(chain.end, chain.records, reply, limits, now);
}

export function failure(why: 'no-reply' | 'refused' | 'unusable' | 'busy', now: number): Answer {
  return { kind: 'failed', why, until: now + FAILURE_MS };
}

/** The CNAMEs from the question on; `undefined` where they go in a circle, on for too long, or to something that is no host name. */
function aliases(
  name: DnsName,
  type: number,
  answers: readonly RawRecord[],
  most: number,
): { readonly records: readonly RawRecord[]; readonly end: DnsName } | undefined {
  const records: RawRecord[] = [];
  for (let end = name; ; ) {
    const here = end;
    const alias =
      type === TYPE.CNAME ? undefined : answers.find((each) => each.owner === here && each.type === TYPE.CNAME);
    if (alias === undefined) return { records, end };
    const target = hostName(alias.data);
    if (target === undefined || records.length >= most) return undefined;
    records.push(alias);
    end = target;
  }
}

function different(records: readonly RawRecord[]): RawRecord[] {
  return [...new Map(records.map((record) => [record.data.toString('latin1'), record])).values()];
}

/** One record, or none where its data is not what its type says. */
function readRecord({ owner, type, data }: RawRecord, seconds: number): DnsRecord[] {
  switch (type) {
    case TYPE.A:
    case TYPE.AAAA: {
      const address = addressOf(type, data);
      return address === undefined ? [] : [{ owner, type, seconds, data, address }];
    }
    case TYPE.SVCB:
    case TYPE.HTTPS: {
      const told = withoutWithheld(data, owner);
      return told === undefined ? [] : [{ owner, type, seconds, data: told }];
    }
    default:
      return [{ owner, type, seconds, data }];
  }
}

function addressOf(type: number, data: Buffer): Address | undefined {
  if (type === TYPE.A) return data.length === 4 ? { family: 4, value: BigInt(data.readUInt32BE(0)) } : undefined;
  return data.length === 16
    ? { family: 6, value: (data.readBigUInt64BE(0) << 64n) | data.readBigUInt64BE(8) }
    : undefined;
}

/** NXDOMAIN or nothing of this type, for as long as the zone's SOA says (RFC 2308 5), which must be above the name. */
function nothing(end: DnsName, chain: readonly RawRecord[], reply: Reply, limits: AnswerLimits, now: number): Answer {
  const soa = reply.authority.find(
    ({ owner, type, data }) => type === TYPE.SOA && data.length >= 22 && (owner === end || end.endsWith(`.${owner}`)),
  );
  const told = soa === undefined ? 0 : Math.min(soa.ttl, soa.data.readUInt32BE(soa.data.length - 4));
  const clamp = (seconds: number): number => clampedSeconds(seconds, limits.leastSeconds, limits.mostNegativeSeconds);
  const seconds = chain.reduce((least, { ttl }) => Math.min(least, clamp(ttl)), clamp(told));
  const record = (raw: RawRecord): DnsRecord => ({ ...raw, seconds });
  return {
    kind: 'found',
    hasName: reply.rcode === RCODE.ok,
    records: chain.map(record),
    authority: soa === undefined ? [] : [record(soa)],
    from: now,
    until: now + seconds * 1_000,
  };
}

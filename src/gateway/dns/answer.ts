import type { Address, DnsName } from '../../net/index.ts';

/** A resource record of class IN. */
export interface DnsRecord {
  readonly owner: DnsName;
  readonly type: number;
  readonly seconds: number; // to live, clamped, when the answer came
  readonly data: Buffer; // in wire form, names written out
  readonly address?: Address; // of A and AAAA
}

/** What the world says to a question, checked; for whom it is, is asked later. */
export interface FoundAnswer {
  readonly kind: 'found';
  readonly hasName: boolean; // false: NXDOMAIN
  readonly records: readonly DnsRecord[]; // the aliases from the question on, then what was asked for
  readonly authority: readonly DnsRecord[]; // where nothing was found: the SOA that says for how long
  readonly from: number; // milliseconds of the clock when it came
  readonly until: number; // and when it is no longer good, exclusive
}

export interface NoAnswer {
  readonly kind: 'failed';
  readonly why: 'no-reply' | 'refused' | 'unusable' | 'busy';
  readonly until: number; // it is not tried again before then
}

export type Answer = FoundAnswer | NoAnswer;

/** Bounds of what is believed of an answer. Seconds; inclusive. */
export interface AnswerLimits {
  readonly leastSeconds: number; // to live: 0 would ask upstream for each query
  readonly mostSeconds: number;
  readonly mostNegativeSeconds: number; // RFC 2308 5 lets it be up to three hours
  readonly records: number; // of the type that was asked for
  readonly aliases: number; // CNAMEs from the question on
}

export const ANSWER_LIMITS: AnswerLimits = {
  leastSeconds: 5,
  mostSeconds: 3_600,
  mostNegativeSeconds: 300,
  records: 32,
  aliases: 8,
};

/** RFC 2181 8: a time to live with the highest bit set is 0. */
export function clampedSeconds(seconds: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, seconds >= 0x8000_0000 ? 0 : seconds));
}

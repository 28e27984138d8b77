import type { Rate } from '../../ir/index.ts';
import { burstOf, SECONDS } from '../netfilter/rate.ts';
import type { LimitStatement } from './ast.ts';

/** Sources that a rated flow keeps apart, at most; a source beyond them is not let in until another's time is up. */
export const RATE_SET_SIZE = 65_535;

/** How long a silent source is remembered, in seconds: until its bucket is full again, when it is as good as new. */
export function rateTimeout(rate: Rate): number {
  return Math.max(60, Math.ceil((burstOf(rate) * SECONDS[rate.per]) / rate.count));
}

export function rateLimit(rate: Rate): LimitStatement {
  return { kind: 'limit', over: false, count: rate.count, per: rate.per, burst: burstOf(rate) };
}

/** The rate that a limit of ours says; `undefined` where we would not have written it so. */
export function rateOfLimit(limit: LimitStatement, perSource: boolean): Rate | undefined {
  if (limit.over || limit.per === 'week' || limit.count < 1) return undefined;
  const rate: Rate = { count: limit.count, per: limit.per, perSource };
  return limit.burst === burstOf(rate) ? rate : undefined;
}

import type { Rate } from '../../ir/index.ts';
import { DEFAULT_BURST, type LimitStatement } from './ast.ts';

const SECONDS = { second: 1, minute: 60, hour: 3_600, day: 86_400, week: 604_800 } as const;

/** Sources that a rated flow keeps apart, at most; a source beyond them is not let in until another's time is up. */
export const RATE_SET_SIZE = 65_535;

/**
 * The bucket of a rate: never more at once than nft's own default, nor than the rate allows in its period (`1/day` means
 * one, not five and then one a day).
 */
function rateBurst(rate: Rate): number {
  return Math.min(rate.count, DEFAULT_BURST);
}

/** How long a silent source is remembered, in seconds: until its bucket is full again, when it is as good as new. */
export function rateTimeout(rate: Rate): number {
  return Math.max(60, Math.ceil((rateBurst(rate) * SECONDS[rate.per]) / rate.count));
}

export function rateLimit(rate: Rate): LimitStatement {
  return { kind: 'limit', over: false, count: rate.count, per: rate.per, burst: rateBurst(rate) };
}

/** The rate that a limit of ours says; `undefined` where we would not have written it so. */
export function rateOfLimit(limit: LimitStatement, perSource: boolean): Rate | undefined {
  if (limit.over || limit.per === 'week' || limit.count < 1) return undefined;
  const rate: Rate = { count: limit.count, per: limit.per, perSource };
  return limit.burst === rateBurst(rate) ? rate : undefined;
}

import type { Rate } from '../../ir/index.ts';

export const SECONDS = { second: 1, minute: 60, hour: 3_600, day: 86_400 } as const;

/** What both languages assume where a limit names no burst: packets. */
const DEFAULT_BURST = 5;

/**
 * The bucket of a rate: never more at once than the default, nor than the rate allows in its period (`1/day` means one, not five and
 * then one a day).
 */
export function burstOf(rate: Rate): number {
  return Math.min(rate.count, DEFAULT_BURST);
}

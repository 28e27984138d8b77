import type { Rate } from '../../ir/index.ts';
import { burstOf, SECONDS } from '../netfilter/rate.ts';
import type { Module, Option } from './ast.ts';
import { option } from './build.ts';
import { rateOfTable, rateTable } from './names.ts';

/** Sources that a rated flow keeps apart, at most; the packet of one beyond them is dropped. */
const MOST_SOURCES = 65_535;

/** XT_HASHLIMIT_SCALE_v2 (include/uapi/linux/netfilter/xt_hashlimit.h): the smallest time between two packets, parts of a second. */
const SCALE = 1_000_000;

/** What iptables takes: one packet in each of those parts (`parse_rate`, extensions/libxt_hashlimit.c). */
export function isWritableRate({ count, per }: Rate): boolean {
  return count <= SCALE * SECONDS[per];
}

/** Holds for packets within the rate, counted for all rules that name the same table. */
export function rateMatch(flow: string, rate: Rate): Module {
  return {
    name: 'hashlimit',
    options: [
      option('--hashlimit-upto', `${rate.count}/${rate.per}`),
      option('--hashlimit-burst', String(burstOf(rate))),
      ...(rate.perSource ? [option('--hashlimit-mode', 'srcip')] : []),
      option('--hashlimit-name', rateTable(flow, rate)),
      option('--hashlimit-htable-max', String(MOST_SOURCES)),
      // A source that is forgotten has a full bucket again: not before it would have filled up anyway. Milliseconds.
      option('--hashlimit-htable-expire', String(SECONDS[rate.per] * 1_000)),
    ],
  };
}

/** The flow and rate that a match of ours says; `undefined` where we would not have written it so. */
export function rateOfMatch(options: readonly Option[]): { readonly flow: string; readonly rate: Rate } | undefined {
  const value = (name: string): string | undefined => {
    const found = options.find((each) => each.name === name);
    return found?.negated === true ? undefined : found?.values[0];
  };
  const known = rateOfTable(value('--hashlimit-name') ?? '');
  if (known === undefined) return undefined;
  const { rate } = known;
  const [, count, unit] = /^(\d+)\/(second|sec|minute|min|hour|day)$/.exec(value('--hashlimit-upto') ?? '') ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const isSame =
    between(Number(count), UNITS[unit] ?? 0) === between(rate.count, SECONDS[rate.per]) &&
    Number(value('--hashlimit-burst') ?? '5') === burstOf(rate) &&
    value('--hashlimit-mode') === (rate.perSource ? 'srcip' : undefined) &&
    // Where it is not said it is the unit that the rate is said in (hashlimit_mt_final, extensions/libxt_hashlimit.c).
    Number(value('--hashlimit-htable-expire') ?? (UNITS[unit] ?? 0) * 1_000) === SECONDS[rate.per] * 1_000 &&
    value('--hashlimit-srcmask') === undefined;
  return isSame ? known : undefined;
}

const UNITS: Readonly<Record<string, number>> = { ...SECONDS, sec: 1, min: 60 };

/** The time between two packets as the kernel keeps it; iptables-save says it in the unit that fits best. */
function between(count: number, seconds: number): number {
  return Math.floor((SCALE * seconds) / count);
}

import { BYTE_UNITS, type ByteUnit, type LimitStatement } from './ast.ts';

/*
 * The same amount of data may be written in several units, and nft lists it in the largest that holds it without a rest: what is known by its
 * text has to have one.
 */

interface Amount {
  readonly count: number;
  readonly unit: ByteUnit;
}

function inLargestUnit(count: number, unit: ByteUnit): Amount {
  if (count === 0) return { count, unit: 'bytes' };
  const larger = BYTE_UNITS[BYTE_UNITS.indexOf(unit) + 1];
  return larger === undefined || count % 1024 !== 0 ? { count, unit } : inLargestUnit(count / 1024, larger);
}

/** `1024 kbytes` as `1 mbytes`; whatever else is left as it is. */
export function amountInLargestUnit(amount: string): string {
  const [count = '', word] = amount.split(' ');
  const unit = BYTE_UNITS.find((each) => each === word);
  if (unit === undefined) return amount;
  const found = inLargestUnit(Number(count), unit);
  return `${found.count} ${found.unit}`;
}

export function inLargestUnits(limit: LimitStatement): LimitStatement {
  const rate = limit.unit === undefined ? {} : inLargestUnit(limit.count, limit.unit);
  const depth = limit.burstUnit === undefined ? undefined : inLargestUnit(limit.burst, limit.burstUnit);
  return { ...limit, ...rate, ...(depth === undefined ? {} : { burst: depth.count, burstUnit: depth.unit }) };
}

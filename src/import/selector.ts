import type { InterfacePattern, Range } from '../ir/index.ts';

/**
 * Which packets of a hook a flow speaks of, beside addresses and services. What is absent is whatever it may be; `null` is said of concrete
 * packets only: none of the values that rules name.
 */
export interface Selector {
  readonly in?: InterfacePattern;
  readonly out?: InterfacePattern;
  readonly account?: Range;
  readonly cgroup?: string;
  readonly group?: string; // of names
  readonly rate?: RateSymbol;
}

/** A limit of a firewall as a policy would say it. */
export interface RateSymbol {
  readonly text: string; // `6/minute per source`
  readonly keys: readonly string[]; // the symbols that say that the limit is exceeded, or for our own table that it is kept
  readonly flow?: string; // whose limit it is, where the firewall says so
}

/** One kind of concrete packet, with a value for everything that a selector can name. */
export interface PacketClass {
  readonly in: string;
  readonly out: string;
  readonly account: Range | null; // null: no socket
  readonly cgroup: string | null;
  readonly group: string | null;
  readonly rate: RateSymbol | null;
}

export function fits(selector: Selector, packets: PacketClass): boolean {
  return (
    (selector.in === undefined || isNamed(selector.in, packets.in)) &&
    (selector.out === undefined || isNamed(selector.out, packets.out)) &&
    (selector.account === undefined ||
      (packets.account !== null &&
        selector.account.first <= packets.account.first &&
        packets.account.last <= selector.account.last)) &&
    (selector.cgroup === undefined || selector.cgroup === packets.cgroup) &&
    (selector.group === undefined || selector.group === packets.group) &&
    (selector.rate === undefined || selector.rate === packets.rate)
  );
}

function isNamed({ name, wildcard }: InterfacePattern, interfaceName: string): boolean {
  return wildcard ? interfaceName.startsWith(name) : interfaceName === name;
}

/** How much a selector narrows: general ones come first. */
export function specificity({ in: input, out, account, cgroup, group, rate }: Selector): number {
  const pattern = (each: InterfacePattern | undefined): number =>
    each === undefined ? 0 : each.wildcard ? 20 + each.name.length : 60;
  const uids = account === undefined ? 0 : 60 - Math.log2(account.last - account.first + 2);
  return pattern(input) + pattern(out) + uids + [cgroup, group, rate].filter((each) => each !== undefined).length * 60;
}

/** A name for each way in which packets can come through interfaces: one for each pattern, and one that no rule names. */
export function interfaceNames(patterns: readonly InterfacePattern[]): string[] {
  const names = new Set<string>();
  for (const pattern of [...patterns, { name: '', wildcard: true }]) {
    if (!pattern.wildcard) names.add(pattern.name);
    else {
      const longer = patterns.filter((other) => other !== pattern && other.name.startsWith(pattern.name));
      const fresh = ['0', '~', 'x', 'zq', 'q9', 'other0']
        .map((end) => (pattern.name + end).slice(0, 15))
        .find((name) => !longer.some((other) => isNamed(other, name)));
      if (fresh !== undefined) names.add(fresh);
    }
  }
  return [...names];
}

/** Accounts cut at every border that a rule names, so that no rule tells the members of one piece apart. */
export function accountPieces(ranges: readonly Range[]): Range[] {
  const HIGHEST = 0xffff_fffe; // 2^32 - 1 is no account
  const starts = new Set([0, ...ranges.flatMap(({ first, last }) => [first, last + 1])]);
  const sorted = [...starts].filter((start) => start <= HIGHEST).sort((a, b) => a - b);
  return sorted.map((first, index) => ({ first, last: (sorted[index + 1] ?? HIGHEST + 1) - 1 }));
}

import type { Field, InterfacePattern, Match, Range, Ruleset, Side } from '../ir/index.ts';

/** The values by which a ruleset tells packets apart, as far as a policy can name them. */
export interface Vocabulary {
  readonly in: readonly InterfacePattern[];
  readonly out: readonly InterfacePattern[];
  readonly accounts: readonly Range[];
  readonly quantities: readonly string[];
}

export function vocabularyOf(ruleset: Ruleset): Vocabulary {
  const found = {
    in: new Map<string, InterfacePattern>(),
    out: new Map<string, InterfacePattern>(),
    accounts: new Map<string, Range>(),
    quantities: new Set<string>(),
  };
  for (const match of matchesOf(ruleset)) {
    visit(match, (part) => {
      if (part.kind === 'interface')
        for (const pattern of part.names)
          found[part.side].set(`${pattern.name}${pattern.wildcard ? '*' : ''}`, pattern);
      else if (part.kind === 'field' && part.field === 'srcAccount')
        for (const range of part.ranges) found.accounts.set(`${range.first}-${range.last}`, range);
      else if (part.kind === 'quantity') found.quantities.add(part.quantity);
    });
  }
  return {
    in: [...found.in.values()],
    out: [...found.out.values()],
    accounts: [...found.accounts.values()],
    quantities: [...found.quantities],
  };
}

/** Values that no rule singles out: what most packets have. */
export interface Ordinary {
  readonly address: (side: Side, family: 4 | 6) => bigint;
  readonly port: (field: Extract<Field, 'sport' | 'dport'>) => number;
}

/** A range that holds more than this share of all values singles nothing out. */
const HALF_OF_PORTS = 32_768;

export function ordinaryOf(ruleset: Ruleset): Ordinary {
  const addresses = new Map<string, { first: bigint; last: bigint }[]>();
  const ports = { sport: new Set<number>(), dport: new Set<number>() };
  for (const match of matchesOf(ruleset)) {
    visit(match, (part) => {
      if (part.kind === 'address') {
        for (const { family, first, last } of part.ranges) {
          if (last - first >= 1n << BigInt(family === 4 ? 31 : 125)) continue;
          const key = `${part.side} ${family}`;
          const known = addresses.get(key);
          if (known === undefined) addresses.set(key, [{ first, last }]);
          else known.push({ first, last });
        }
      } else if (part.kind === 'field' && (part.field === 'sport' || part.field === 'dport')) {
        for (const { first, last } of part.ranges) {
          if (last - first >= HALF_OF_PORTS) continue;
          for (let port = first; port <= last; port++) ports[part.field].add(port);
        }
      }
    });
  }
  const usual = new Map<string, bigint>();
  const address = (side: Side, family: 4 | 6): bigint => {
    const key = `${side} ${family}`;
    const found = usual.get(key) ?? outside(addresses.get(key) ?? [], family);
    usual.set(key, found);
    return found;
  };
  return {
    address,
    port: (field) => {
      const candidates = field === 'sport' ? [40_000, 45_678, 50_001] : [47_001, 31_007, 61_003];
      return candidates.find((port) => !ports[field].has(port)) ?? 1;
    },
  };
}

/** An address in none of the ranges, of those that one may meet. */
function outside(ranges: readonly { first: bigint; last: bigint }[], family: 4 | 6): bigint {
  const inRange = (value: bigint): boolean => ranges.some(({ first, last }) => first <= value && value <= last);
  const start = family === 4 ? 0x5000_0000n : 0x2a00n << 112n; // 80.0.0.0, 2a00::
  const candidates = [start, ...ranges.map(({ last }) => last + 1n)];
  const highest = family === 4 ? 0xdfff_ffffn : (1n << 126n) - 1n;
  return candidates.find((value) => value <= highest && !inRange(value)) ?? start;
}

function* matchesOf(ruleset: Ruleset): Generator<Match> {
  for (const table of ruleset.tables) {
    for (const chain of table.chains) {
      for (const { match, action } of chain.rules) {
        yield match;
        if (action.kind === 'dispatch') for (const each of action.cases) yield each.match;
      }
    }
  }
}

function visit(match: Match, look: (part: Match) => void): void {
  look(match);
  switch (match.kind) {
    case 'all':
    case 'any':
      for (const part of match.of) visit(part, look);
      return;
    case 'not':
      visit(match.of, look);
      return;
    default:
      return;
  }
}

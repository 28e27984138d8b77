import { all, any, type Match, not, type Ruleset, rewriteMatches, symbol, symbolKey } from '../ir/index.ts';

/** A limit that the policy took over: the firewall's own conditions, and what the policy calls it. */
export interface TakenRate {
  readonly keys: readonly string[];
  readonly flow: string;
  readonly text: string;
}

/**
 * The firewall in the policy's terms, so that the two can be compared: addresses that are held for a name are the name, and a limit that the policy
 * took over is the policy's.
 */
export function inPolicyTerms(ruleset: Ruleset, rates: readonly TakenRate[]): Ruleset {
  const byKey = new Map(rates.flatMap((rate) => rate.keys.map((key) => [key, rate] as const)));
  const rewrite = (match: Match): Match => {
    switch (match.kind) {
      case 'all':
        return all(...match.of.map(rewrite));
      case 'any':
        return any(...match.of.map(rewrite));
      case 'not':
        return not(rewrite(match.of));
      case 'symbol': {
        const of = match.symbol;
        if (of.kind === 'member') return symbol({ kind: 'asked', group: of.group });
        const rate = byKey.get(symbolKey(of));
        if (rate === undefined) return match;
        const within = symbol({ kind: 'within-rate', flow: rate.flow, limit: rate.text });
        return of.kind === 'within-rate' ? within : not(within);
      }
      default:
        return match;
    }
  };
  return rewriteMatches(ruleset, rewrite);
}

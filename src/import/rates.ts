import { type Symbol as RuleSymbol, symbolKey } from '../ir/index.ts';
import type { RateSymbol } from './selector.ts';

/**
 * The limits of a firewall that a policy can say: our own table's by their flows, others by the words that readers give them: nft's
 * `limit rate over 6/minute burst 5 packets`, alone or of each source. Symbols with the same words are one limit: one for each family, as a rule.
 */
export function rateSymbols(symbols: readonly RuleSymbol[]): RateSymbol[] {
  const found = new Map<string, { text: string; keys: string[]; flow?: string }>();
  for (const symbol of symbols) {
    if (symbol.kind === 'within-rate') {
      const key = `own ${symbol.flow} ${symbol.limit}`;
      found.set(key, { text: symbol.limit, keys: [symbolKey(symbol)], flow: symbol.flow });
      continue;
    }
    const text = symbol.kind === 'unknown' ? rateText(symbol.text) : undefined;
    if (text === undefined || symbol.kind !== 'unknown') continue;
    const key = `${text} ${symbol.place}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { text, keys: [symbolKey(symbol)] });
    else known.keys.push(symbolKey(symbol));
  }
  return [...found.values()];
}

/** Limits of bytes, and of what is no source address, a policy cannot say. */
function rateText(words: string): string | undefined {
  const found = /^(ip6? saddr )?limit rate over (\d+)\/(second|minute|hour|day)(?: burst \d+ packets)?$/.exec(words);
  return found === null ? undefined : `${found[2]}/${found[3]}${found[1] === undefined ? '' : ' per source'}`;
}

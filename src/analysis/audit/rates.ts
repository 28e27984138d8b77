import { type Symbol as RuleSymbol, symbolKey } from '../../ir/index.ts';
import type { PacketSet } from '../../packetset/index.ts';
import { symbolsOf } from '../../semantics/index.ts';
import type { AuditView } from './view.ts';

/** Whether a sender who tries too often is stopped: some of the packets no longer pass when rates are exceeded. */
export function dependsOnRate(view: AuditView, packets: PacketSet): boolean {
  const rates = symbolsOf(view.ruleset).filter(isRate).map(symbolKey);
  if (rates.length === 0) return false;
  const dimensions = new Set(rates.flatMap((key) => [...view.space.dimensionsOf(view.space.symbol(key))]));
  const whateverTheRate = view.space.without(packets, dimensions);
  return !whateverTheRate.subtract(view.accepted).isEmpty();
}

/**
 * By the words of the rule: nft's `limit`, `ct count` and `meter` (nft(8)), iptables' limit, hashlimit, connlimit and recent
 * (iptables-extensions(8)).
 */
function isRate(symbol: RuleSymbol): boolean {
  if (symbol.kind === 'within-rate') return true;
  return symbol.kind === 'unknown' && /\b(?:limit|ct count|meter|hashlimit|connlimit|recent)\b/.test(symbol.text);
}

import {
  address,
  type ChainHook,
  type Effect,
  type Flow,
  field,
  type Match,
  type Rule,
  type Ruleset,
  type Table,
} from '../ir/index.ts';
import { addressRange } from '../net/index.ts';
import type { HeaderSpace, PacketSet } from '../packetset/index.ts';
import { denote } from './denote.ts';
import { evaluate } from './evaluate.ts';

/**
 * The packets that two rulesets both let through, but not to the same place. A verdict says nothing of where a packet ends: a
 * translation that is missing, or leads to another port that is open as well, shows only here.
 */
export function ledElsewhere(space: HeaderSpace, one: Ruleset, other: Ruleset): PacketSet {
  const places = new Map(
    [...placesOf(one), ...placesOf(other)].map((place) => [JSON.stringify(place, bigints), place]),
  );
  const differing = [...places.values()].map((place) => {
    const [a, b] = [
      denote(space, stoppedElsewhere(one, place)).accept,
      denote(space, stoppedElsewhere(other, place)).accept,
    ];
    return a.subtract(b).union(b.subtract(a));
  });
  if (differing.length === 0) return space.nothing();
  return space.union(differing).intersect(denote(space, one).accept).intersect(denote(space, other).accept);
}

/** The same of one packet: the concrete twin of `ledElsewhere`. */
export function isLedElsewhere(flow: Flow, one: Ruleset, other: Ruleset): boolean {
  const verdicts = (of: Ruleset, place: Match) => evaluate(stoppedElsewhere(of, place), flow).verdict === 'accept';
  const bothPass = [one, other].every((each) => evaluate(each, flow).verdict === 'accept');
  return (
    bothPass && [...placesOf(one), ...placesOf(other)].some((place) => verdicts(one, place) !== verdicts(other, place))
  );
}

/** The rules as for packets that none of them sends elsewhere: what can be reached directly. */
export function withoutTranslations(ruleset: Ruleset): Ruleset {
  const stays = ({ effects = [] }: Rule): boolean => effects.every(({ kind }) => kind !== 'translate');
  const tables = ruleset.tables.map((table) => ({
    ...table,
    chains: table.chains.map((chain) => ({ ...chain, rules: chain.rules.filter(stays) })),
  }));
  return { ...ruleset, tables };
}

/** Each constant that some rule writes into packets: what no rule writes, stays as it was on both sides. */
function placesOf(ruleset: Ruleset): Match[] {
  const rules = ruleset.tables.flatMap((table) => table.chains.flatMap((chain) => chain.rules));
  return rules.flatMap((rule) => (rule.effects ?? []).flatMap(placesOfEffect));
}

function placesOfEffect(effect: Effect): Match[] {
  if (effect.kind !== 'translate') return [];
  const { side, port } = effect;
  return [
    ...(effect.address === undefined ? [] : [address(side, addressRange(effect.address))]),
    ...(port === undefined ? [] : [field(side === 'dst' ? 'dport' : 'sport', port)]),
  ];
}

/** The rules with a last one behind them that lets through only what is going to a place by then. @param hooks behind whose chains */
export function stoppedElsewhere(
  ruleset: Ruleset,
  place: Match,
  hooks: readonly ChainHook[] = ['input', 'egress'],
): Ruleset {
  const last: Table = {
    name: 'where it leads',
    families: [4, 6],
    chains: hooks.map((hook) => ({
      name: hook,
      base: { hook, priority: Number.MAX_SAFE_INTEGER, policy: 'drop' },
      rules: [{ match: place, action: { kind: 'verdict', verdict: 'accept' }, origin: {} }],
    })),
  };
  return { ...ruleset, tables: [...ruleset.tables, last] };
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

import type { ChainHook } from '../../../src/ir/index.ts';
import type { Random } from '../random.ts';
import { WIRES } from '../world/topology.ts';
import type { TableFamily } from './draft.ts';
import type { Place } from './selectors.ts';

/** A kind of base chain: what it is for, where it stands, and in which tables. */
export interface BaseKind {
  readonly type: 'filter' | 'nat' | 'route';
  readonly hook: ChainHook;
  readonly families: readonly TableFamily[];
  readonly places: readonly Place[];
  readonly share: number; // how often it is picked, against the others
}

const IP: readonly TableFamily[] = ['ip', 'ip6', 'inet'];

export const BASE_KINDS: readonly BaseKind[] = [
  ...(['input', 'forward', 'postrouting'] as const).map((hook) => kind('filter', hook, IP, [], 5)),
  ...(['prerouting', 'output'] as const).map((hook) => kind('filter', hook, IP, ['notrack'], 5)),
  kind('filter', 'ingress', ['inet', 'netdev'], [], 2),
  kind('filter', 'egress', ['netdev'], [], 2),
  ...(['prerouting', 'output'] as const).map((hook) => kind('nat', hook, IP, ['dnat'], 2)),
  kind('nat', 'postrouting', IP, ['snat', 'masquerade'], 2),
  kind('nat', 'input', IP, ['snat'], 1),
  kind('route', 'output', ['ip', 'ip6'], [], 1),
];

function kind(
  type: BaseKind['type'],
  hook: ChainHook,
  families: readonly TableFamily[],
  places: readonly Place[],
  share: number,
): BaseKind {
  return { type, hook, families, places, share };
}

/** A base chain in nft's text, and what its rules may do. */
export interface Base {
  readonly text: string; // `type filter hook input priority 0; policy drop;`
  readonly policy: 'accept' | 'drop';
  readonly places: readonly Place[];
  readonly isNat: boolean;
  readonly again: string; // another chain of the kind there, which comes after this one
}

/** One of the kinds that a table can have; `undefined` where there is none. */
export function randomBase(random: Random, family: TableFamily, kinds: readonly BaseKind[]): Base | undefined {
  const fitting = kinds.filter(({ families }) => families.includes(family));
  const shares = fitting.flatMap((each) => Array.from({ length: each.share }, () => each));
  return shares.length === 0 ? undefined : writtenBase(random, random.pick(shares));
}

/** The chain at a random priority. */
export function writtenBase(random: Random, { type, hook, places }: BaseKind): Base {
  const priority = random.pick(prioritiesOf(type, hook));
  const policy = random.chance(0.3) ? 'drop' : 'accept';
  const written = (at: string, then: string): string =>
    `type ${type} hook ${hook}${deviceText(random, hook)} priority ${at}; policy ${then};`;
  const text = written(priority, policy);
  // After connection tracking `notrack` does next to nothing: it is seldom written there.
  const isLate = type === 'filter' && !EARLY.includes(priority) && random.chance(0.8);
  const isNat = type === 'nat';
  return { text, policy, places: isLate ? [] : places, isNat, again: written('200', 'accept') };
}

/** Priorities before connection tracking, at -200. */
const EARLY: readonly string[] = ['raw', 'raw + 5', '-250'];

const PRIORITIES: readonly string[] = [
  '0',
  '-150',
  '-1',
  '10',
  'filter',
  'filter + 5',
  'filter - 10',
  'mangle',
  'security',
  'mangle + 3',
  '300',
];

function prioritiesOf(type: BaseKind['type'], hook: ChainHook): readonly string[] {
  if (hook === 'ingress' || hook === 'egress') return ['0', 'filter', '-10', '5', '300'];
  if (type === 'nat')
    return [
      '-100',
      '100',
      '0',
      '-90',
      '90',
      hook === 'prerouting' ? 'dstnat' : hook === 'postrouting' ? 'srcnat' : '5',
    ];
  return hook === 'prerouting' || hook === 'output' ? [...PRIORITIES, ...EARLY] : PRIORITIES;
}

function deviceText(random: Random, hook: ChainHook): string {
  if (hook !== 'ingress' && hook !== 'egress') return '';
  const names = [...WIRES.map(({ name }) => name), 'lo'];
  if (random.chance(0.3)) return ` device "${random.pick(names)}"`;
  return ` devices = { ${random.some(names, random.between(2, 5)).join(', ')} }`;
}

import type { ChainHook } from '../../../src/ir/index.ts';
import type { Random } from '../random.ts';
import { type ChainDraft, FAMILIES, type RulesetDraft, type TableDraft, type TableFamily } from './draft.ts';
import { type Feature, fits, type Site, transportPrelude } from './features.ts';
import { type Needs, RARE, TRANSPORTS } from './selectors.ts';
import type { Style } from './styles.ts';

const TABLES: readonly TableFamily[] = ['inet', 'inet', 'ip', 'ip6'];
const PRIORITIES = [
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

const RARE_FIELDS = 3; // of those in `RARE`, in one ruleset

/** What random rulesets are made of. */
export interface Ingredients {
  readonly features: readonly Feature[];
  readonly hooks: readonly ChainHook[]; // where base chains stand
  readonly styles: readonly Style[];
}

/** A ruleset of one to three tables; chains lead only to later ones, so nothing leads back. */
export function randomRuleset(random: Random, { features, hooks, styles }: Ingredients): RulesetDraft {
  const rare = random.some(RARE, RARE_FIELDS);
  const picker = new Picker(
    features.filter(({ field }) => field === undefined || !RARE.includes(field) || rare.includes(field)),
  );
  return {
    style: random.chance(0.5) ? 'blocks' : random.pick(styles),
    tables: Array.from({ length: random.pick([1, 1, 2, 2, 3]) }, (_, index) =>
      randomTable(random, `t${index}`, picker, hooks),
    ),
  };
}

/** Features by kind and group: first a group is picked, then one of it. */
class Picker {
  readonly #groups = new Map<Feature['kind'], Map<string, Feature[]>>();

  constructor(features: readonly Feature[]) {
    for (const feature of features) {
      const ofKind = this.#groups.get(feature.kind) ?? new Map<string, Feature[]>();
      this.#groups.set(feature.kind, ofKind);
      const group = ofKind.get(feature.group);
      if (group === undefined) ofKind.set(feature.group, [feature]);
      else group.push(feature);
    }
  }

  /** @param without groups that are not to be picked from */
  pick(random: Random, kind: Feature['kind'], about: Needs, without: ReadonlySet<string>): Feature | undefined {
    const fitting = [...(this.#groups.get(kind) ?? [])].flatMap(([name, group]) => {
      if (without.has(name)) return [];
      const usable = group.filter((feature) => fits(feature, about));
      return usable.length === 0 ? [] : [usable];
    });
    return fitting.length === 0 ? undefined : random.pick(random.pick(fitting));
  }
}

function randomTable(random: Random, name: string, picker: Picker, hooks: readonly ChainHook[]): TableDraft {
  const family = random.pick(TABLES);
  const table: TableDraft = { family, name, objects: [], chains: [] };
  const regular = Array.from({ length: random.between(0, 3) }, (_, index) => `c${index}`);
  const rules = (callable: readonly string[], most: number, lean: Lean): string[] =>
    Array.from({ length: random.between(1, most) }, () => randomRule(random, table, callable, picker, lean));
  for (const index of Array(random.pick([1, 2, 2, 3])).keys()) {
    const [hook, priority] = [random.pick(hooks), random.pick(PRIORITIES)];
    const policy = random.chance(0.3) ? 'drop' : 'accept';
    const base = `type filter hook ${hook} priority ${priority}; policy ${policy};`;
    table.chains.push({ name: `b${index}`, base, rules: rules(regular, 5, policy === 'accept' ? 'drop' : 'accept') });
  }
  for (const [index, chain] of regular.entries()) {
    table.chains.push({ name: chain, rules: rules(regular.slice(index + 1), 4, random.pick(['accept', 'drop'])) });
  }
  return { ...table, chains: random.chance(0.5) ? calledFirst(table.chains) : table.chains };
}

/** nft takes chains in any order within a table. */
function calledFirst(chains: readonly ChainDraft[]): ChainDraft[] {
  return [...chains].reverse();
}

/** The verdict that rules of a chain have more often than others: the one that its policy is not, or nothing would show. */
type Lean = 'accept' | 'drop';

/** One rule: up to three conditions, perhaps a statement, and a verdict or a verdict map. */
function randomRule(
  random: Random,
  table: TableDraft,
  callable: readonly string[],
  picker: Picker,
  lean: Lean,
): string {
  const families = FAMILIES[table.family];
  const family = families.length === 1 ? families[0] : random.pick([undefined, undefined, 4, 6] as const);
  const transport = random.chance(0.4) ? undefined : random.pick(TRANSPORTS.filter((each) => inFamily(each, family)));
  const about: Needs = {
    ...(family === undefined ? {} : { family }),
    ...(transport === undefined ? {} : { transport }),
    ...(table.family === 'inet' ? { inet: true } : {}),
  };
  const site = siteIn(random, table, callable, about);
  const used = new Set<string>();
  let ordered = false;
  const part = (kind: Feature['kind']): string[] => {
    const feature = picker.pick(random, kind, about, used);
    if (feature === undefined) return [];
    used.add(feature.group);
    const text = feature.write(random, site);
    // nft 1.0.6 joins two comparisons into a range that it lists wrongly: `skuid < 33 tcp dport > 132` as `tcp dport != 33-132`.
    if (ordered && isOrdered(text)) return [];
    ordered ||= isOrdered(text);
    return [text];
  };
  // Few rules without a condition, and no broad one alone: what stands behind them would never be asked.
  const conditions = Array.from({ length: random.chance(0.05) ? 0 : random.between(1, 3) }, () => part('match')).flat();
  if (conditions.length > 0 && conditions.every(isBroad)) conditions.push(...part('match'));
  const statements = random.chance(0.3) ? part('statement') : [];
  const end = random.chance(0.15) ? part('map') : [];
  const verdict = end.length > 0 ? end : random.chance(0.4) ? [lean] : part('verdict');
  const comment = random.chance(0.05) ? ['comment "a rule"'] : [];
  return transportPrelude(random, transport) + [...conditions, ...statements, ...verdict, ...comment].join(' ');
}

function isOrdered(condition: string): boolean {
  return / [<>]=? /.test(condition);
}

/** A condition that nearly every packet meets. */
function isBroad(condition: string): boolean {
  return / (?:!=|<|>|<=|>=) /.test(condition);
}

function inFamily(transport: Needs['transport'], family: Needs['family']): boolean {
  if (transport === 'icmp') return family === 4;
  return transport === 'icmpv6' ? family === 6 : true;
}

function siteIn(random: Random, table: TableDraft, callable: readonly string[], about: Needs): Site {
  return {
    about,
    declare: (kind, body) => {
      const name = `${kind}${table.objects.length}`;
      table.objects.push(
        `${kind} ${name} { ${body}${body.endsWith(';') || body.endsWith('}') ? '' : ';'} }`.replace(/} }$/, '}; }'),
      );
      return name;
    },
    verdict: () => {
      const calls = callable.flatMap((chain) => [`jump ${chain}`, `goto ${chain}`]);
      return random.pick(['accept', 'accept', 'drop', 'drop', 'return', 'continue', ...calls]);
    },
  };
}

/** A table with a rule that shows one feature, for asking the reader whether it understands it. */
export function specimen(random: Random, feature: Feature): RulesetDraft {
  const family = feature.needs.family === undefined ? 'inet' : feature.needs.family === 4 ? 'ip' : 'ip6';
  const table: TableDraft = { family, name: 't', objects: [], chains: [] };
  const about: Needs = { family: family === 'ip6' ? 6 : 4, transport: random.pick(['tcp', 'udp', 'sctp']), inet: true };
  const site = siteIn(random, table, ['c'], about);
  const text = feature.write(random, site);
  const end = feature.kind === 'match' || feature.kind === 'statement' ? `${text} accept` : text;
  const base = 'type filter hook input priority 0; policy accept;';
  table.chains.push({ name: 'b', base, rules: [transportPrelude(random, feature.needs.transport) + end] });
  table.chains.push({ name: 'c', rules: ['accept'] });
  return { style: 'blocks', tables: [table] };
}

/** A table with a chain at a hook, written in a style. */
export function hookSpecimen(hook: ChainHook, style: Style): RulesetDraft {
  const base = `type filter hook ${hook} priority 0; policy accept;`;
  const objects = ['set s { type inet_service; elements = { 22 }; }'];
  const rules = ['ip saddr 10.0.0.0/8 drop', 'tcp dport @s jump c'];
  return {
    style,
    tables: [
      {
        family: 'inet',
        name: 't',
        objects,
        chains: [
          { name: 'b', base, rules },
          { name: 'c', rules: ['drop'] },
        ],
      },
    ],
  };
}

import type { Random } from '../random.ts';
import { BASE_KINDS, type Base, type BaseKind, randomBase, writtenBase } from './bases.ts';
import { type ChainDraft, FAMILIES, type RulesetDraft, type TableDraft, type TableFamily } from './draft.ts';
import { type About, type Feature, fits, type Site, transportPrelude } from './features.ts';
import { type Needs, RARE, TRANSPORTS } from './selectors.ts';
import type { Style } from './styles.ts';

const TABLES: readonly TableFamily[] = ['inet', 'inet', 'inet', 'ip', 'ip', 'ip6', 'ip6', 'netdev'];

const RARE_FIELDS = 3; // of those in `RARE`, in one ruleset

/** What random rulesets are made of. */
export interface Ingredients {
  readonly features: readonly Feature[];
  readonly bases: readonly BaseKind[];
  readonly styles: readonly Style[];
}

/** A ruleset of one to three tables; chains lead only to later ones, so nothing leads back. */
export function randomRuleset(random: Random, { features, bases, styles }: Ingredients): RulesetDraft {
  // Marks are set by rules and asked for again: more often than by chance.
  const rare = [...random.some(RARE, RARE_FIELDS), ...(random.chance(0.3) ? ['meta mark'] : [])];
  const picker = new Picker(
    features.filter(({ field }) => field === undefined || !RARE.includes(field) || rare.includes(field)),
  );
  const expected = new Set<string>();
  const tables = Array.from({ length: random.pick([1, 1, 2, 2, 3]) }, (_, index) =>
    randomTable(random, `t${index}`, picker, bases, (condition) => expected.add(condition)),
  );
  return {
    style: random.chance(0.5) ? 'blocks' : random.pick(styles),
    tables: [
      ...tables,
      ...(expected.size > 0 && random.chance(0.8) ? [lastTable(random, [...expected])] : []),
      ...(random.chance(0.05) ? [strangerTable(random)] : []),
    ],
  };
}

/** Behind all others: whatever rules may have made of packets is asked for. */
function lastTable(random: Random, expected: readonly string[]): TableDraft {
  const chains = (['input', 'forward', 'postrouting'] as const).map(
    (hook): ChainDraft => ({
      name: hook,
      base: `type filter hook ${hook} priority 400; policy accept;`,
      rules: random.some(expected, random.between(1, 4)).map((condition) => `${condition} drop`),
    }),
  );
  return { family: 'inet', name: 'last', objects: [], chains };
}

/** A table that drops all it sees, which is no IP packet of ours. */
function strangerTable(random: Random): TableDraft {
  const [family, hook] = random.pick([
    ['arp', 'input'],
    ['arp', 'output'],
    ['bridge', 'input'],
    ['bridge', 'forward'],
    ['bridge', 'prerouting'],
  ] as const);
  const base = `type filter hook ${hook} priority 0; policy drop;`;
  return { family, name: 'strange', objects: [], chains: [{ name: 'b', base, rules: ['counter drop'] }] };
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
  pick(random: Random, kind: Feature['kind'], about: About, without: ReadonlySet<string>): Feature | undefined {
    const fitting = [...(this.#groups.get(kind) ?? [])].flatMap(([name, group]) => {
      if (without.has(name)) return [];
      const usable = group.filter((feature) => fits(feature, about));
      return usable.length === 0 ? [] : [usable];
    });
    return fitting.length === 0 ? undefined : random.pick(random.pick(fitting));
  }
}

function randomTable(
  random: Random,
  name: string,
  picker: Picker,
  kinds: readonly BaseKind[],
  expect: Site['expect'],
): TableDraft {
  const family = random.pick(TABLES);
  const table: TableDraft = {
    family,
    name,
    objects: [],
    chains: [],
    ...(random.chance(0.05) ? { dormant: true } : {}),
  };
  const regular = Array.from({ length: random.between(0, 3) }, (_, index) => `c${index}`);
  const rules = (callable: readonly string[], most: number, lean: Lean, places: Base['places']): string[] =>
    withEchoes(
      random,
      [
        ...(random.chance(OPENS) ? openRule(random, table, callable, picker, places, expect) : []),
        ...Array.from({ length: random.between(1, most) }, () =>
          randomRule(random, table, callable, picker, lean, places, expect),
        ),
      ],
      lean,
    );
  for (const index of Array(random.pick([1, 2, 2, 3])).keys()) {
    const base = randomBase(random, family, kinds);
    if (base === undefined) continue;
    const lean = base.policy === 'accept' ? 'drop' : 'accept';
    const own = rules(regular, 5, lean, base.places);
    table.chains.push({ name: `b${index}`, base: base.text, rules: own });
    if (base.isNat && random.chance(0.5)) table.chains.push(secondOf(`again${index}`, base, own));
  }
  for (const [index, chain] of regular.entries()) {
    table.chains.push({ name: chain, rules: rules(regular.slice(index + 1), 4, random.pick(['accept', 'drop']), []) });
  }
  return { ...table, chains: random.chance(0.5) ? calledFirst(table.chains) : table.chains };
}

const CALL = /(?:jump|goto) c\d+(?= comment |$)/;
const TRANSLATION = /(?:meta l4proto \w+ )?(?:dnat|snat|redirect|masquerade)\b.*$/;

/** Behind a rule that calls a chain often stands one that asks the same again: what came back from there is decided otherwise than by the policy. */
function withEchoes(random: Random, rules: readonly string[], lean: Lean): string[] {
  const echoes = rules.filter((rule) => CALL.test(rule) && random.chance(0.6)).map((rule) => rule.replace(CALL, lean));
  return [...rules, ...echoes];
}

/** Another chain of type nat at the same hook, later: what the first one translates no longer comes there, whatever its rules say. */
function secondOf(name: string, { again }: Base, rules: readonly string[]): ChainDraft {
  const translating = rules.filter((rule) => TRANSLATION.test(rule));
  return { name, base: again, rules: translating.map((rule) => rule.replace(TRANSLATION, 'drop')) };
}

/** nft takes chains in any order within a table. */
function calledFirst(chains: readonly ChainDraft[]): ChainDraft[] {
  return [...chains].reverse();
}

/** The verdict that rules of a chain have more often than others: the one that its policy is not, or nothing would show. */
type Lean = 'accept' | 'drop';

const OPENS = 0.4; // how often a chain begins so
const OPEN = ['meta l4proto tcp', 'meta l4proto udp', 'meta l4proto { tcp, udp }'];

/** A rule that asks little: many packets are translated, or go through a chain that it calls. */
function openRule(
  random: Random,
  table: TableDraft,
  callable: readonly string[],
  picker: Picker,
  places: Base['places'],
  expect: Site['expect'],
): string[] {
  const family = FAMILIES[table.family].length === 1 ? FAMILIES[table.family][0] : undefined;
  const about: About = {
    places,
    ip: true,
    ...(family === undefined ? {} : { family }),
    ...(table.family === 'inet' ? { inet: true } : {}),
  };
  const site = siteIn(random, table, callable, about, expect);
  const open = random.pick(OPEN);
  const own = Array.from({ length: 3 }, () => picker.pick(random, 'place', about, new Set())).flatMap(
    (each) => each ?? [],
  );
  const chosen = own.find(({ name }) => name.includes('port')) ?? own[0];
  if (chosen !== undefined && random.chance(0.6)) {
    const text = chosen.write(random, site);
    return [text.startsWith('meta l4proto ') ? text : `${open} ${text}`];
  }
  const calls = callable.flatMap((chain) => [`jump ${chain}`, `goto ${chain}`]);
  return calls.length === 0 ? [] : [`${open} ${random.pick(calls)}`];
}

/** One rule: up to three conditions, perhaps a statement, and a verdict or a verdict map. */
function randomRule(
  random: Random,
  table: TableDraft,
  callable: readonly string[],
  picker: Picker,
  lean: Lean,
  places: Base['places'],
  expect: Site['expect'],
): string {
  const families = FAMILIES[table.family];
  const family = families.length === 1 ? families[0] : random.pick([undefined, undefined, 4, 6] as const);
  const transport = random.chance(0.4) ? undefined : random.pick(TRANSPORTS.filter((each) => inFamily(each, family)));
  const about: About = {
    places,
    ...(table.family === 'netdev' ? {} : { ip: true }),
    ...(family === undefined ? {} : { family }),
    ...(transport === undefined ? {} : { transport }),
    ...(table.family === 'inet' ? { inet: true } : {}),
  };
  const site = siteIn(random, table, callable, about, expect);
  // nft 1.0.6 lists `meta l4proto { 6, 17 } meta l4proto icmp th sport 1-8080`, which no packet meets, without its second condition.
  const used = new Set<string>(transport === 'th' ? ['protocols'] : []);
  let ordered = false;
  const part = (kind: Feature['kind']): string[] => {
    const feature = picker.pick(random, kind, about, used);
    if (feature === undefined) return [];
    // nft 1.0.6 lists `tcp dport 22 ip protocol 200 tcp sport 1` without what stands in its middle.
    if (feature.group === 'protocols' && transport !== undefined && used.size > 0) return [];
    used.add(feature.group);
    const text = feature.write(random, site);
    // nft 1.0.6 joins two comparisons into a range that it lists wrongly: `skuid < 33 tcp dport > 132` as `tcp dport != 33-132`.
    if (ordered && isOrdered(text)) return [];
    ordered ||= isOrdered(text);
    // nft 1.0.6 lists `meta l4proto 50 ct original ip saddr . meta l4proto . th dport @set` without its first half, `ct original protocol 2`, too.
    if (/\bmeta l4proto \. /.test(text)) {
      if (used.has('protocols')) return [];
      used.add('protocols');
    }
    return [text];
  };
  // Few rules without a condition, and no broad one alone: what stands behind them would never be asked.
  const conditions = Array.from({ length: random.chance(0.05) ? 0 : random.between(1, 3) }, () => part('match')).flat();
  if (conditions.length > 0 && conditions.every(isBroad)) conditions.push(...part('match'));
  const statements = random.chance(0.3) ? part('statement') : [];
  const own = places.length > 0 && random.chance(0.6) ? part('place') : [];
  const end = own.length > 0 ? own : random.chance(0.15) ? part('map') : [];
  const verdict = end.length > 0 ? end : random.chance(0.4) ? [lean] : part('verdict');
  // Of `ct mark set 1 meta l4proto tcp reject with tcp reset` nft 1.0.6 lists no condition: read so, it stands before the mark.
  const told =
    statements.length > 0 ? verdict.map((text) => text.replace(/^meta l4proto tcp (?=reject)/, '')) : verdict;
  // nft 1.0.6 lists `meta protocol ip6 meta l4proto tcp reject with tcp reset` without its first half, 1.1.3, too.
  const whole = used.has('protocols') ? told.map((text) => text.replace(/^.*reject with tcp reset$/, 'drop')) : told;
  const comment = random.chance(0.05) ? ['comment "a rule"'] : [];
  return transportPrelude(random, transport) + [...conditions, ...statements, ...whole, ...comment].join(' ');
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

function siteIn(
  random: Random,
  table: TableDraft,
  callable: readonly string[],
  about: About,
  expect: Site['expect'],
): Site {
  return {
    about,
    expect,
    declare: (kind, body) => {
      const name = `${kind}${table.objects.length}`;
      table.objects.push(
        `${kind} ${name} { ${body}${body.endsWith(';') || body.endsWith('}') ? '' : ';'} }`.replace(/} }$/, '}; }'),
      );
      return name;
    },
    share: (name, body) => {
      const text = `set ${name} { ${body} }`;
      if (!table.objects.includes(text)) table.objects.push(text);
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
  const { needs } = feature;
  const family = needs.family === undefined || needs.inet === true ? 'inet' : needs.family === 4 ? 'ip' : 'ip6';
  const table: TableDraft = { family, name: 't', objects: [], chains: [] };
  const kind = BASE_KINDS.find(({ places }) => needs.place !== undefined && places.includes(needs.place));
  const about: About = {
    family: family === 'ip6' ? 6 : 4,
    transport: random.pick(['tcp', 'udp', 'sctp']),
    inet: true,
    ip: true,
    places: [],
  };
  const site = siteIn(random, table, ['c'], about, () => undefined);
  const text = feature.write(random, site);
  const end = feature.kind === 'match' || feature.kind === 'statement' ? `${text} accept` : text;
  const base =
    kind === undefined ? 'type filter hook input priority 0; policy accept;' : writtenBase(random, kind).text;
  table.chains.push({ name: 'b', base, rules: [transportPrelude(random, needs.transport) + end] });
  table.chains.push({ name: 'c', rules: ['accept'] });
  return { style: 'blocks', tables: [table] };
}

/** A table with a chain of a kind, written in a style. */
export function baseSpecimen(random: Random, kind: BaseKind, style: Style): RulesetDraft {
  const objects = ['set s { type inet_service; elements = { 22 }; }'];
  const rules = ['ip saddr 10.0.0.0/8 drop', 'tcp dport @s jump c'];
  return {
    style,
    tables: [
      {
        family: kind.families[0] ?? 'inet',
        name: 't',
        objects,
        chains: [
          { name: 'b', base: writtenBase(random, kind).text, rules },
          { name: 'c', rules: ['drop'] },
        ],
      },
    ],
  };
}

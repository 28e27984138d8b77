import type { Action, Chain, Origin, Rule, Ruleset, Table } from '../../ir/index.ts';
import type { SourceFile, Span } from '../../source/index.ts';
import type { Program } from '../iptables/ast.ts';
import { liftProgram } from '../iptables/lift.ts';
import type { Lifted } from '../target.ts';
import type { Setup } from './setup.ts';

/** What all that ufw loads means. */
export function liftSetup(setup: Setup): Lifted {
  const { ruleset, opaque } = liftProgram(programOf(setup));
  return finished(setup, { ruleset: { ...ruleset, layer: 'ufw' }, opaque });
}

/** Its rules as those of iptables that they are. */
function programOf({ tables }: Setup): Program {
  return { tables, sets: [] };
}

/** Rules that come from one of ufw's own, in place of the text that it makes of them; what is allowed within a limit said where it is allowed. */
export function finished(setup: Setup, { ruleset, opaque }: Lifted): Lifted {
  const place = new Places(setup);
  const ofUfw = (table: Table): boolean => /^ip6? filter\b/.test(table.name);
  const tables = ruleset.tables.map((table) => (ofUfw(table) ? withoutIdle(withoutLimitAccept(table)) : table));
  return {
    ruleset: {
      ...ruleset,
      tables: tables.map((table) => ({
        ...table,
        chains: table.chains.map((chain) => ({
          ...chain,
          rules: chain.rules.map((rule) => ({ ...rule, origin: place.originOf(rule.origin) })),
        })),
      })),
    } satisfies Ruleset,
    opaque: opaque.map((each) => {
      const { span = each.span, text = each.text } = place.originOf({ span: each.span, text: each.text });
      return { ...each, span, text };
    }),
  };
}

class Places {
  readonly #files: ReadonlyMap<SourceFile, Setup['origins'][number]['parts']>;
  readonly #own: ReadonlySet<SourceFile | undefined>;

  constructor({ origins, files }: Setup) {
    this.#files = new Map(origins.map(({ file, parts }) => [file, parts]));
    this.#own = new Set(
      ([4, 6] as const).flatMap((family) => [files[family].before, files[family].user, files[family].after]),
    );
  }

  originOf(origin: Origin): Origin {
    const flow = origin.flow ?? (this.#own.has(origin.span?.file) ? commentOf(origin.text) : undefined);
    return { ...origin, ...(flow === undefined ? {} : { flow }), ...this.#told(origin.span) };
  }

  #told(span: Span | undefined): Origin {
    const parts = span === undefined ? undefined : this.#files.get(span.file);
    if (span === undefined || parts === undefined) return {};
    let low = 0;
    let high = parts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (parts[middle]![0] <= span.start) low = middle + 1;
      else high = middle;
    }
    return parts[low - 1]?.[1] ?? {};
  }
}

/** The remark of a rule of iptables. */
function commentOf(text: string | undefined): string | undefined {
  return /--comment (?:"([^"]*)"|(\S+))/
    .exec(text ?? '')
    ?.slice(1)
    .find((each) => each !== undefined);
}

/**
 * ufw lets through what keeps a limit by a chain which does nothing else. In its place the rules that lead there accept themselves: of the
 * chain nothing tells which rule it was.
 */
function withoutLimitAccept(table: Table): Table {
  const [only, ...more] = table.chains.filter(({ name }) => /^ufw6?-user-limit-accept$/.test(name));
  if (only === undefined || more.length > 0 || !isAccepting(only)) return table;
  const chains = table.chains
    .filter((chain) => chain !== only)
    .map((chain) => ({ ...chain, rules: chain.rules.map((rule) => accepting(rule, only.name)) }));
  return { ...table, chains };
}

/** Chains that ufw keeps for rules which may come, as long as none leads there: nobody wrote them. */
const KEPT = /^ufw6?-(?:user-limit|logging-(?:allow|deny)|skip-to-policy-\w+|user-logging-\w+)$/;

function withoutIdle(table: Table): Table {
  const called = new Set(
    table.chains.flatMap(({ rules }) =>
      rules.flatMap(({ action }) => (action.kind === 'jump' || action.kind === 'goto' ? [action.chain] : [])),
    ),
  );
  return { ...table, chains: table.chains.filter(({ name }) => called.has(name) || !KEPT.test(name)) };
}

function isAccepting({ base, rules: [rule, ...more] }: Chain): boolean {
  return (
    base === undefined &&
    more.length === 0 &&
    rule?.match.kind === 'everything' &&
    rule.effects === undefined &&
    rule.action.kind === 'verdict' &&
    rule.action.verdict === 'accept'
  );
}

function accepting(rule: Rule, chain: string): Rule {
  const { action } = rule;
  const leads = (action.kind === 'jump' || action.kind === 'goto') && action.chain === chain;
  return leads ? { ...rule, action: { kind: 'verdict', verdict: 'accept' } satisfies Action } : rule;
}

import { type Diagnostic, diagnose, hasErrors } from '../../diagnostic/index.ts';
import { DEFAULT_VERDICT, HOOKS, type Hook, type Intent, type Verdict } from '../../ir/index.ts';
import { type Family, PROTOCOLS } from '../../net/index.ts';
import { Unwritable } from '../netfilter/normal-form.ts';
import { pairsOf } from '../netfilter/pair.ts';
import type { Lowered } from '../target.ts';
import { approximationsOf } from './approximations.ts';
import type { Chain, CounterObject, Element, Program, Rule, SetDeclaration, Statement, Table } from './ast.ts';
import * as build from './build.ts';
import { grantProblems, intentProblems } from './check-intent.ts';
import { gateStatements, isOpen, type Lane, lanesOf } from './lane.ts';
import { lookups } from './lookup.ts';
import { lowerMatch } from './lower-match.ts';
import {
  baselineCounter,
  cgroupLevel,
  cgroupSet,
  containerSet,
  DENIED_COUNTERS,
  flowCounter,
  LOG_GROUP,
  nameSet,
  TABLE_NAME,
} from './names.ts';
import { NFTABLES_PROBLEMS } from './problems.ts';
import { RateChains } from './rate-chain.ts';
import { REDIRECTS, redirectBase, redirectRules } from './redirect.ts';

/** Just before the place where others filter, so that a drop here is final and theirs still count. */
export const PRIORITY = -5;

/**
 * An intent as one owned table. A packet meets the baseline as ordinary rules, then one lookup for each shape of flow in its family's
 * chain, whatever the number of flows, then denial.
 */
export function lowerIntent(intent: Intent): Lowered<Program> {
  const diagnostics: Diagnostic[] = [...intentProblems(intent)];
  const approximations = intent.grants.flatMap((grant) => {
    const pairs = pairsOf(grant);
    diagnostics.push(...grantProblems(grant, pairs, intent));
    return approximationsOf(grant, pairs);
  });
  const writable = !hasErrors(diagnostics);
  const table = new TableWriter(intent, diagnostics).table(writable ? lanesOf(intent.grants) : []);
  const empty: Table = { family: table.family, name: table.name, counters: [], sets: [], chains: [] };
  return {
    ast: {
      // Made if it is missing, then removed with all that is in it, then made anew: one transaction, the same at any time.
      commands: [
        { kind: 'table', table: empty },
        { kind: 'delete-table', family: table.family, name: table.name },
        { kind: 'table', table },
      ],
    },
    approximations,
    diagnostics,
  };
}

class TableWriter {
  readonly #intent: Intent;
  readonly #diagnostics: Diagnostic[];
  readonly #sets: SetDeclaration[] = [];
  readonly #chains: Chain[] = [];
  readonly #rates: RateChains;

  constructor(intent: Intent, diagnostics: Diagnostic[]) {
    this.#intent = intent;
    this.#diagnostics = diagnostics;
    this.#rates = new RateChains(intent.grants);
  }

  table(lanes: readonly Lane[]): Table {
    this.#symbolSets(lanes);
    const inner = new Map(
      HOOKS.flatMap((hook) =>
        ([4, 6] as const).map((family) => [chainName(hook, family), this.#grants(hook, family, lanes)] as const),
      ),
    );
    const base = HOOKS.map((hook) =>
      this.#base(
        hook,
        ([4, 6] as const).filter((family) => inner.get(chainName(hook, family)) ?? false),
      ),
    );
    return {
      family: 'inet',
      name: TABLE_NAME,
      counters: this.#counters(),
      sets: [...this.#sets, ...this.#rates.sets()],
      chains: [...this.#redirects(), ...base, ...this.#chains, ...this.#rates.chains()],
    };
  }

  #counters(): CounterObject[] {
    const pieces = this.#intent.baseline.map((piece) => ({ name: baselineCounter.of(piece.name) }));
    const flows = this.#intent.grants.map((grant) => ({ name: flowCounter.of(grant.name) }));
    return [...pieces, ...flows, ...HOOKS.map((hook) => ({ name: DENIED_COUNTERS[hook] }))];
  }

  /** Sets that others fill while the table stands: empty at load, so that nothing missing can make a boot fail. */
  #symbolSets(lanes: readonly Lane[]): void {
    const { redirects = [] } = this.#intent;
    const groups = new Set(lanes.flatMap((lane) => (lane.gate.group === undefined ? [] : [lane.gate.group])));
    for (const group of groups) {
      for (const family of [4, 6] as const) {
        this.#sets.push({
          name: nameSet(group, family),
          key: { kind: 'type', parts: [family === 4 ? 'ipv4_addr' : 'ipv6_addr'] },
          flags: ['timeout'],
          elements: [],
        });
      }
    }
    this.#containerSets();
    const cgroups = new Set([
      ...lanes.flatMap((lane) => (lane.gate.cgroup === undefined ? [] : [lane.gate.cgroup])),
      ...redirects.flatMap(({ from }) => from.flatMap(({ cgroup }) => cgroup ?? [])),
    ]);
    for (const path of cgroups) {
      const expression = { kind: 'socket', key: 'cgroupv2', level: cgroupLevel(path) } as const;
      this.#sets.push({ name: cgroupSet.of(path), key: { kind: 'typeof', expression }, flags: [], elements: [] });
    }
  }

  /** Who is in a zone of containers as the rules are written; whoever comes and goes afterwards is put in and taken out. */
  #containerSets(): void {
    const peers = this.#intent.grants.flatMap(({ from, to }) => [...from, ...to]);
    const live = peers.flatMap((peer) => (peer.kind === 'remote' && peer.live !== undefined ? [peer] : []));
    for (const [zone, places] of Map.groupBy(live, (peer) => peer.live!)) {
      for (const family of [4, 6] as const) {
        const elements = places.flatMap(({ ranges, interfaces = [] }) =>
          interfaces.flatMap((through) =>
            ranges
              .filter((range) => range.family === family)
              .map((range) => ({
                key: { kind: 'concat', parts: [build.interfaceWord(through), build.addressExpression(range)] } as const,
              })),
          ),
        );
        this.#sets.push({
          name: containerSet(zone, family),
          key: { kind: 'type', parts: ['ifname', family === 4 ? 'ipv4_addr' : 'ipv6_addr'] },
          flags: [],
          elements: distinctElements(elements),
        });
      }
    }
  }

  #base(hook: Hook, families: readonly Family[]): Chain {
    const baseline = this.#intent.baseline.flatMap((piece) =>
      piece.rules.flatMap((rule) => {
        const label = `baseline:${piece.name}`;
        if (rule.action.kind !== 'verdict') {
          this.#diagnostics.push(
            diagnose(NFTABLES_PROBLEMS.unwritableMatch, rule.origin.span, label, 'more than a verdict'),
          );
          return [];
        }
        const { verdict } = rule.action;
        return this.#matchRules(label, rule.origin.span, () => lowerMatch(rule.match, hook)).map((conditions) =>
          build.rule(
            [...conditions, build.count(baselineCounter.of(piece.name)), ...verdictStatements(verdict)],
            label,
          ),
        );
      }),
    );
    return {
      name: hook,
      base: { type: 'filter', hook, priority: PRIORITY, policy: 'drop' },
      rules: [...baseline, ...familyDispatch(hook, families), ...denial(hook)],
    };
  }

  /** What sends packets elsewhere; there is no such chain where nothing does. */
  #redirects(): Chain[] {
    const { redirects = [] } = this.#intent;
    const rules = redirects.flatMap((redirect) =>
      redirectRules(redirect, (match) =>
        this.#matchRules(redirect.name, redirect.origin.span, () => lowerMatch(match, 'output')),
      ),
    );
    return rules.length === 0 ? [] : [{ name: REDIRECTS, base: redirectBase(), rules }];
  }

  #matchRules(label: string, span: Diagnostic['span'], lower: () => Statement[][]): Statement[][] {
    try {
      return lower();
    } catch (error) {
      if (!(error instanceof Unwritable)) throw error;
      this.#diagnostics.push(diagnose(NFTABLES_PROBLEMS.unwritableMatch, span, label, error.message));
      return [];
    }
  }

  /** The chain of a hook and family with its lookups; false where it would be empty. */
  #grants(hook: Hook, family: Family, lanes: readonly Lane[]): boolean {
    const name = chainName(hook, family);
    const rules: Rule[] = [];
    const gated: Chain[] = [];
    for (const lane of lanes) {
      if (lane.hook !== hook || lane.family !== family) continue;
      if (isOpen(lane.gate)) {
        rules.push(...this.#lookups(lane.rated ? `${name}-rated` : name, lane));
        continue;
      }
      const chain = `${name}-gate-${gated.length + 1}`;
      gated.push({ name: chain, rules: this.#lookups(chain, lane) });
      for (const way of gateStatements(lane.gate, family)) rules.push(build.rule([...way, build.jump(chain)]));
    }
    if (rules.length === 0) return false;
    this.#chains.push({ name, rules }, ...gated);
    return true;
  }

  #lookups(name: string, lane: Lane): Rule[] {
    const found = lookups(name, lane.family, lane.boxes, {
      data: lane.rated ? 'verdict' : 'counter',
      keepAll: lane.rated,
      element: (cell) =>
        lane.rated
          ? { kind: 'verdict', verdict: build.jumpTo(this.#rates.chainFor(cell.flows, lane.family)) }
          : { kind: 'object', name: flowCounter.of(cell.flows[0]!) },
    });
    this.#sets.push(...found.map((each) => each.map));
    return found.map((each) => each.rule);
  }
}

/** A container that several flows name is in the set once. */
function distinctElements<E extends Element>(elements: readonly E[]): readonly E[] {
  const text = (element: E): string =>
    JSON.stringify(element.key, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return [...new Map(elements.map((element) => [text(element), element])).values()];
}

function chainName(hook: Hook, family: Family): string {
  return `${hook}-${build.familyWord(family)}`;
}

function familyDispatch(hook: Hook, families: readonly Family[]): Rule[] {
  if (families.length === 0) return [];
  const elements = families.map((family) => ({
    key: build.familyConstant(family),
    data: { kind: 'verdict', verdict: build.jumpTo(chainName(hook, family)) } as const,
  }));
  return [build.rule([{ kind: 'vmap', key: build.NFPROTO, data: { kind: 'set', elements } }])];
}

/** Logged at a bounded rate, counted, refused. */
function denial(hook: Hook): Rule[] {
  const counted = build.count(DENIED_COUNTERS[hook]);
  const verdict = DEFAULT_VERDICT[hook];
  return [
    build.rule([
      { kind: 'limit', over: false, count: 10, per: 'second', burst: 20 },
      { kind: 'log', prefix: `portcullis deny ${hook} `, group: LOG_GROUP },
    ]),
    ...(verdict === 'reject'
      ? [build.rule([counted]), RESET, build.rule(verdictStatements(verdict))]
      : [build.rule([counted, ...verdictStatements(verdict)])]),
  ];
}

/**
 * A local sender's connect() must fail at once. A reset does that; measured on Linux 6.18, an ICMP error ends a connect over
 * IPv4 at once, but over IPv6 only when the second SYN goes out, a second later.
 */
const RESET: Rule = build.rule([
  build.equals(build.L4PROTO, build.number(PROTOCOLS.tcp)),
  { kind: 'reject', with: { kind: 'tcp-reset' } },
]);

function verdictStatements(verdict: Verdict): Statement[] {
  switch (verdict) {
    case 'accept':
    case 'drop':
      return [build.decide(verdict)];
    case 'reject':
      return [{ kind: 'reject', with: { kind: 'icmpx', code: 'admin-prohibited' } }];
  }
}

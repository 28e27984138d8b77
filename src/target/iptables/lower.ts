import { type Diagnostic, diagnose, hasErrors } from '../../diagnostic/index.ts';
import { DEFAULT_VERDICT, HOOKS, type Hook, type Intent, type Verdict } from '../../ir/index.ts';
import { type Family, PROTOCOLS } from '../../net/index.ts';
import { Unwritable } from '../netfilter/normal-form.ts';
import { pairsOf } from '../netfilter/pair.ts';
import { unwrittenRedirects } from '../netfilter/redirect.ts';
import type { Lowered } from '../target.ts';
import { AddressSets, listed } from './address-sets.ts';
import { approximationsOf } from './approximations.ts';
import type { Chain, Program, Rule, Table, Target } from './ast.ts';
import * as build from './build.ts';
import { both, type Conditions } from './build.ts';
import { grantProblems } from './check-intent.ts';
import { Dispatch } from './dispatch.ts';
import { lowerMatch } from './lower-match.ts';
import { BUILTINS, FRAMES, policyChain } from './names.ts';
import { IPTABLES_PROBLEMS } from './problems.ts';
import { rateMatch } from './rate.ts';
import { TooManyWays, type Way, waysOf } from './way.ts';

export interface WriterOptions {
  readonly useSets: boolean; // sets of ipset for names and for long lists of addresses
}

/**
 * An intent as chains of the filter table, for both families. A packet meets the baseline, then the flows, parted into chains where
 * they are many, then those with a rate, then denial. What is allowed RETURNs to the built-in chain: chains lead on by `goto` only, so
 * that no chain of ours is between.
 */
export function lowerIntent(intent: Intent, { useSets }: WriterOptions): Lowered<Program> {
  const diagnostics: Diagnostic[] = [];
  const ofGrants = intent.grants.flatMap((grant) => {
    const pairs = pairsOf(grant);
    diagnostics.push(...grantProblems(grant, pairs, intent, useSets));
    return approximationsOf(grant, pairs, useSets);
  });
  const approximations = [...ofGrants, ...unwrittenRedirects(intent)];
  if (hasErrors(diagnostics)) return { ast: { tables: [], sets: [] }, approximations, diagnostics };
  const writer = new Writer(intent, useSets, diagnostics);
  const tables = ([4, 6] as const).map((family) => writer.table(family));
  return { ast: { tables, sets: writer.sets.all() }, approximations, diagnostics };
}

class Writer {
  readonly sets = new AddressSets();
  readonly #intent: Intent;
  readonly #useSets: boolean;
  readonly #diagnostics: Diagnostic[];

  constructor(intent: Intent, useSets: boolean, diagnostics: Diagnostic[]) {
    this.#intent = intent;
    this.#useSets = useSets;
    this.#diagnostics = diagnostics;
  }

  table(family: Family): Table {
    const frames = HOOKS.map((hook) => chain(FRAMES[hook], [build.rule(build.ALWAYS, build.goto(policyChain(hook)))]));
    const policy = HOOKS.flatMap((hook) => this.#policy(hook, family));
    const builtins = HOOKS.map((hook) => chain(BUILTINS[hook], [build.rule(build.ALWAYS, build.jump(FRAMES[hook]))]));
    return { family, name: 'filter', chains: [...frames, ...policy, ...builtins] };
  }

  #policy(hook: Hook, family: Family): Chain[] {
    const ways = this.#ways(hook, family);
    const plain = ways.filter(({ rate }) => rate === undefined);
    const rated = ways.filter(({ rate }) => rate !== undefined);
    const denied = policyChain(hook, 'deny');
    const ratedChain = policyChain(hook, 'rated');
    const nameChain = (...parts: readonly (string | number)[]): string => policyChain(hook, ...parts);
    // A packet beyond its rate may still be allowed by another flow, and one that another flow allows is not counted.
    const first = new Dispatch(nameChain, allowed, leadTo(rated.length === 0 ? denied : ratedChain));
    const second = new Dispatch(
      (...parts) => nameChain('r', ...parts),
      (way) => allowedWithin(way, hook),
      leadTo(denied),
    );
    const root = chain(policyChain(hook), [...this.#baseline(hook, family), ...first.rules(plain)]);
    const last = rated.length === 0 ? [] : [chain(ratedChain, second.rules(rated)), ...second.chains];
    return [root, ...first.chains, ...last, chain(denied, denial(hook, family))];
  }

  #ways(hook: Hook, family: Family): Way[] {
    return this.#intent.grants.flatMap((grant) => {
      try {
        return pairsOf(grant).flatMap((pair) => {
          if (pair.hook !== hook || pair.cgroup !== undefined) return [];
          if (pair.group !== undefined && !this.#useSets) return [];
          if (pair.group !== undefined) this.sets.names(pair.group, family);
          return waysOf(grant, pair, family, this.#ask);
        });
      } catch (error) {
        if (!(error instanceof TooManyWays)) throw error;
        const { tooManyRules } = IPTABLES_PROBLEMS;
        this.#diagnostics.push(diagnose(tooManyRules, grant.origin.span, grant.name, error.count));
        return [];
      }
    });
  }

  readonly #ask: Parameters<typeof waysOf>[3] = (ranges, family) =>
    this.#useSets ? this.sets.ask(ranges, family) : listed(ranges);

  #baseline(hook: Hook, family: Family): Rule[] {
    return this.#intent.baseline.flatMap((piece) =>
      piece.rules.flatMap(({ match, action, origin }) => {
        const label = `baseline:${piece.name}`;
        const say = (what: string): void => {
          this.#diagnostics.push(diagnose(IPTABLES_PROBLEMS.unwritableMatch, origin.span, label, what));
        };
        if (action.kind !== 'verdict') {
          say('more than a verdict');
          return [];
        }
        const target = targetOf(action.verdict, family);
        try {
          return lowerMatch(match, hook, family).map((conditions) => build.rule(conditions, target, label));
        } catch (error) {
          if (!(error instanceof Unwritable)) throw error;
          say(error.message);
          return [];
        }
      }),
    );
  }
}

function chain(name: string, rules: readonly Rule[]): Chain {
  return { name, rules };
}

function leadTo(name: string): Rule {
  return build.rule(build.ALWAYS, build.goto(name));
}

function targetOf(verdict: Verdict, family: Family): Target {
  switch (verdict) {
    case 'accept':
      return RETURN;
    case 'drop':
      return build.jump('DROP');
    case 'reject':
      return reject(family === 4 ? 'icmp-admin-prohibited' : 'icmp6-adm-prohibited');
  }
}

const RETURN = build.jump('RETURN');

function reject(how: string): Target {
  return build.jump('REJECT', build.option('--reject-with', how));
}

function allowed({ conditions, flow }: Way): Rule[] {
  return [build.rule(conditions, RETURN, flow)];
}

/** Within the rate a packet is let through; beyond it that is logged, and it goes on: another flow may still allow it. */
function allowedWithin(way: Way, hook: Hook): Rule[] {
  const { conditions, flow, rate } = way;
  if (rate === undefined) return allowed(way);
  const within = both(conditions, { options: [], matches: [rateMatch(flow, rate)] });
  return [build.rule(within, RETURN, flow), logged(conditions, `portcullis over ${hook} ${flow}`)];
}

/** At a bounded rate. */
function logged(conditions: Conditions, prefix: string): Rule {
  const limit = build.module('limit', build.option('--limit', '10/second'), build.option('--limit-burst', '20'));
  // The kernel keeps 64 bytes with a NUL (struct xt_nflog_info); a blank parts it from what the reader of the log adds.
  const text = `${prefix.slice(0, MAX_LOG_PREFIX - 1)} `;
  return build.rule(
    both(conditions, limit),
    build.jump('NFLOG', build.option('--nflog-group', LOG_GROUP), build.option('--nflog-prefix', text)),
  );
}

const MAX_LOG_PREFIX = 63;
const LOG_GROUP = '86'; // as that of the nftables target

/**
 * Logged, then refused. A local sender's connect() must fail at once: a reset does that, while an ICMP error over IPv6 ends it only when
 * the second SYN goes out, a second later (measured on Linux 6.18).
 */
function denial(hook: Hook, family: Family): Rule[] {
  const verdict = DEFAULT_VERDICT[hook];
  const log = logged(build.ALWAYS, `portcullis deny ${hook}`);
  const last = build.rule(build.ALWAYS, targetOf(verdict, family));
  return verdict === 'reject'
    ? [log, build.rule(build.protocol(PROTOCOLS.tcp), reject('tcp-reset')), last]
    : [log, last];
}

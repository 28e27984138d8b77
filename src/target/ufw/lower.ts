import { type Diagnostic, diagnose, hasErrors } from '../../diagnostic/index.ts';
import {
  FIRST_PLACEHOLDER_UID,
  type Grant,
  HOOKS,
  type Hook,
  type Intent,
  type Match,
  type Service,
  symbol,
} from '../../ir/index.ts';
import { type Family, protocolName } from '../../net/index.ts';
import { SourceFile } from '../../source/index.ts';
import type * as xt from '../iptables/ast.ts';
import * as build from '../iptables/build.ts';
import { frozenContainers } from '../iptables/check-intent.ts';
import { lowerMatch } from '../iptables/lower-match.ts';
import { policyChain } from '../iptables/names.ts';
import { printChains } from '../iptables/print.ts';
import { IPTABLES_PROBLEMS } from '../iptables/problems.ts';
import { isWritableRate, rateMatch } from '../iptables/rate.ts';
import { foreignIcmp, isForeignIcmp, joined, unseenReceiver } from '../netfilter/capability.ts';
import { Unwritable } from '../netfilter/normal-form.ts';
import { type Pair, pairPackets, pairsOf } from '../netfilter/pair.ts';
import { unwrittenRedirects } from '../netfilter/redirect.ts';
import type { Approximation, Lowered } from '../target.ts';
import { isNearLimit, limited, omitted, withoutRate } from './approximate.ts';
import { chainPrefix } from './expand.ts';
import { loadTables } from './load.ts';
import { interfaceWord, isSayable, joinedTransports, pairRules, ufwService } from './lower-rules.ts';
import { UFW_PROBLEMS } from './problems.ts';
import { ruleKey, type UfwRule } from './rule.ts';
import type { Settings } from './settings.ts';
import type { Setup } from './setup.ts';
import { stockFramework } from './stock.ts';
import { printUserRules } from './user-rules.ts';

/** Denied both ways, as every policy: what is sent from here is told so, others hear nothing. */
const SETTINGS: Settings = {
  isEnabled: true,
  isIpv6: true,
  policies: { input: 'DROP', output: 'REJECT', forward: 'DROP' },
  logLevel: 'low',
};

/**
 * An intent as ufw keeps it. The baseline becomes `before.rules`, since those of a fresh ufw let more in (ping, mDNS, SSDP) and keep less out;
 * each flow becomes rules of ufw's own where it has the words, and stands in `before.rules` behind the baseline where only iptables
 * has them (accounts, types of ICMP, rates, ranges of addresses that are many prefixes).
 */
export function lowerIntent(intent: Intent): Lowered<Setup> {
  return new IntentWriter(intent).lowered();
}

const FAMILIES = [4, 6] as const;

class IntentWriter {
  readonly #intent: Intent;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #approximations: Approximation[] = [];
  readonly #baselineRules = new Map<string, xt.Rule[]>(); // by ufw's chain
  readonly #flowRules = new Map<string, xt.Rule[]>(); // by ufw's chain
  readonly #rules: Record<Family, Map<string, UfwRule>> = { 4: new Map(), 6: new Map() };

  constructor(intent: Intent) {
    this.#intent = intent;
  }

  lowered(): Lowered<Setup> {
    this.#baseline();
    for (const grant of this.#intent.grants) this.#grant(grant);
    const rules = FAMILIES.flatMap((family) => this.#ordered(family));
    const files = { 4: this.#files(4, rules), 6: this.#files(6, rules) };
    const tables = hasErrors(this.#diagnostics) ? [] : loadTables(SETTINGS, files).tables;
    return {
      ast: { settings: SETTINGS, rules, files, origins: [], tables },
      approximations: [...this.#approximations, ...unwrittenRedirects(this.#intent)],
      diagnostics: this.#diagnostics,
    };
  }

  #baseline(): void {
    for (const piece of this.#intent.baseline) {
      const label = `baseline:${piece.name}`;
      for (const { action, match, origin } of piece.rules) {
        if (action.kind !== 'verdict') {
          this.#diagnostics.push(diagnose(UFW_PROBLEMS.unwritableMatch, origin.span, label, 'more than a verdict'));
          continue;
        }
        const target = build.jump({ accept: 'ACCEPT', drop: 'DROP', reject: 'REJECT' }[action.verdict]);
        for (const hook of HOOKS)
          for (const family of FAMILIES) this.#write(this.#baselineRules, label, family, hook, match, target);
      }
    }
  }

  #write(
    into: Map<string, xt.Rule[]>,
    label: string,
    family: Family,
    hook: Hook,
    match: Match,
    target: xt.Target,
    more = build.ALWAYS,
  ): void {
    const chain = beforeChain(family, hook);
    const rules = into.get(chain) ?? [];
    into.set(chain, rules);
    try {
      for (const conditions of lowerMatch(match, hook, family))
        rules.push(build.rule(build.both(conditions, more), target, label));
    } catch (error) {
      if (!(error instanceof Unwritable)) throw error;
      this.#diagnostics.push(diagnose(UFW_PROBLEMS.unwritableMatch, undefined, label, error.message));
    }
  }

  #grant(grant: Grant): void {
    const pairs = pairsOf(grant);
    const problems = grantProblems(grant, pairs, this.#intent);
    for (const each of problems) this.#diagnostics.push(each);
    if (hasErrors(problems)) return;
    const found = pairs.flatMap((pair): readonly Approximation[] => {
      const missing = unsaid(grant, pair);
      if (missing !== undefined) return [missing];
      return [
        ...unseenReceiver(withoutRate(grant), pair),
        ...foreignIcmp(grant, pair),
        ...grant.services.flatMap((service) => this.#service({ ...grant, services: [service] }, pair, service)),
      ];
    });
    for (const each of joined(found)) this.#approximations.push(each);
  }

  #service(grant: Grant, pair: Pair, service: Service): readonly Approximation[] {
    if (service.protocol === 0)
      return [omitted(grant, pair, `of ${protocolName(0)}, which iptables takes for every protocol`, 'leave it out')];
    const { rate } = grant;
    return FAMILIES.flatMap((family) => {
      if ((service.family !== undefined && service.family !== family) || isForeignIcmp(service, family)) return [];
      const word = isSayable(pair, family) ? ufwService(service, family) : undefined;
      const isLimit = rate !== undefined && isNearLimit(rate) && (word?.protocol === 'tcp' || word?.protocol === 'udp');
      if (word !== undefined && (rate === undefined || isLimit)) {
        for (const rule of pairRules(grant, pair, family, word)) this.#put(rule);
        return rate === undefined ? [] : limited(grant, pair, rate);
      }
      const counted = rate === undefined ? build.ALWAYS : { options: [], matches: [rateMatch(grant.name, rate)] };
      const match = pairPackets(withoutRate(grant), pair);
      this.#write(this.#flowRules, grant.name, family, pair.hook, match, build.jump('ACCEPT'), counted);
      return [];
    });
  }

  /** Of two flows that come to the same rule, ufw keeps one: the one without a limit, as flows add up. */
  #put(rule: UfwRule): void {
    const rules = this.#rules[rule.family];
    const key = ruleKey(rule);
    const known = rules.get(key);
    if (known === undefined || (known.action === 'limit' && rule.action === 'allow')) rules.set(key, rule);
  }

  /**
   * A limit refuses what is beyond it: whatever allows more has to come before. What is said for both families at once comes before
   * what is said for IPv6 alone, as it does where commands are given.
   */
  #ordered(family: Family): UfwRule[] {
    const joinedOf = (of: Family): UfwRule[] => joinedTransports([...this.#rules[of].values()]);
    const first = new Set(joinedOf(4).map(ruleKey));
    const place = (rule: UfwRule): number =>
      (rule.action === 'limit' ? 2 : 0) + (family === 6 && !first.has(ruleKey({ ...rule, family: 4 })) ? 1 : 0);
    return joinedOf(family).toSorted((left, right) => place(left) - place(right));
  }

  /** ufw's chain, and ours where it leads to one. */
  #chains(family: Family, hook: Hook): xt.Chain[] {
    const name = beforeChain(family, hook);
    const baseline = this.#baselineRules.get(name) ?? [];
    const flows = this.#flowRules.get(name) ?? [];
    if (flows.length === 0) return [{ name, rules: baseline }];
    const own = flowChain(hook);
    return [
      { name, rules: [...baseline, build.rule(build.ALWAYS, build.jump(own))] },
      { name: own, rules: flows },
    ];
  }

  #files(family: Family, rules: readonly UfwRule[]): Setup['files'][Family] {
    const suffix = family === 6 ? '6' : '';
    const own = rules.filter((rule) => rule.family === family);
    const before = printChains({ name: 'filter', chains: HOOKS.flatMap((hook) => this.#chains(family, hook)) });
    const texts = {
      before: `# Written by Portcullis for /etc/ufw/before${suffix}.rules: the policy's baseline, and the flows that ufw's commands have no words for.\n${before}`,
      after: stockFramework('after', family),
      user: printUserRules(own, family, SETTINGS.policies, SETTINGS.logLevel),
    };
    const file = (kind: keyof typeof texts): SourceFile =>
      new SourceFile(`etc/ufw/${kind}${suffix}.rules`, texts[kind]);
    return { before: file('before'), after: file('after'), user: file('user') };
  }
}

/** Flows that ufw's commands have no words for stand in a chain of ours, which says what is within a rate. */
function flowChain(hook: Hook): string {
  return policyChain(hook, 'ufw');
}

function beforeChain(family: Family, hook: Hook): string {
  return `${chainPrefix(family)}-before-${hook}`;
}

/** What neither ufw nor the rules that it loads can tell. */
function unsaid(grant: Grant, pair: Pair): Approximation | undefined {
  if (pair.group !== undefined) {
    return omitted(
      grant,
      pair,
      `to the names of \`${pair.group}\`, because ufw compares addresses`,
      'render `nftables` or `iptables-ipset`, whose sets the policy resolver fills, or send this traffic through the gateway',
      symbol({ kind: 'asked', group: pair.group }),
    );
  }
  if (pair.cgroup === undefined) return undefined;
  return omitted(
    grant,
    pair,
    `that \`${pair.cgroup}\` sends, because iptables loses a service's cgroup when it starts again`,
    'let the service have an account of its own (`User=`), and name that',
  );
}

/** What stops a grant from being written, all of it at once. */
function grantProblems(grant: Grant, pairs: readonly Pair[], intent: Intent): Diagnostic[] {
  const { span } = grant.origin;
  const problems: Diagnostic[] = [...frozenContainers(grant)];
  if (!/^[A-Za-z0-9._-]+$/.test(grant.name))
    problems.push(diagnose(UFW_PROBLEMS.unwritableName, span, 'flow', grant.name));
  const patterns = pairs.flatMap((pair) => [...(pair.inInterfaces ?? []), ...(pair.outInterfaces ?? [])]);
  const unwritable = patterns.filter((pattern) => interfaceWord(pattern) === undefined);
  for (const name of new Set(unwritable.map((pattern) => pattern.name)))
    problems.push(diagnose(UFW_PROBLEMS.unwritableName, span, 'interface', name));
  const accounts = pairs.flatMap((pair) => pair.accounts ?? []).filter(({ first }) => first >= FIRST_PLACEHOLDER_UID);
  for (const [uid, name] of intent.unknownAccounts) {
    if (accounts.some(({ first, last }) => first <= uid && uid <= last))
      problems.push(diagnose(IPTABLES_PROBLEMS.unknownAccount, span, grant.name, name));
  }
  if (grant.rate !== undefined && !isWritableRate(grant.rate))
    problems.push(diagnose(UFW_PROBLEMS.unwritableMatch, span, grant.name, 'more than a million packets a second'));
  for (const peer of grant.from)
    if (peer.kind === 'named') problems.push(diagnose(IPTABLES_PROBLEMS.namedSource, span, grant.name, peer.group));
  return problems;
}

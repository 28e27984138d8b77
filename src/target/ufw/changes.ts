import type { Family } from '../../net/index.ts';
import type { Span } from '../../source/index.ts';
import type { Change, RuleCommand } from './command.ts';
import type { Lookup, Profile } from './profiles.ts';
import { type End, ruleKey, type UfwRule } from './rule.ts';

/** Thrown where ufw does not do what it is told; caught where the command ends. */
class NotDone extends Error {}

/** The rules of both families, each in its order: what ufw keeps in `user.rules` and `user6.rules`. */
export class RuleList {
  #rules: Readonly<Record<Family, readonly UfwRule[]>> = { 4: [], 6: [] };

  all(): readonly UfwRule[] {
    return [...this.#rules[4], ...this.#rules[6]];
  }

  clear(): void {
    this.#rules = { 4: [], 6: [] };
  }

  /**
   * As ufw 0.36 does it (set_rule, frontend.py): one rule after the other, each first for IPv4 and then for IPv6; those of one profile in
   * reverse where each is put before what is there.
   * @param bodies a rule, or those of a profile; each of one family or of both
   * @returns why nothing is changed, in ufw's words
   */
  apply(change: Change, bodies: readonly (readonly UfwRule[])[]): string | undefined {
    const before = this.#rules;
    const isBefore = change.kind === 'insert' || change.kind === 'prepend';
    const counts = { 4: countOf(before[4]), 6: countOf(before[6]) };
    try {
      (isBefore ? bodies.toReversed() : bodies).forEach((body, index) => {
        if (change.kind !== 'insert') for (const rule of body) this.#change(change.kind, rule, index, counts);
        else if (change.position > counts[4] + counts[6]) throw new NotDone(`Invalid position '${change.position}'`);
        else if (body.length > 1) this.#insertBoth(body, change.position, index, counts);
        else for (const rule of body) this.#insertOne(rule, change.position, counts);
      });
    } catch (error) {
      if (!(error instanceof NotDone)) throw error;
      this.#rules = before;
      return error.message;
    }
    if (this.#rules !== before) return undefined;
    return change.kind === 'delete' ? 'Could not delete non-existent rule' : 'Skipping adding existing rule';
  }

  /** The number that `ufw status numbered` shows; a profile's rules have one together. */
  deleteNumber(number: number): string | undefined {
    const heads = [...headsOf(this.#rules[4]), ...headsOf(this.#rules[6])];
    const rule = heads[number - 1];
    if (rule === undefined) return `Could not find rule '${number}'`;
    const app = appKey(rule);
    this.#set(
      rule.family,
      this.#rules[rule.family].filter((each) => (app === undefined ? each !== rule : appKey(each) !== app)),
    );
    return undefined;
  }

  #set(family: Family, rules: readonly UfwRule[]): void {
    this.#rules = { ...this.#rules, [family]: rules };
  }

  #change(kind: 'append' | 'prepend' | 'delete', rule: UfwRule, index: number, counts: Record<Family, number>): void {
    switch (kind) {
      case 'append':
        this.#put(rule, 0);
        break;
      case 'prepend':
        this.#put(rule, index === 0 && counts[rule.family] === 0 ? 0 : 1);
        break;
      case 'delete':
        this.#remove(rule);
    }
  }

  /** The number counts the rules of IPv4 first. */
  #insertOne(rule: UfwRule, position: number, counts: Readonly<Record<Family, number>>): void {
    const isOfFirst = position <= counts[4];
    if (isOfFirst !== (rule.family === 4)) throw new NotDone(`Invalid position '${position}'`);
    this.#put(rule, rule.family === 4 ? position : position - counts[4]);
  }

  /** In the list that the number does not point to, a rule comes before the one that stands there in the other list. */
  #insertBoth(body: readonly UfwRule[], position: number, index: number, counts: Record<Family, number>): void {
    const first = body.find(({ family }) => family === 4)!;
    const second = body.find(({ family }) => family === 6)!;
    this.#put(first, position > counts[4] ? this.#placeOfSame(6, position - counts[4] + index) : position);
    counts[4] = countOf(this.#rules[4]);
    const own = position + 1; // the list of IPv4 has grown by one
    if (own > counts[4]) {
      this.#put(second, own - counts[4]);
      return;
    }
    const place = this.#placeOfSame(4, own);
    const found = place > 0 ? place - index : 0;
    this.#put(second, found > counts[4] ? found - counts[4] : found);
  }

  /** Where the other list has the rule that stands at a place of this one (find_other_position, backend.py); 0: nowhere. */
  #placeOfSame(family: Family, position: number): number {
    const rules = this.#rules[family];
    if (position < 1 || position > rules.length) throw new NotDone(`Invalid position '${position}'`);
    const seen = new Set<string>();
    let offset = 0;
    for (const rule of rules.slice(0, position)) {
      const app = appKey(rule);
      if (app !== undefined && seen.has(app)) offset++;
      if (app !== undefined) seen.add(app);
    }
    const rule = rules[position - 1 + offset];
    const other: Family = family === 4 ? 6 : 4;
    return rule === undefined
      ? 0
      : this.#rules[other].findIndex((each) => isSame(each, { ...rule, family: other })) + 1;
  }

  /** @param position from 1, never between the rules of one profile; 0: at the end */
  #put(rule: UfwRule, position: number): void {
    const rules = this.#rules[rule.family];
    if (position < 0 || position > rules.length) throw new NotDone(`Invalid position '${position}'`);
    const known = rules.findIndex((each) => ruleKey(each) === ruleKey(rule));
    let at = position;
    while (at > 1 && at <= rules.length && isWithinProfile(rules[at - 2]!, rules[at - 1]!)) at++;
    if (position > 0 && at <= rules.length) {
      if (known === -1) this.#set(rule.family, rules.toSpliced(at - 1, 0, rule));
    } else if (known === -1) this.#set(rule.family, [...rules, rule]);
    else if (!isSame(rules[known]!, rule)) this.#set(rule.family, rules.with(known, rule));
  }

  #remove(rule: UfwRule): void {
    const rules = this.#rules[rule.family];
    const anyComment = rule.comment === undefined || appKey(rule) !== undefined;
    const left = rules.filter((each) => !(anyComment ? doesSame(each, rule) : isSame(each, rule)));
    if (left.length < rules.length) this.#set(rule.family, left);
  }
}

/** Rules as ufw counts them: those of a profile are one. */
function countOf(rules: readonly UfwRule[]): number {
  return headsOf(rules).length;
}

function headsOf(rules: readonly UfwRule[]): readonly UfwRule[] {
  const seen = new Set<string>();
  return rules.filter((rule) => {
    const app = appKey(rule);
    if (app === undefined) return true;
    if (seen.has(app)) return false;
    seen.add(app);
    return true;
  });
}

/** Equal for the rules that came of one profile (get_app_tuple, common.py); `undefined` for rules of none. */
function appKey({ family, direction, way, from, to, inInterface, outInterface }: UfwRule): string | undefined {
  if (from.app === undefined && to.app === undefined) return undefined;
  const names = [to.app ?? to.ports, to.address, from.app ?? from.ports, from.address];
  const where = inInterface === undefined && outInterface === undefined ? [way] : [inInterface, outInterface];
  return JSON.stringify([family, direction, ...names, ...where]);
}

function isWithinProfile(before: UfwRule, after: UfwRule): boolean {
  const name = ({ from, to }: UfwRule): string => JSON.stringify([to.address, from.address, to.app, from.app]);
  return (before.from.app ?? before.to.app) !== undefined && name(before) === name(after);
}

/** Whether two rules are the same one and do the same. */
function isSame(left: UfwRule, right: UfwRule): boolean {
  return doesSame(left, right) && (left.comment ?? '') === (right.comment ?? '');
}

function doesSame(left: UfwRule, right: UfwRule): boolean {
  return ruleKey(left) === ruleKey(right) && left.action === right.action && left.log === right.log;
}

/** A command's rules, each for its families; a profile becomes one for each of its ports. Of one that nobody knows the ports stay open. */
export function rulesOf(
  { families, ...rule }: RuleCommand,
  span: Span | undefined,
  profiles: Lookup,
): readonly (readonly UfwRule[])[] {
  const froms = portsOfEnd(rule.from, profiles);
  const tos = portsOfEnd(rule.to, profiles);
  const isSame = rule.from.app !== undefined && rule.from.app === rule.to.app;
  return tos
    .flatMap((to) => (isSame ? [to] : froms).map((from) => ({ from, to })))
    .map(({ from, to }) =>
      families.map((family) => ({
        ...rule,
        family,
        protocol: rule.protocol === 'any' ? (from.protocol ?? to.protocol ?? 'any') : rule.protocol,
        ...{ from: { ...rule.from, ...from.end }, to: { ...rule.to, ...to.end } },
        ...(span === undefined ? {} : { span }),
      })),
    );
}

interface Ports {
  readonly end: Partial<End>;
  readonly protocol?: 'tcp' | 'udp';
}

function portsOfEnd({ app }: End, profiles: Lookup): readonly Ports[] {
  const profile: Profile | undefined = app === undefined ? undefined : profiles(app);
  if (profile === undefined) return [{ end: {} }];
  return profile.ports.map((entry) => {
    const [ports = '', protocol] = entry.split('/');
    return {
      end: { app: profile.name, ports },
      ...(protocol === 'tcp' || protocol === 'udp' ? { protocol } : {}),
    };
  });
}

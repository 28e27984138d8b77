import { all, formatRate, type Match, symbol } from '../../ir/index.ts';
import type { Family } from '../../net/index.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { LimitStatement, Operator, SetDeclaration, Statement } from './ast.ts';
import { type KeyPart, presence } from './lift-key.ts';
import { cgroupLevel, cgroupSet, flowCounter, flowOfRateSet, groupOfNameSet } from './names.ts';
import { rateOfLimit, rateTimeout } from './rate.ts';

/*
 * Names in our own table that say what the policy means. Elsewhere they are names like others: nobody else's `names4-x` is ours.
 */

/** A set whose elements come and go stands for a property that the policy knows by name; `undefined` for all other sets. */
export function setSymbol(part: KeyPart, set: SetDeclaration, operator: Operator): Match | undefined {
  const meant = symbolOf(part, set);
  if (meant === undefined || operator === '==') return meant;
  throw new NotUnderstood('it negates a set that others fill');
}

function symbolOf(part: KeyPart, set: SetDeclaration): Match | undefined {
  const { selector } = part;
  if (selector.kind === 'payload' && selector.field === 'daddr') {
    const family: Family = selector.protocol === 'ip' ? 4 : 6;
    const group = groupOfNameSet(set.name, family);
    if (group === undefined || !set.flags.includes('timeout')) return undefined;
    return all(presence(part), symbol({ kind: 'member', group }));
  }
  if (selector.kind === 'socket') {
    const path = cgroupSet.back(set.name);
    if (path === undefined) return undefined;
    if (selector.level !== undefined && selector.level !== cgroupLevel(path)) {
      throw new NotUnderstood(`\`${path}\` is not at level ${selector.level}`);
    }
    return symbol({ kind: 'cgroup', path });
  }
  return undefined;
}

/** `limit rate 6/minute`: the flow is the one that the rule counts for. */
export function plainRate(limit: LimitStatement, counter: string | undefined): Match | undefined {
  return withinRate(counter === undefined ? undefined : flowCounter.back(counter), limit, false);
}

/** `update @rate4-6-minute-flow { ip saddr limit rate 6/minute }`: each source has its own limit. */
export function sourceRate(
  update: Extract<Statement, { kind: 'set-update' }>,
  part: KeyPart | undefined,
  set: SetDeclaration,
): Match | undefined {
  const { statements } = update;
  const [limit] = statements;
  if (part?.selector.kind !== 'payload' || part.selector.field !== 'saddr') return undefined;
  const flow = flowOfRateSet(set.name, part.selector.protocol === 'ip' ? 4 : 6);
  if (flow === undefined) return undefined;
  if (update.operation !== 'update' || limit?.kind !== 'limit' || statements.length !== 1) {
    throw new NotUnderstood('it changes a set while it decides');
  }
  const rate = rateOfLimit(limit, true);
  if (!set.flags.includes('timeout') || (rate !== undefined && set.timeout !== rateTimeout(rate))) {
    throw new NotUnderstood('it forgets a source too early or too late');
  }
  const within = withinRate(flow, limit, true);
  return within === undefined ? undefined : all(presence(part), within);
}

/** `undefined` where it is none of the rates that a policy can say. */
function withinRate(flow: string | undefined, limit: LimitStatement, perSource: boolean): Match | undefined {
  const rate = rateOfLimit(limit, perSource);
  if (flow === undefined || rate === undefined) return undefined;
  return symbol({ kind: 'within-rate', flow, limit: formatRate(rate) });
}

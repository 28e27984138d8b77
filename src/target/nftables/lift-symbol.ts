import { all, formatRate, type Match, symbol } from '../../ir/index.ts';
import type { Family } from '../../net/index.ts';
import type { LimitStatement, Operator, Selector, SetDeclaration, Statement } from './ast.ts';
import { presence } from './lift-match.ts';
import { NotUnderstood } from './lift-value.ts';
import { cgroupLevel, cgroupSet, flowCounter, flowOfRateSet, groupOfNameSet } from './names.ts';
import { rateOfLimit, rateTimeout } from './rate.ts';

/** A set whose elements come and go stands for a property that the policy knows by name; `undefined` for all other sets. */
export function setSymbol(selector: Selector, set: SetDeclaration, operator: Operator): Match | undefined {
  const meant = symbolOf(selector, set);
  if (meant === undefined || operator === '==') return meant;
  throw new NotUnderstood('it negates a set that others fill');
}

function symbolOf(selector: Selector, set: SetDeclaration): Match | undefined {
  if (selector.kind === 'payload' && selector.field === 'daddr') {
    const family: Family = selector.protocol === 'ip' ? 4 : 6;
    const group = groupOfNameSet(set.name, family);
    if (group === undefined || !set.flags.includes('timeout')) return undefined;
    return all(presence(selector), symbol({ kind: 'member', group }));
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
export function plainRate(limit: LimitStatement, counter: string | undefined): Match {
  return withinRate(counter === undefined ? undefined : flowCounter.back(counter), limit, false);
}

/** `update @rate4-flow { ip saddr limit rate 6/minute }`: each source has its own limit. */
export function sourceRate(update: Extract<Statement, { kind: 'set-update' }>, set: SetDeclaration): Match {
  const { key, statements } = update;
  const [limit] = statements;
  const bySource = key.kind === 'payload' && key.field === 'saddr';
  if (!bySource || update.operation !== 'update' || limit?.kind !== 'limit' || statements.length !== 1) {
    throw new NotUnderstood('it changes a set while it decides');
  }
  const flow = flowOfRateSet(set.name, key.protocol === 'ip' ? 4 : 6);
  const rate = rateOfLimit(limit, true);
  if (!set.flags.includes('timeout') || (rate !== undefined && set.timeout !== rateTimeout(rate))) {
    throw new NotUnderstood('it forgets a source too early or too late');
  }
  return all(presence(key), withinRate(flow, limit, true));
}
function withinRate(flow: string | undefined, limit: LimitStatement, perSource: boolean): Match {
  const rate = rateOfLimit(limit, perSource);
  if (flow === undefined || rate === undefined)
    throw new NotUnderstood('whether it is within its limit, nobody can say');
  return symbol({ kind: 'within-rate', flow, limit: formatRate(rate) });
}

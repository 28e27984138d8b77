import { all, any, anyOf, field, inState, type Match, not } from '../../ir/index.ts';
import { PROTOCOLS } from '../../net/index.ts';
import type * as nft from './ast.ts';
import { amountInLargestUnit, inLargestUnits } from './byte-unit.ts';
import type { ChainContext } from './lift-context.ts';
import { keyParts, presence } from './lift-key.ts';
import { elementMatch } from './lift-match.ts';
import { mapElements, namedSet } from './lift-set.ts';
import { plainRate, sourceRate } from './lift-symbol.ts';
import { printExpression, printLimit } from './print-rule.ts';

export type StatefulStatement = Extract<
  nft.Statement,
  | { kind: 'limit' }
  | { kind: 'quota' | 'ct-count' }
  | { kind: 'object' }
  | { kind: 'object-map' }
  | { kind: 'set-update' }
  | { kind: 'meter' }
>;

/** What the rest of the rule tells of a statement. */
export interface Surroundings {
  readonly counter: string | undefined; // the named counter of the rule
  readonly decides: boolean; // whether anything behind it acts
}

export interface StatefulCondition {
  readonly conditions: readonly Match[]; // under which the rule goes on
  readonly takes?: Match; // under which the packet is taken out of its way
}

/**
 * Conditions on what was counted or learnt before. Where nobody can know them they are put as "beyond the limit", "full": a condition that
 * does not hold is the quiet case.
 */
export function statefulCondition(
  statement: StatefulStatement,
  context: ChainContext,
  around: Surroundings,
): StatefulCondition {
  switch (statement.kind) {
    case 'object':
      return objectCondition(statement, context, around);
    case 'object-map':
      return objectMapCondition(statement, context);
    case 'limit':
      if (!around.decides) return { conditions: [] };
      return { conditions: [limitCondition(statement, context, around.counter, '')] };
    case 'quota':
    case 'ct-count':
      return { conditions: around.decides ? [amountCondition(statement, context, '')] : [] };
    case 'set-update':
    case 'meter':
      return around.decides ? { conditions: updateConditions(statement, context) } : { conditions: [] };
  }
}

function limitCondition(
  limit: nft.LimitStatement,
  context: ChainContext,
  counter: string | undefined,
  per: string,
): Match {
  const known = context.isOurs ? plainRate(limit, counter) : undefined;
  if (known !== undefined) return known;
  const text = printLimit({ ...inLargestUnits(limit), over: true });
  const beyond = context.program.unknowns.occurrence(`${per}${text}`, context);
  return limit.over ? beyond : not(beyond);
}

function amountCondition(
  { kind, over, amount }: Extract<nft.Statement, { kind: 'quota' | 'ct-count' }>,
  context: ChainContext,
  per: string,
): Match {
  const counted = kind === 'quota' ? `quota over ${amountInLargestUnit(amount)}` : `ct count over ${amount}`;
  const beyond = context.program.unknowns.occurrence(`${per}${counted}`, context);
  return over ? beyond : not(beyond);
}

function objectCondition(
  statement: Extract<nft.Statement, { kind: 'object' }>,
  context: ChainContext,
  { decides }: Surroundings,
): StatefulCondition {
  const { type, name } = statement;
  const { unknowns } = context.program;
  switch (type) {
    case 'limit':
    case 'quota': {
      const beyond = unknowns.occurrence(`beyond ${type} "${name}"`, context);
      return { conditions: [context.overObjects.has(`${type} ${name}`) ? beyond : not(beyond)] };
    }
    case 'synproxy':
      return { conditions: [TCP], takes: unknowns.occurrence(`synproxy "${name}" answers it itself`, context) };
    case 'ct expectation': {
      const ends = unknowns.occurrence(`ct expectation set "${name}" ends the rule`, context);
      return { conditions: decides ? [UNCONFIRMED, not(ends)] : [] };
    }
    case 'flowtable': {
      const takes = unknowns.occurrence(`flow add @${name} takes the connection`, context);
      return { conditions: decides ? [HAS_SHORT_WAY, takes] : [] };
    }
    default:
      return { conditions: [] }; // helpers, time-outs: later packets of the connection
  }
}

const TCP = field('protocol', PROTOCOLS.tcp);
/** What an expectation asks of a connection; one that expects too many ends the rule, too (nft_ct_expect_obj_eval, net/netfilter/nft_ct.c). */
const UNCONFIRMED = inState('new', 'related');

/**
 * Only a connection that is confirmed can get a short way, and so the first packet of each ends the rule; TCP must have been answered, too
 * (nft_flow_offload_eval, net/netfilter/nft_flow_offload.c).
 */
const HAS_SHORT_WAY = any(
  all(TCP, inState('established', 'related')),
  all(field('protocol', PROTOCOLS.udp, PROTOCOLS.gre), inState('new', 'established', 'related')),
);

/** A packet whose key the map does not hold breaks the rule. */
function objectMapCondition(
  statement: Extract<nft.Statement, { kind: 'object-map' }>,
  context: ChainContext,
): StatefulCondition {
  const { type, key, data } = statement;
  const parts = keyParts(key, context);
  const held = anyOf(mapElements(data, context).map(({ element }) => elementMatch(parts, element.key, context)));
  const unknown = (text: string): Match =>
    context.program.unknowns.occurrence(`${text} of ${printExpression(key)}`, context);
  switch (type) {
    case 'limit':
    case 'quota':
      return { conditions: [held, not(unknown(`beyond the ${type}`))] };
    case 'synproxy':
      return { conditions: [held, TCP], takes: unknown('answered by the synproxy') };
    case 'ct expectation':
      return { conditions: [held, UNCONFIRMED, not(unknown('the rule ends by the expectation'))] };
    default:
      return { conditions: [held] };
  }
}

function updateConditions(
  statement: Extract<nft.Statement, { kind: 'set-update' } | { kind: 'meter' }>,
  context: ChainContext,
): Match[] {
  const parts = keyParts(statement.key, context);
  if (statement.kind === 'set-update' && context.isOurs) {
    const known = sourceRate(statement, parts[0], namedSet(statement.set, context));
    if (known !== undefined) return [known];
  }
  const conditions = parts.map(presence);
  const isDelete = statement.kind === 'set-update' && statement.operation === 'delete';
  const name = statement.kind === 'meter' ? statement.name : statement.set;
  // Where there is no room for a new element, the rule ends there (net/netfilter/nft_dynset.c).
  if (!isDelete) conditions.push(not(context.program.unknowns.membership(`@${name} is full`, name, context, 0)));
  const per = `${printExpression(statement.key)} `;
  if (!isDelete && context.learnt.get(name)?.countsDiffer === true) {
    return [
      ...conditions,
      context.program.unknowns.occurrence(`${per}counts in @${name} as another rule says`, context),
    ];
  }
  for (const inner of statement.statements) {
    switch (inner.kind) {
      case 'limit':
        conditions.push(limitCondition(inner, context, undefined, per));
        break;
      case 'quota':
      case 'ct-count':
        conditions.push(amountCondition(inner, context, per));
        break;
      default:
        break; // counters
    }
  }
  return conditions;
}

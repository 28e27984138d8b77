import { all, anyOf, type Effect, everything, type Match, not, nothing } from '../../ir/index.ts';
import { GIVES_TEMPLATE, SEEN_WHERE_SENT, TRACKED, templatable } from '../netfilter/connection.ts';
import { tracking } from '../netfilter/entries.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import { KIND_UNKNOWN } from '../netfilter/translation.ts';
import type * as nft from './ast.ts';
import { DATATYPES, type Datatype } from './datatype.ts';
import { selectorDatatype } from './fields.ts';
import { computedSelector } from './lift-bits.ts';
import type { ChainContext } from './lift-context.ts';
import type { Formula } from './lift-effect.ts';
import { isZone } from './lift-facts.ts';
import { keyParts, presence } from './lift-key.ts';
import { elementMatch } from './lift-match.ts';
import { isOfFrame, isTransport, PORTLESS } from './lift-payload.ts';
import { mapElements } from './lift-set.ts';
import { type Subject, subjectOf } from './lift-subject.ts';
import { addressOf, numberOf } from './lift-value.ts';
import { printExpression } from './print-rule.ts';

/** One thing that an assignment may do: under this condition, this effect. The cases exclude each other. */
export interface AssignCase {
  readonly when: Match;
  readonly effects: readonly Effect[]; // none: nothing that a filter asks for
  readonly uncertain?: string; // why later rules may see another packet than we say
}

/** `meta mark set ...`, `ip daddr set ...`: what it does to a packet that comes so far. */
export function assignCases(
  statement: Extract<nft.Statement, { kind: 'assign' }>,
  context: ChainContext,
): AssignCase[] {
  const { target, value } = statement;
  const subject = subjectOf(target, context);
  switch (subject.kind) {
    case 'absent':
    case 'interface':
      return [{ when: readable(value, context), effects: [] }];
    case 'other': {
      const writesFrame = target.kind === 'payload' && isOfFrame(target.protocol);
      const isRead = writesFrame && context.program.readsLater('frame', context.entries, 'here');
      const when = all(settable(target, subject.guard), readable(value, context));
      return [{ when, effects: [], ...(isRead ? { uncertain: WRITES_TEXT } : {}) }];
    }
    case 'quantity': {
      const cases = quantityCases(subject, target, value, context);
      if (target.kind === 'raw') return cases.map((each) => ({ ...each, uncertain: WRITES_BITS }));
      if (isZone(target)) return zoneCases(cases, context);
      const isEarly = target.kind === 'ct' && tracking(context.entries) === 'before';
      return isEarly ? earlyCases(cases, readable(value, context)) : cases;
    }
    case 'number':
    case 'address':
      return translationCases(presence({ subject }), target, value, context);
  }
}

const WRITES_TEXT = 'what it writes into the frame, and later rules ask for, is kept as text';
const WRITES_BITS = 'it writes bits by their place, and later rules may read them by a name';

/** The packets that a statement does not stop at: where there is no connection to set something of, it does nothing (nft_ct_set_eval, net/netfilter/nft_ct.c). */
function settable(target: nft.Selector, guard: Match): Match {
  return target.kind === 'ct' ? everything : guard;
}

/** Before a packet is tracked there is nothing to set, and nothing stops (nft_ct_set_eval, net/netfilter/nft_ct.c), unless it comes over the loopback. */
function earlyCases(cases: readonly AssignCase[], reading: Match): AssignCase[] {
  const tracked = cases.map((each) => ({ ...each, when: all(SEEN_WHERE_SENT, each.when) }));
  return [...tracked, { when: all(not(SEEN_WHERE_SENT), reading), effects: [] }];
}

/**
 * The zone is that of a connection that the packet has not got yet: one that has been looked up keeps the zone that it has. The others get a connection
 * of their own for the time being, which counts as new (nft_ct_set_zone_eval, net/netfilter/nft_ct.c).
 */
function zoneCases(cases: readonly AssignCase[], { program, entries }: ChainContext): AssignCase[] {
  const isEarly = tracking(entries) === 'before';
  const settles = isEarly ? templatable(program, entries) : nothing;
  const stays = isEarly ? SEEN_WHERE_SENT : TRACKED;
  return cases.flatMap(({ when, effects }) => [
    { when: all(when, stays), effects: [] },
    { when: all(when, not(stays), settles), effects: [...effects, GIVES_TEMPLATE] },
    { when: all(when, not(stays), not(settles)), effects: [], uncertain: TRACKED_ANEW },
  ]);
}

const TRACKED_ANEW =
  'it gives a packet that belongs to no connection, or is not to be tracked, a connection of its own';

/** The packets that have what a value is made from: without it the rule ends there, even where what it sets is nobody's. */
function readable(value: nft.Expression, context: ChainContext): Match {
  switch (value.kind) {
    case 'binary':
      return all(readable(value.left, context), readable(value.right, context));
    case 'map': {
      const parts = keyParts(value.key, context);
      return anyOf(mapElements(value.data, context).map(({ element }) => elementMatch(parts, element.key, context)));
    }
    case 'payload':
    case 'meta':
    case 'ct':
    case 'fib':
    case 'raw':
    case 'option':
    case 'computed':
      return presence({ subject: subjectOf(value, context) });
    case 'socket':
      return context.program.unknowns.property('the packet has a socket');
    default:
      return everything;
  }
}

function quantityCases(
  subject: Extract<Subject, { kind: 'quantity' }>,
  target: nft.Selector,
  value: nft.Expression,
  context: ChainContext,
): AssignCase[] {
  const guard = settable(target, subject.guard);
  const { quantity } = subject;
  if (value.kind === 'map') {
    const parts = keyParts(value.key, context);
    if (parts.some((part) => part.subject.kind === 'quantity' && part.subject.quantity === quantity)) {
      throw new NotUnderstood('it looks up what it changes');
    }
    return mapElements(value.data, context).map(({ element, isThere = everything }, index, elements) => {
      const others = element.key.kind === 'anything' ? elements.slice(0, index) : [];
      if (others.length > 0) throw new NotUnderstood('it has a value for all other keys');
      const formula = formulaOf(elementValue(element), subject.datatype, context);
      return {
        when: all(guard, isThere, elementMatch(parts, element.key, context), formula.guard),
        effects: [{ kind: 'assign', quantity, ...formula.value }],
      };
    });
  }
  const { guard: needs, value: formula } = formulaOf(value, subject.datatype, context);
  return [{ when: all(guard, needs), effects: [{ kind: 'assign', quantity, ...formula }] }];
}

function elementValue(element: nft.Element): nft.Expression {
  switch (element.data?.kind) {
    case 'value':
      return element.data.value;
    case 'object':
      return { kind: 'word', text: element.data.name, quoted: true };
    default:
      throw new NotUnderstood('an element of a map has no value');
  }
}

const ALL = 0xffff_ffff;

/** What a value is made from, and the packets that have what it is made from. What nobody can know is a quantity of its own. */
function formulaOf(
  value: nft.Expression,
  datatype: Datatype,
  context: ChainContext,
): { readonly guard: Match; readonly value: Formula } {
  if (isConstant(value)) {
    const known = knownNumber(value, datatype);
    return {
      guard: everything,
      value: known === undefined ? unknown(value, context) : { from: '', keep: 0, flip: known },
    };
  }
  let computed: ReturnType<typeof computedSelector>;
  try {
    computed = computedSelector(value, (operand) => BigInt(numberOf(operand, datatype)));
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    return { guard: readable(value, context), value: unknown(value, context) };
  }
  const { selector, computation } = computed;
  const subject = subjectOf(selector, context);
  if (subject.kind === 'absent') return { guard: nothing, value: unknown(value, context) };
  if (subject.kind !== 'quantity') return { guard: readable(value, context), value: unknown(value, context) };
  const width = BigInt(2 ** (32 - Math.clz32(subject.datatype.max)) - 1);
  const keep = Number((computation?.keep ?? BigInt(ALL)) & width);
  const flip = Number((computation?.flip ?? 0n) & BigInt(ALL));
  return { guard: subject.guard, value: { from: subject.quantity, keep, flip } };
}

function isConstant(value: nft.Expression): boolean {
  return value.kind === 'number' || value.kind === 'word' || value.kind === 'list' || value.kind === 'address';
}

function knownNumber(value: nft.Expression, datatype: Datatype): number | undefined {
  try {
    return numberOf(value, datatype);
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined;
    throw error;
  }
}

function unknown(value: nft.Expression, context: ChainContext): Formula {
  return { from: `${printExpression(value)} at ${context.table} ${context.chain}`, keep: ALL, flip: 0 };
}

/** `ip daddr set 10.0.0.1`, `tcp dport set 80`: translation that no connection remembers. */
function translationCases(
  when: Match,
  target: nft.Selector,
  value: nft.Expression,
  { program, entries }: ChainContext,
): AssignCase[] {
  if (target.kind !== 'payload') throw new NotUnderstood('it changes a field that is not understood');
  const side = target.field === 'saddr' || target.field === 'sport' ? 'src' : 'dst';
  const address = addressOf(value);
  if (target.field === 'saddr' || target.field === 'daddr') {
    if (address === undefined) throw new NotUnderstood('it changes an address to what nobody knows');
    const kindIsAsked = program.readsLater(`${target.field} type`, entries, 'here');
    return [
      { when, effects: [{ kind: 'translate', side, address }], ...(kindIsAsked ? { uncertain: KIND_UNKNOWN } : {}) },
    ];
  }
  const datatype = selectorDatatype(target);
  if (datatype !== DATATYPES.inet_service || !isConstant(value))
    throw new NotUnderstood('it changes a field that is not understood');
  const port = numberOf(value, datatype);
  const translates: Effect = { kind: 'translate', side, port };
  if (!isTransport(target)) return [{ when, effects: [translates] }];
  // Where a transport has no ports, it writes whatever lies in their place.
  const writes: Effect = { kind: 'assign', quantity: `th ${target.field}`, from: '', keep: 0, flip: port };
  return [
    { when: all(when, not(PORTLESS)), effects: [translates] },
    { when: all(when, PORTLESS), effects: [writes] },
  ];
}

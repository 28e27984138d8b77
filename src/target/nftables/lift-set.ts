import { isDeepStrictEqual } from 'node:util';
import { all, any, type Match, not, nothing } from '../../ir/index.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type * as nft from './ast.ts';
import type { ChainContext } from './lift-context.ts';
import { type KeyPart, presence } from './lift-key.ts';
import { tupleMatch } from './lift-match.ts';
import { setSymbol } from './lift-symbol.ts';
import { printExpression } from './print-rule.ts';

/** Where in its chain a rule stands, for sets that rules change. */
export interface Position {
  readonly rule: number; // from 0
}

/**
 * The condition that only the machine that loads the rules knows. nft from 0.9.1 on takes `{ syn }` for `syn`; of `tcp flags { syn }` it then asks
 * for that bit and not for that value, which 1.0.9 has mended (src/evaluate.c, commits fee6bda06403, 01167c393a12).
 */
export const TAKES_ONE_FOR_ITS_BITS = 'nft before 1.0.9 has loaded the rules, and asks for any bit of a set of one';

/** A match whose right side is a set. */
export function membership(
  key: nft.Expression,
  parts: readonly KeyPart[],
  operator: nft.Operator,
  right: nft.SetExpression,
  context: ChainContext,
  position: Position,
): Match {
  if (right.kind === 'set') {
    const keys = keysOf(right.elements);
    return operator === 'in' ? ofSetOfOne(parts, keys, context) : tupleMatch(parts, operator, keys, context);
  }
  const set = namedSet(right.name, context);
  const [first] = parts;
  if (context.isOurs && first !== undefined) {
    const known = setSymbol(first, set, operator);
    if (known !== undefined) return known;
  }
  if (!isLearnt(set, context)) return tupleMatch(parts, operator, keysOf(fixedElements(set)), context);
  // What is there for good, and what nobody can know.
  const mayGo = set.timeout !== undefined || context.learnt.get(set.name)?.shrinks === true;
  const lasting = mayGo ? [] : set.elements.filter((element) => element.timeout === undefined);
  const known = lasting.length === 0 ? nothing : tupleMatch(parts, '==', keysOf(lasting), context);
  const text = `${printExpression(key)} @${set.name}`;
  const unknown = context.program.unknowns.membership(text, set.name, context, changesBefore(set, context, position));
  const inside = any(known, unknown);
  switch (operator) {
    case '==':
    case 'in':
      return all(...parts.map(presence), inside);
    case '!=':
      return all(...parts.map(presence), not(inside));
    default:
      throw new NotUnderstood('it compares with a set by order');
  }
}

function ofSetOfOne(parts: readonly KeyPart[], keys: readonly nft.Expression[], context: ChainContext): Match {
  const [exact, bits] = [tupleMatch(parts, '==', keys, context), tupleMatch(parts, 'in', keys, context)];
  if (isDeepStrictEqual(exact, bits)) return exact; // as for a state of connections: it has one bit
  const takes = context.program.unknowns.property(TAKES_ONE_FOR_ITS_BITS);
  return any(all(takes, bits), all(not(takes), exact));
}

function keysOf(elements: readonly nft.Element[]): nft.Expression[] {
  return elements.map((element) => element.key);
}

export function namedSet(name: string, context: ChainContext): nft.SetDeclaration {
  const set = context.sets.get(name);
  if (set === undefined) throw new NotUnderstood(`there is no set \`${name}\``);
  return set;
}

/** Whether elements come and go while packets pass. The flag `dynamic` alone is no sign: nft 1.0.6's JSON omits it. */
function isLearnt(set: nft.SetDeclaration, context: ChainContext): boolean {
  return set.flags.includes('timeout') || set.timeout !== undefined || context.learnt.has(set.name);
}

function changesBefore(set: nft.SetDeclaration, context: ChainContext, { rule }: Position): number {
  const changes = context.learnt.get(set.name)?.changes.get(context.chain) ?? [];
  return changes.filter((position) => position < rule).length;
}

/** Elements that hold for as long as the ruleset does. */
function fixedElements(set: nft.SetDeclaration): readonly nft.Element[] {
  const wide = set.elements.find((element) => !isExact(element.key));
  if (wide !== undefined && !set.flags.includes('interval')) {
    throw new NotUnderstood(`\`${set.name}\` holds ranges without the flag for them`);
  }
  return set.elements;
}

function isExact(key: nft.Expression): boolean {
  if (key.kind === 'concat') return key.parts.every(isExact);
  return key.kind !== 'range' && key.kind !== 'prefix' && key.kind !== 'number-prefix';
}

/** An element of a map, with the condition under which it is there. */
export interface MapElement {
  readonly element: nft.Element;
  readonly isThere?: Match; // absent: always
}

/** The elements of a map in the order in which they are asked: `*` after all others. */
export function mapElements(data: nft.SetExpression, context: ChainContext): MapElement[] {
  const elements =
    data.kind === 'set'
      ? data.elements.map((element) => ({ element }))
      : namedElements(namedSet(data.name, context), context);
  return [...elements.filter((each) => !isRest(each)), ...elements.filter(isRest)];
}

function isRest({ element }: MapElement): boolean {
  return element.key.kind === 'anything';
}

function namedElements(set: nft.SetDeclaration, context: ChainContext): MapElement[] {
  if (context.learnt.has(set.name)) throw new NotUnderstood(`the elements of \`${set.name}\` come and go`);
  if (!isLearnt(set, context)) return fixedElements(set).map((element) => ({ element }));
  if (set.elements.length > MOST_TIMED) throw new NotUnderstood(`too many elements of \`${set.name}\` come and go`);
  return set.elements.map((element) => {
    if (set.timeout === undefined && element.timeout === undefined) return { element };
    const text = `@${set.name} still holds ${printExpression(element.key)}`;
    return { element, isThere: context.program.unknowns.membership(text, set.name, context, 0) };
  });
}

/** Elements with a time of their own: each is a question of its own. */
const MOST_TIMED = 256;

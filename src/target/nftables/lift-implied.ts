import { field, type Match } from '../../ir/index.ts';
import { PROTOCOLS } from '../../net/index.ts';
import type * as nft from './ast.ts';
import type { ChainContext } from './lift-context.ts';

/** What a statement needs to be known of a packet. */
type Need = 'ipv4' | 'ipv6' | 'tcp';

/**
 * A kind of refusal, an IP option and an IPv6 extension header each ask for the packets that they are for. Where no statement before them
 * does, nft adds the condition at the very beginning of the rule, before all that the rule changes
 * (`stmt_reject_gen_dependency`, `exthdr_gen_dependency`, src/evaluate.c), and leaves it out again when it lists the rule.
 */
export function impliedConditions({ statements }: nft.Rule, { family }: ChainContext): readonly Match[] {
  if (!statements.some(needsMore)) return NONE; // nearly all rules
  const known = new Set<Need>(family === 'ip' ? ['ipv4'] : family === 'ip6' ? ['ipv6'] : []);
  const implied: Match[] = [];
  for (const statement of statements) {
    for (const need of needsOf(statement)) {
      if (known.has(need)) continue;
      known.add(need);
      implied.push(CONDITIONS[need]);
    }
    for (const need of toldBy(statement)) known.add(need);
  }
  return implied;
}

const NONE: readonly never[] = [];

/** Whether a statement may need more than it says itself. */
function needsMore(statement: nft.Statement): boolean {
  return statement.kind === 'reject' ? statement.with !== undefined : expressionsOf(statement).some(readsOption);
}

function readsOption(expression: nft.Expression): boolean {
  switch (expression.kind) {
    case 'option':
      return true;
    case 'concat':
      return expression.parts.some(readsOption);
    case 'binary':
      return readsOption(expression.left) || readsOption(expression.right);
    case 'map':
      return readsOption(expression.key);
    default:
      return false;
  }
}

const CONDITIONS: Readonly<Record<Need, Match>> = {
  ipv4: field('family', 4),
  ipv6: field('family', 6),
  tcp: field('protocol', PROTOCOLS.tcp),
};

function needsOf(statement: nft.Statement): readonly Need[] {
  if (statement.kind !== 'reject') return expressionsOf(statement).flatMap((each) => partsOf(each).flatMap(optionNeed));
  switch (statement.with?.kind) {
    case 'tcp-reset':
      return ['tcp'];
    case 'icmp':
      return ['ipv4'];
    case 'icmpv6':
      return ['ipv6'];
    case 'icmpx':
    case undefined:
      return [];
  }
}

/** Headers of IPv6 have a name of one word; options have the name of their protocol before it. */
function optionNeed(part: nft.Expression): readonly Need[] {
  if (part.kind !== 'option') return [];
  if (part.header.startsWith('ip option')) return ['ipv4'];
  return part.header.includes(' ') || ['gre', 'gretap', 'vxlan', 'geneve'].includes(part.header) ? [] : ['ipv6'];
}

function toldBy(statement: nft.Statement): readonly Need[] {
  if (statement.kind === 'match' && statement.operator === '==') {
    const { left, right } = statement;
    const name =
      left.kind === 'meta' ? `meta ${left.key}` : left.kind === 'payload' ? `${left.protocol} ${left.field}` : '';
    // Of `{ udp, tcp }` as well nft takes a packet for what one of them says.
    const given = (right.kind === 'set' ? right.elements.map(({ key }) => key) : [right]).map(plainValue);
    const told = VALUES.flatMap(([need, of, ...values]) =>
      of === name && values.some((each) => given.includes(each)) ? [need] : [],
    );
    if (told.length > 0)
      return [...told, ...expressionsOf(statement).flatMap((each) => partsOf(each).flatMap(protocolNeeds))];
  }
  return expressionsOf(statement).flatMap((each) => partsOf(each).flatMap(protocolNeeds));
}

/** A number or a word; `undefined` for all else. */
export function plainValue(constant: nft.Expression): string | number | undefined {
  return constant.kind === 'number' ? constant.value : constant.kind === 'word' ? constant.text : undefined;
}

/** A field and its values, as numbers and words, that leave only such packets. */
const VALUES: readonly (readonly [Need, string, ...(string | number)[]])[] = [
  ['tcp', 'meta l4proto', 6, 'tcp'],
  ['tcp', 'ip protocol', 6, 'tcp'],
  ['tcp', 'ip6 nexthdr', 6, 'tcp'],
  ['ipv4', 'meta nfproto', 2, 'ipv4'],
  ['ipv4', 'meta protocol', 0x0800, 'ip'],
  ['ipv4', 'ether type', 0x0800, 'ip'],
  ['ipv6', 'meta nfproto', 10, 'ipv6'],
  ['ipv6', 'meta protocol', 0x86dd, 'ip6'],
  ['ipv6', 'ether type', 0x86dd, 'ip6'],
];

/** A packet of which a field is read has the header. */
function protocolNeeds(part: nft.Expression): readonly Need[] {
  const protocol =
    part.kind === 'payload' ? part.protocol : part.kind === 'option' ? part.header.split(' ')[0] : undefined;
  switch (protocol) {
    case 'tcp':
      return ['tcp'];
    case 'ip':
    case 'icmp':
    case 'igmp':
      return ['ipv4'];
    case 'ip6':
    case 'icmpv6':
      return ['ipv6'];
    default:
      return [];
  }
}

export function expressionsOf(statement: nft.Statement): readonly nft.Expression[] {
  switch (statement.kind) {
    case 'match':
      return [statement.left];
    case 'vmap':
    case 'counter-map':
    case 'object-map':
    case 'set-update':
    case 'meter':
      return [statement.key];
    case 'assign':
      return [statement.target, statement.value];
    default:
      return NONE;
  }
}

export function partsOf(expression: nft.Expression): readonly nft.Expression[] {
  switch (expression.kind) {
    case 'concat':
      return expression.parts.flatMap(partsOf);
    case 'binary':
      return [...partsOf(expression.left), ...partsOf(expression.right)];
    case 'map':
      return partsOf(expression.key);
    default:
      return [expression];
  }
}

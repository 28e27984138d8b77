import {
  address,
  all,
  any,
  atHook,
  everything,
  type Field,
  field,
  type Hook,
  inState,
  interfaces,
  type Match,
  not,
  ofType,
  type Ruleset,
  type Side,
  symbol,
} from '../../src/ir/index.ts';
import type { Family } from '../../src/net/index.ts';
import { ACCOUNTS } from './generate/values.ts';
import { LOWEST_TTL, MARKS } from './packet.ts';
import { matchesOf } from './read.ts';
import { OPTIONS, whenAlwaysHolds } from './unknowns.ts';
import { STATUS } from './world/recorder.ts';
import { ADDRESS_KINDS, WAYS_OUT, WIRES } from './world/topology.ts';

/**
 * The packets that the world can send to a hook, as far as the ruleset asks: by its wires and accounts, with its routing table and the numbers
 * that every packet of ours has. What no condition asks for is left open, or packet sets would be large for nothing.
 */
export function sendable(ruleset: Ruleset, hook: Hook, family: Family): Match {
  const asked = matchesOf(ruleset);
  const asksFor = (name: Field): boolean => asked.some((match) => match.kind === 'field' && match.field === name);
  const asksWayOut = asked.some((match) => match.kind === 'interface' && match.side === 'out');
  const quantities = new Set(asked.flatMap((match) => (match.kind === 'quantity' ? [match.quantity] : [])));
  return all(
    atHook(hook),
    field('family', family),
    cameBy(hook),
    ...(hook === 'output' ? [field('srcAccount', ...ACCOUNTS)] : []),
    ...(asksWayOut && hook !== 'input' ? [leavesByRoute(family)] : []),
    ...(asksFor('srcType') ? [typed('src', family)] : []),
    ...(asksFor('dstType') ? [typed('dst', family)] : []),
    ...NUMBERS.flatMap(([name, match]) => (quantities.has(name) ? [match] : [])),
    ...asked.flatMap((match) => (match.kind === 'symbol' ? [known(match)] : [])),
  );
}

function cameBy(hook: Hook): Match {
  if (hook === 'output') return everything;
  return interfaces('in', ...WIRES.filter(({ way }) => way === hook).map(({ name }) => ({ name, wildcard: false })));
}

/** The longest prefix decides. */
function leavesByRoute(family: Family): Match {
  const longestFirst = WAYS_OUT.filter((each) => each.range.family === family);
  return any(
    ...longestFirst.map(({ name, range }, index) =>
      all(
        interfaces('out', { name, wildcard: false }),
        address('dst', range),
        ...longestFirst.slice(0, index).map((longer) => not(address('dst', longer.range))),
      ),
    ),
  );
}

function typed(side: Side, family: Family): Match {
  const kinds = ADDRESS_KINDS[family];
  const others = all(ofType(side, 'unicast'), ...kinds.map(({ ranges }) => not(address(side, ...ranges))));
  return any(others, ...kinds.map(({ type, ranges }) => all(ofType(side, type), address(side, ...ranges))));
}

const is = (name: string, ...values: readonly number[]): Match =>
  quantityIn(
    name,
    values.map((value) => ({ first: value, last: value })),
  );

function quantityIn(name: string, ranges: readonly { readonly first: number; readonly last: number }[]): Match {
  return { kind: 'quantity', quantity: name, mask: 0xffff_ffff, ranges };
}

const HOPS = [{ first: LOWEST_TTL, last: 255 }];
const first = inState('new', 'invalid', 'untracked');

const NUMBERS: readonly (readonly [string, Match])[] = [
  ['mark', is('mark', ...MARKS)],
  ['ctmark', is('ctmark', 0)],
  [
    'ct status',
    any(all(first, is('ct status', 0)), all(not(first), is('ct status', STATUS.confirmed | STATUS['seen-reply']))),
  ],
  ['ct direction', any(all(first, is('ct direction', 0)), all(not(first), is('ct direction', 0, 1)))],
  ['ip ttl', quantityIn('ip ttl', HOPS)],
  ['ip6 hoplimit', quantityIn('ip6 hoplimit', HOPS)],
  ['ip version', is('ip version', 4)],
  ['ip hdrlength', is('ip hdrlength', 5)],
  ['ip frag-off', is('ip frag-off', 0x4000)],
  ['tcp sequence', is('tcp sequence', 1)],
  ['tcp doff', is('tcp doff', 5)],
  ['tcp window', is('tcp window', 0xffff)],
];

/** Conditions whose answer is the same for all packets here. */
function known({ symbol: asked }: Extract<Match, { kind: 'symbol' }>): Match {
  if (asked.kind === 'within-rate') return symbol(asked);
  if (asked.kind !== 'unknown') return not(symbol(asked));
  if (asked.text === OPTIONS) return everything;
  const holds = whenAlwaysHolds(asked.text);
  return holds === undefined ? everything : holds ? symbol(asked) : not(symbol(asked));
}

import {
  ADDRESS_TYPES,
  CONNTRACK_STATES,
  type Effect,
  type Field,
  HOOKS,
  type InterfacePattern,
  type Match,
  type Range,
  symbolKey,
} from '../ir/index.ts';
import { type AddressRange, addressRange, PORT_PROTOCOLS, PROTOCOLS } from '../net/index.ts';
import { addressExtent, candidates, type Dimension, type ExtentOf } from './candidates.ts';
import { mergeBits } from './effects.ts';
import { type FlowPattern, hasIcmpType, type InterfaceChoice } from './pattern.ts';

/**
 * What a match says of every packet of a pattern: true, false, or `undefined` where it holds for some, or where this
 * reckoning, which looks at one field at a time, cannot tell. Sound: `true` and `false` are what `packetsOf` says, too.
 */
export function decide(match: Match, pattern: FlowPattern): boolean | undefined {
  switch (match.kind) {
    case 'everything':
      return true;
    case 'nothing':
      return false;
    case 'all':
      return every(match.of, pattern);
    case 'any': {
      let answer: boolean | undefined = false;
      for (const index of candidates(match.of, (part) => part, extentsOfPattern(pattern))) {
        const decided = decide(match.of[index]!, pattern);
        if (decided === true) return true;
        if (decided === undefined) answer = undefined;
      }
      return answer;
    }
    case 'not': {
      const decided = decide(match.of, pattern);
      return decided === undefined ? undefined : !decided;
    }
    case 'field':
      return decideField(match.field, match.ranges, pattern);
    case 'address':
      return within(match.side === 'src' ? pattern.src : pattern.dst, match.ranges, sameFamily);
    case 'interface':
      return decideInterface(match.side === 'in' ? pattern.inInterface : pattern.outInterface, match.names);
    case 'quantity': {
      const value = pattern.quantities.get(match.quantity);
      return value === undefined ? undefined : holdsOne((value & match.mask) >>> 0, match.ranges);
    }
    case 'symbol': {
      const key = symbolKey(match.symbol);
      return pattern.symbols.find((choice) => symbolKey(choice.symbol) === key)?.holds;
    }
  }
}

function every(parts: readonly Match[], pattern: FlowPattern): boolean | undefined {
  let answer: boolean | undefined = true;
  for (const part of parts) {
    const decided = decide(part, pattern);
    if (decided === false) return false;
    if (decided === undefined) answer = undefined;
  }
  return answer;
}

function decideField(name: Field, ranges: readonly Range[], pattern: FlowPattern): boolean | undefined {
  const values = fieldValues(name, pattern);
  if (typeof values === 'number') return holdsOne(values, ranges);
  if (values === 'absent') return false;
  return values === 'any' ? undefined : within(values, ranges, always);
}

/** The value that a field has in all packets of a pattern, or its values among them; `absent` where they have no such field. */
function fieldValues(name: Field, pattern: FlowPattern): number | readonly Range[] | 'absent' | 'any' {
  switch (name) {
    case 'hook':
      return HOOKS.indexOf(pattern.hook);
    case 'family':
      return pattern.family;
    case 'protocol':
      return pattern.protocol;
    case 'state':
      return CONNTRACK_STATES.indexOf(pattern.state);
    case 'srcType':
      return ADDRESS_TYPES.indexOf(pattern.srcType);
    case 'dstType':
      return ADDRESS_TYPES.indexOf(pattern.dstType);
    case 'sport':
      return PORT_PROTOCOLS.includes(pattern.protocol) ? known(pattern.sport) : 'absent';
    case 'dport':
      return PORT_PROTOCOLS.includes(pattern.protocol) ? known(pattern.dport) : 'absent';
    case 'icmpType':
      return hasIcmpType(pattern) ? (pattern.icmpType ?? 'any') : 'absent';
    case 'icmpCode':
      return hasIcmpType(pattern) ? (pattern.icmpCode ?? 'any') : 'absent';
    case 'tcpFlags':
      return pattern.protocol === PROTOCOLS.tcp ? (pattern.tcpFlags ?? 'any') : 'absent';
    case 'srcAccount':
      return pattern.hook === 'output' ? (pattern.srcAccounts ?? 'any') : 'absent';
    case 'dstAccount':
      return pattern.hook === 'input' ? (pattern.dstAccounts ?? 'any') : 'absent';
  }
}

function known(range: Range | undefined): number | readonly Range[] | 'any' {
  if (range === undefined) return 'any';
  return range.first === range.last ? range.first : [range];
}

/** As `within` of one value: most questions are about single values, and a hundred thousand of them are asked at once. */
function holdsOne(value: number, ranges: readonly Range[]): boolean {
  for (const { first, last } of ranges) if (first <= value && value <= last) return true;
  return false;
}

interface Ends<Value> {
  readonly first: Value;
  readonly last: Value; // inclusive
}

/** Whether the values lie all inside the ranges, all outside, or neither (a value over two ranges is not looked into). */
function within<Value extends number | bigint, Part extends Ends<Value>>(
  values: readonly Part[],
  ranges: readonly Part[],
  comparable: (a: Part, b: Part) => boolean,
): boolean | undefined {
  let inside = 0;
  for (const value of values) {
    let answer = false;
    for (const range of ranges) {
      if (!comparable(value, range) || range.last < value.first || value.last < range.first) continue;
      if (value.first < range.first || range.last < value.last) return undefined;
      answer = true;
      break;
    }
    if (answer) inside++;
  }
  return inside === 0 ? false : inside === values.length ? true : undefined;
}

const always = (): boolean => true;
const sameFamily = (a: AddressRange, b: AddressRange): boolean => a.family === b.family;

function decideInterface(choice: InterfaceChoice | undefined, names: readonly InterfacePattern[]): boolean | undefined {
  if (choice === undefined) return names.some((pattern) => pattern.wildcard && pattern.name === ''); // none: the empty name
  if (choice === 'wire')
    return names.every((pattern) => !pattern.wildcard && pattern.name === 'lo') ? false : undefined;
  if (choice.every((own) => names.some((pattern) => covers(pattern, own)))) return true;
  return choice.some((own) => names.some((pattern) => covers(pattern, own) || covers(own, pattern)))
    ? undefined
    : false;
}

/** Whether every name that the second stands for is one that the first stands for. */
function covers(a: InterfacePattern, b: InterfacePattern): boolean {
  return a.wildcard ? b.name.startsWith(a.name) : !b.wildcard && a.name === b.name;
}

/** The pattern as later rules see its packets. */
export function patternAfter(pattern: FlowPattern, effects: readonly Effect[]): FlowPattern {
  return effects.reduce(after, pattern);
}

function after(pattern: FlowPattern, effect: Effect): FlowPattern {
  switch (effect.kind) {
    case 'assign': {
      const quantities = new Map(pattern.quantities);
      const before = effect.keep === 0 ? 0 : quantities.get(effect.from);
      const own = effect.bits === undefined ? 0 : quantities.get(effect.quantity);
      if (before === undefined || own === undefined) quantities.delete(effect.quantity);
      else quantities.set(effect.quantity, mergeBits(own, ((before & effect.keep) ^ effect.flip) >>> 0, effect.bits));
      return { ...pattern, quantities };
    }
    case 'untrack':
      return { ...pattern, state: 'untracked' };
    case 'translate': {
      const { side, address, port } = effect;
      const ranges = address?.family === pattern.family ? [addressRange(address)] : pattern[side];
      const [name, ports] = side === 'dst' ? (['dport', pattern.dport] as const) : (['sport', pattern.sport] as const);
      const hasPorts = PORT_PROTOCOLS.includes(pattern.protocol);
      const changed = port === undefined || !hasPorts ? ports : { first: port, last: port };
      return { ...pattern, [side]: ranges, ...(changed === undefined ? {} : { [name]: changed }) };
    }
  }
}

/** Where the packets of a pattern lie. Reckoned once for each dimension: every chain on the way asks anew. */
export function extentsOfPattern(pattern: FlowPattern): ExtentOf {
  const known: Partial<Record<Dimension, ReturnType<ExtentOf>>> = {};
  return (dimension) => (known[dimension] ??= extentOfPattern(pattern, dimension));
}

function extentOfPattern(pattern: FlowPattern, dimension: Dimension): ReturnType<ExtentOf> {
  if (dimension === 'dport') {
    if (!PORT_PROTOCOLS.includes(pattern.protocol)) return 'absent';
    return pattern.dport === undefined
      ? 'any'
      : { first: BigInt(pattern.dport.first), last: BigInt(pattern.dport.last) };
  }
  const [range, ...others] = pattern[dimension];
  return range === undefined || others.length > 0 ? 'any' : addressExtent(range);
}

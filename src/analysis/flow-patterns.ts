import type {
  AddressType,
  FlowQuestion,
  Symbol as FlowSymbol,
  Hook,
  Intent,
  InterfacePattern,
  NamedDestination,
  Peer,
  PolicyTest,
  Range,
  Ruleset,
} from '../ir/index.ts';
import { ORDINARY_PORTS } from '../ir/index.ts';
import { type Address, type AddressRange, type Family, PORT_PROTOCOLS, PROTOCOLS, range } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import { type FlowPattern, type InterfaceChoice, type SymbolChoice, symbolsOf } from '../semantics/index.ts';

/**
 * One way that a packet can take through this machine: the hooks it meets, in order. Between two local processes there are two
 * (it leaves by output and comes back by input of the loopback interface), else one.
 */
export type Passage = readonly FlowPattern[];

/** What patterns need to know of the policy that they are asked of. */
export interface PatternContext {
  readonly symbols: readonly FlowSymbol[]; // that any rule may ask for
  readonly namesResolveTo: readonly AddressRange[]; // where a host name may lead
}

/**
 * The context of a question. A name stands for a public address of its own, one that no flow names: otherwise whoever owns
 * a name could make every claim about it false by pointing it at an allowed address.
 *
 * @param ruleset that is asked; @param intent whose zones are meant
 */
export function patternContext(intent: Intent, ruleset: Ruleset): PatternContext {
  let namesResolveTo: readonly AddressRange[] | undefined; // found out once a name is asked for: a policy can have thousands of addresses
  return {
    symbols: symbolsOf(ruleset),
    get namesResolveTo() {
      namesResolveTo ??= addressesOfNames(intent);
      return namesResolveTo;
    },
  };
}

function addressesOfNames(intent: Intent): readonly AddressRange[] {
  const publicAddresses = AddressSet.of((intent.zones.get('internet') ?? []).flatMap(rangesOf));
  const size = count(publicAddresses.ranges());
  const named = intent.grants
    .flatMap((grant) => grant.to.map(rangesOf))
    .filter((ranges) => {
      const mayBeEverywhere = count(ranges) >= size;
      return !(mayBeEverywhere && publicAddresses.subtract(AddressSet.of(ranges)).isEmpty());
    });
  const own = publicAddresses.subtract(AddressSet.of(named.flat()));
  return (own.isEmpty() ? publicAddresses : own).ranges();
}

function count(ranges: readonly AddressRange[]): bigint {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
}

function rangesOf(peer: Peer | NamedDestination): readonly AddressRange[] {
  return peer.kind === 'remote' ? peer.ranges : [];
}

/** The passages that a flow expression can mean; several where it names a zone of several parts or leaves the hook open. */
export function questionPassages(question: FlowQuestion, context: PatternContext): Passage[] {
  return question.from.flatMap((from) => question.to.flatMap((to) => passages(from, to, question, context)));
}

/** The passages that a claim of the policy's own tests speaks of: first packets, from any ordinary port. */
export function testPassages(test: PolicyTest, context: PatternContext): Passage[] {
  return test.services.flatMap((service) => {
    const hasPorts = PORT_PROTOCOLS.includes(service.protocol);
    const { from, to, text } = test;
    return questionPassages(
      { text, from, to, service, state: 'new', ...(hasPorts ? { sport: ORDINARY_PORTS } : {}) },
      context,
    );
  });
}

type Asked = Pick<
  FlowQuestion,
  'service' | 'sport' | 'account' | 'inInterface' | 'outInterface' | 'state' | 'mark' | 'hooks'
>;

function passages(from: Peer, to: Peer | NamedDestination, asked: Asked, context: PatternContext): Passage[] {
  const hooks = hooksOf(from, to, asked);
  return ([4, 6] as const)
    .flatMap((family) => {
      if ((asked.service.family ?? family) !== family) return [];
      if (asked.service.protocol === PROTOCOLS.icmp && family === 6) return [];
      if (asked.service.protocol === PROTOCOLS.icmpv6 && family === 4) return [];
      return hooks.map((way) => way.map((hook) => pattern(hook, way.length > 1, family, from, to, asked, context)));
    })
    .filter((passage) => passage.every((each) => each.src.length > 0 && each.dst.length > 0));
}

/** Where the packet stands: as the question says, else as the ends tell. */
function hooksOf(from: Peer, to: Peer | NamedDestination, asked: Asked): readonly (readonly Hook[])[] {
  if (asked.hooks !== undefined) return asked.hooks.map((hook) => [hook]);
  const fromHere = from.kind === 'local' || isLoopback(from);
  const toHere = to.kind === 'local' || isLoopback(to);
  if (fromHere && toHere) return [['output', 'input']];
  if (fromHere) return [['output']];
  if (toHere) return [['input']];
  return [['forward']];
}

function pattern(
  hook: Hook,
  isLoop: boolean,
  family: Family,
  from: Peer,
  to: Peer | NamedDestination,
  asked: Asked,
  context: PatternContext,
): FlowPattern {
  const { service } = asked;
  const src = addressesOf(from, family, context);
  const dst = addressesOf(to, family, context);
  const through = (peer: Peer | NamedDestination, wanted: InterfacePattern | undefined): InterfaceChoice =>
    isLoop ? [LOOPBACK_INTERFACE] : wanted === undefined ? ownInterfaces(peer) : [wanted];
  // Field by field, and not from conditional parts: this is done for each of a hundred thousand questions.
  const made: { -readonly [Part in keyof FlowPattern]: FlowPattern[Part] } = {
    hook,
    family,
    src,
    dst,
    protocol: service.protocol,
    state: asked.state,
    srcType: addressType(src, hook === 'output' || isLoop),
    dstType: addressType(dst, hook === 'input' || isLoop),
    quantities: startingQuantities(asked),
    symbols: context.symbols.flatMap((symbol) => symbolChoice(symbol, hook, from, to)),
  };
  if (to.kind === 'name') made.dstName = to.name;
  if (PORT_PROTOCOLS.includes(service.protocol)) {
    if (asked.sport !== undefined) made.sport = asked.sport;
    if (service.ports !== undefined) made.dport = service.ports;
  }
  if (service.icmp !== undefined) made.icmpType = service.icmp.type;
  if (service.icmp?.code !== undefined) made.icmpCode = service.icmp.code;
  if (service.protocol === PROTOCOLS.tcp) made.tcpFlags = asked.state === 'new' ? SYN : ACK;
  if (hook !== 'output') made.inInterface = through(from, asked.inInterface);
  if (hook !== 'input') made.outInterface = through(to, asked.outInterface);
  const srcAccounts = hook === 'output' ? accounts(from, asked.account) : undefined;
  const dstAccounts = hook === 'input' && to.kind === 'local' ? to.accounts : undefined;
  if (srcAccounts !== undefined) made.srcAccounts = srcAccounts;
  if (dstAccounts !== undefined) made.dstAccounts = dstAccounts;
  return made;
}

/** A packet enters without mark, and so does the connection that it opens (net/core/skbuff.c, nf_conntrack_core.c). */
function startingQuantities({ state, mark }: Asked): FlowPattern['quantities'] {
  if (mark === undefined) return state === 'new' ? UNMARKED : UNMARKED_LATER;
  return new Map(state === 'new' ? UNMARKED : UNMARKED_LATER).set('mark', mark);
}

const UNMARKED: FlowPattern['quantities'] = new Map([
  ['mark', 0],
  ['ctmark', 0],
]);
const UNMARKED_LATER: FlowPattern['quantities'] = new Map([['mark', 0]]);

const SYN = 2; // the first packet of a TCP connection (RFC 9293 3.1)
const ACK = 16; // any later one

const LOOPBACK_INTERFACE: InterfacePattern = { name: 'lo', wildcard: false };

function ownInterfaces(peer: Peer | NamedDestination): InterfaceChoice {
  return peer.kind === 'remote' && peer.interfaces !== undefined && peer.interfaces.length > 0
    ? peer.interfaces
    : 'wire';
}

function accounts(from: Peer, wanted: number | undefined): readonly Range[] | undefined {
  if (wanted !== undefined) return [{ first: wanted, last: wanted }];
  return from.kind === 'local' ? from.accounts : undefined;
}

/**
 * What is known of a symbol: rates are kept; a process of a zone lives in that zone's cgroup, and of other zones' cgroups in
 * none; an address that is given as such was asked for by no name.
 */
function symbolChoice(
  symbol: FlowSymbol,
  hook: Hook,
  from: Peer,
  to: Peer | NamedDestination,
): readonly SymbolChoice[] {
  switch (symbol.kind) {
    case 'within-rate':
      return [{ symbol, holds: true }];
    case 'cgroup': {
      const anyProcess = from.kind === 'local' && from.accounts === undefined && from.cgroup === undefined;
      if (hook === 'output' && (anyProcess || from.kind !== 'local')) return []; // any process: any cgroup
      return [{ symbol, holds: hook === 'output' && from.kind === 'local' && from.cgroup === symbol.path }];
    }
    case 'asked':
    case 'member':
      return [{ symbol, holds: groupsOf(to).includes(symbol.group) }];
    case 'unknown':
      return []; // may hold or not
  }
}

function groupsOf(to: Peer | NamedDestination): readonly string[] {
  switch (to.kind) {
    case 'name':
      return to.groups;
    case 'named':
      return [to.group];
    case 'local':
    case 'remote':
      return [];
  }
}

function addressesOf(peer: Peer | NamedDestination, family: Family, context: PatternContext): readonly AddressRange[] {
  switch (peer.kind) {
    case 'local':
      return OWN_ADDRESSES[family];
    case 'remote':
      return peer.ranges.filter((each) => each.family === family);
    case 'named':
    case 'name':
      return context.namesResolveTo.filter((each) => each.family === family);
  }
}

const LOOPBACK = [range('127.0.0.0/8'), range('::1')];
const GROUPS = [range('224.0.0.0/4'), range('ff00::/8')];
const BROADCAST = [range('255.255.255.255')];

/** What this machine's own addresses can be: unicast, and not the loopback's. */
const OWN_ADDRESSES: Readonly<Record<Family, readonly AddressRange[]>> = {
  4: AddressSet.of([range('0.0.0.0/0')])
    .subtract(AddressSet.of([...LOOPBACK, range('0.0.0.0/8'), range('224.0.0.0/3')]))
    .ranges(),
  6: [range('2000::/3'), range('fc00::/7'), range('fe80::/10')],
};

function isLoopback(peer: Peer | NamedDestination): boolean {
  return peer.kind === 'remote' && peer.ranges.length > 0 && inside(peer.ranges, LOOPBACK);
}

/**
 * What tells one address from another of its family before any rule is asked: questions that differ in nothing but addresses of one
 * kind lead to patterns that differ in nothing but these addresses.
 */
export type AddressKind = 'loopback' | 'group' | 'broadcast' | 'ordinary';

export function addressKind(address: Address): AddressKind {
  if (isIn(LOOPBACK, address)) return 'loopback';
  if (isIn(GROUPS, address)) return 'group';
  return isIn(BROADCAST, address) ? 'broadcast' : 'ordinary';
}

function isIn(ranges: readonly AddressRange[], { family, value }: Address): boolean {
  return ranges.some((range) => range.family === family && range.first <= value && value <= range.last);
}

/** What the routing table says of the addresses, as far as it must say that. */
function addressType(ranges: readonly AddressRange[], isOwn: boolean): AddressType {
  if (inside(ranges, GROUPS)) return 'multicast';
  if (inside(ranges, BROADCAST)) return 'broadcast';
  return isOwn || inside(ranges, LOOPBACK) ? 'local' : 'unicast';
}

function inside(ranges: readonly AddressRange[], of: readonly AddressRange[]): boolean {
  return ranges.every((each) =>
    of.some((outer) => outer.family === each.family && outer.first <= each.first && each.last <= outer.last),
  );
}

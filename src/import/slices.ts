import {
  address,
  all,
  any,
  atHook,
  everything,
  field,
  type Hook,
  inState,
  interfaces,
  type Match,
  not,
  ofType,
  quantity,
  type Range,
  type Symbol as RuleSymbol,
  symbol,
  symbolKey,
} from '../ir/index.ts';
import { PORT_PROTOCOLS, PROTOCOLS, range } from '../net/index.ts';
import { AddressSet, type PacketSet } from '../packetset/index.ts';
import { NO_ACCOUNT, packetsOf } from '../semantics/index.ts';
import type { Scope } from './scope.ts';
import type { PacketClass, RateSymbol } from './selector.ts';

const SYN = 2; // the first packet of a TCP connection (RFC 9293 3.1)
const ORDINARY_SOURCE_PORT = 40_000;

/** What this machine's own addresses can be (RFC 1122 3.2.1.3, RFC 4291 2.4): not groups, not loopback. */
const MACHINES = AddressSet.of(
  ['0.0.0.0/1', '128.0.0.0/2', '192.0.0.0/3', '2000::/3', 'fc00::/7', 'fe80::/10'].map(range),
)
  .subtract(AddressSet.of(['0.0.0.0/8', '127.0.0.0/8'].map(range)))
  .ranges();

/** What passes at a hook, seen class by class, with all forgotten but addresses and services. */
export class Slices {
  readonly #scope: Scope;
  readonly #hook: Hook;
  readonly #symbols: readonly RuleSymbol[];
  readonly #rates: readonly RateSymbol[];
  readonly #passing: PacketSet;

  constructor(scope: Scope, hook: Hook, passing: PacketSet) {
    this.#scope = scope;
    this.#hook = hook;
    this.#symbols = scope.symbols;
    this.#rates = scope.rates;
    this.#passing = passing.intersect(packetsOf(scope.space, firstPackets(hook)));
  }

  /** The packets of a class, addresses of the other end and service alone. */
  of(packets: PacketClass): PacketSet {
    const { space } = this.#scope;
    const here = this.#passing.intersect(packetsOf(space, this.#match(packets)));
    switch (this.#hook) {
      case 'input':
        return space.project(here, ['family', 'src', 'protocol', 'dport', 'icmpType', 'icmpCode']);
      case 'output':
        return space.project(here, ['family', 'dst', 'protocol', 'dport', 'icmpType', 'icmpCode']);
      case 'forward':
        return space.project(here, ['family', 'src', 'dst', 'protocol', 'dport', 'icmpType', 'icmpCode']);
    }
  }

  #match(packets: PacketClass): Match {
    return all(
      this.#hook === 'output' ? everything : interfaces('in', { name: packets.in, wildcard: false }),
      this.#hook === 'input' ? everything : interfaces('out', { name: packets.out, wildcard: false }),
      this.#hook === 'output' ? account(packets.account) : everything,
      ...this.#symbols.map((each) => this.#symbolMatch(each, packets)),
    );
  }

  /** A limit is exceeded unless the class says that it is kept; other conditions that nobody can know do not hold. */
  #symbolMatch(of: RuleSymbol, { cgroup, group, rate }: PacketClass): Match {
    const holds = (condition: boolean): Match => (condition ? symbol(of) : not(symbol(of)));
    const key = symbolKey(of);
    switch (of.kind) {
      case 'asked':
      case 'member':
        return holds(of.group === group);
      case 'cgroup':
        return holds(of.path === cgroup);
      case 'within-rate':
        return holds(rate?.keys.includes(key) === true);
      case 'unknown': {
        const isRate = this.#rates.some((each) => each.keys.includes(key));
        return holds(isRate && rate?.keys.includes(key) !== true);
      }
    }
  }
}

function account(range: Range | null): Match {
  return range === null
    ? not(field('srcAccount', { first: 0, last: NO_ACCOUNT - 1 }))
    : field('srcAccount', range.first);
}

/** As clients open connections: what a flow of a policy is about. */
function firstPackets(hook: Hook): Match {
  return all(
    atHook(hook),
    inState('new'),
    any(not(field('protocol', PROTOCOLS.tcp)), field('tcpFlags', SYN)),
    any(not(field('protocol', ...PORT_PROTOCOLS)), field('sport', ORDINARY_SOURCE_PORT)),
    ofType('src', hook === 'output' ? 'local' : 'unicast'),
    ofType('dst', hook === 'input' ? 'local' : 'unicast'),
    hook === 'input' ? address('dst', ...MACHINES) : everything, // which of its addresses, a policy does not say
    hook === 'output' ? address('src', ...MACHINES) : everything,
    quantity('mark', 0xffff_ffff, 0),
    quantity('ctmark', 0xffff_ffff, 0),
  );
}

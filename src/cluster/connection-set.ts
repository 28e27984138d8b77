import type { ConnectionProtocol } from '../kubernetes/index.ts';
import { formatNumbers, holds, intersect, type Numbers, subtract, unite } from './numbers.ts';

/** Of a protocol with ports, or of ICMP by its type, or of another protocol by its number. */
export interface Connection {
  readonly protocol: ConnectionProtocol | 'other';
  readonly port: number; // 1-65535; of ICMP the type, 0-255; of another protocol its number, 0-255
}

/** As other programs read it (`reach --json`): ports absent are all. */
export interface AllowedPorts {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly ports?: string;
}

const PROTOCOLS = ['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6', 'other'] as const;
const WITH_PORTS = ['TCP', 'UDP', 'SCTP'] as const;
const PORTS: Numbers = [1, 65535];
const TYPES: Numbers = [0, 255];
// Every protocol number that is none of ICMP (1), TCP (6), UDP (17), ICMPv6 (58) and SCTP (132): IANA, Assigned Internet Protocol Numbers.
const OTHERS: Numbers = [0, 0, 2, 5, 7, 16, 18, 57, 59, 131, 133, 255];
const WHOLE: readonly Numbers[] = [PORTS, PORTS, PORTS, TYPES, TYPES, OTHERS];
/** What people recognise first, for an example. */
const FAMILIAR: readonly number[] = [443, 80, 22, 53, 5432, 8080, 8];

type Parts = readonly Numbers[]; // one for each of `PROTOCOLS`

/**
 * A set of connections between two ends. There is one object for each set: equal sets are identical (`===`), and what was computed once is
 * remembered with its operands.
 *
 *     (a ∪ b) \ b = a \ b      a \ (a \ b) = a ∩ b      a ∪ a = a      a ∩ (b ∪ c) = (a ∩ b) ∪ (a ∩ c)
 */
export class ConnectionSet {
  readonly #parts: Parts;
  // What was computed with this set as the second operand. Made when it is needed; `none` and `all` need none, so they keep nobody alive.
  #unions: Map<ConnectionSet, ConnectionSet> | undefined;
  #intersections: Map<ConnectionSet, ConnectionSet> | undefined;
  #differences: Map<ConnectionSet, ConnectionSet> | undefined;
  #allowed: readonly AllowedPorts[] | undefined; // asked again for each of millions of pairs

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  // Weakly, so that a program that runs for long does not keep every set that it ever met.
  static readonly #known = new Map<string, WeakRef<ConnectionSet>>();
  static readonly #gone = new FinalizationRegistry<string>((key) => {
    if (ConnectionSet.#known.get(key)?.deref() === undefined) ConnectionSet.#known.delete(key);
  });

  static #intern(parts: Parts): ConnectionSet {
    const key = parts.join(';');
    const known = ConnectionSet.#known.get(key)?.deref();
    if (known !== undefined) return known;
    const made = new ConnectionSet(parts);
    ConnectionSet.#known.set(key, new WeakRef(made));
    ConnectionSet.#gone.register(made, key);
    return made;
  }

  static readonly none = ConnectionSet.#intern(PROTOCOLS.map(() => []));
  static readonly all = ConnectionSet.#intern(WHOLE);

  /** Ports (types, numbers) from `first` to `last`, both inclusive, as far as the protocol has them. */
  static of(protocol: Connection['protocol'], first = 0, last = 65535): ConnectionSet {
    const at = PROTOCOLS.indexOf(protocol);
    return ConnectionSet.#intern(
      PROTOCOLS.map((_, index) => (index === at && first <= last ? intersect(WHOLE[at]!, [first, last]) : [])),
    );
  }

  /** Every connection of one IP protocol, by its number. */
  static ofNumber(number: number): ConnectionSet {
    const named = ({ 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' } as const)[number];
    return named === undefined ? ConnectionSet.of('other', number, number) : ConnectionSet.of(named);
  }

  get isEmpty(): boolean {
    return this === ConnectionSet.none;
  }

  union(other: ConnectionSet): ConnectionSet {
    if (this === other || other === ConnectionSet.none || this === ConnectionSet.all) return this;
    if (this === ConnectionSet.none || other === ConnectionSet.all) return other;
    other.#unions ??= new Map();
    return this.#remember(other.#unions, other, unite);
  }

  intersect(other: ConnectionSet): ConnectionSet {
    if (this === other || other === ConnectionSet.all || this === ConnectionSet.none) return this;
    if (this === ConnectionSet.all || other === ConnectionSet.none) return other;
    other.#intersections ??= new Map();
    return this.#remember(other.#intersections, other, intersect);
  }

  subtract(other: ConnectionSet): ConnectionSet {
    if (this === other || other === ConnectionSet.all) return ConnectionSet.none;
    if (this === ConnectionSet.none || other === ConnectionSet.none) return this;
    other.#differences ??= new Map();
    return this.#remember(other.#differences, other, subtract);
  }

  includes(other: ConnectionSet): boolean {
    return other.subtract(this).isEmpty;
  }

  has({ protocol, port }: Connection): boolean {
    return holds(this.#parts[PROTOCOLS.indexOf(protocol)]!, port);
  }

  #remember(
    memory: Map<ConnectionSet, ConnectionSet>,
    other: ConnectionSet,
    operation: (a: Numbers, b: Numbers) => Numbers,
  ): ConnectionSet {
    let result = memory.get(this);
    if (result === undefined) {
      result = ConnectionSet.#intern(this.#parts.map((part, at) => operation(part, other.#parts[at]!)));
      memory.set(this, result);
    }
    return result;
  }

  /** TCP, UDP and SCTP; what is of other protocols only gives none. */
  allowed(): readonly AllowedPorts[] {
    this.#allowed ??= WITH_PORTS.flatMap((protocol, at): AllowedPorts[] => {
      const ports = this.#parts[at]!;
      if (ports.length === 0) return [];
      return [isWhole(ports, at) ? { protocol } : { protocol, ports: formatNumbers(ports) }];
    });
    return this.#allowed;
  }

  /** One of them, if there is any: one that a person recognises where it can be. */
  sample(): Connection | undefined {
    for (const [at, protocol] of PROTOCOLS.entries()) {
      const numbers = this.#parts[at]!;
      if (numbers.length === 0) continue;
      return { protocol, port: FAMILIAR.find((port) => holds(numbers, port)) ?? numbers[0]! };
    }
    return undefined;
  }

  /** `TCP 80-443,8080, UDP 53, ICMP 8, protocol 47`; `everything`, `nothing`. */
  toString(): string {
    if (this === ConnectionSet.all) return 'everything';
    if (this.isEmpty) return 'nothing';
    const words = PROTOCOLS.flatMap((protocol, at) => {
      const numbers = this.#parts[at]!;
      if (numbers.length === 0) return [];
      const whole = isWhole(numbers, at);
      if (protocol === 'other') return [whole ? 'other protocols' : `protocol ${formatNumbers(numbers)}`];
      return [whole ? protocol : `${protocol} ${formatNumbers(numbers)}`];
    });
    return words.join(', ');
  }
}

function isWhole(numbers: Numbers, at: number): boolean {
  const whole = WHOLE[at]!;
  return numbers.length === whole.length && numbers.every((value, index) => value === whole[index]);
}

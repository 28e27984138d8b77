import { all, any, everything, field, type Match, ofWidth, quantity, type Range } from '../../ir/index.ts';
import type { RawBase, Selector } from './ast.ts';
import { type Datatype, widthOf } from './datatype.ts';
import { selectorDatatype } from './fields.ts';
import type { ChainContext } from './lift-context.ts';
import { PORTLESS, payloadSubject } from './lift-payload.ts';
import type { Subject } from './lift-subject.ts';

/** Bits by their place are the field that lies there. */
export function rawSubject(
  { base, offset, length }: Extract<Selector, { kind: 'raw' }>,
  datatype: Datatype,
  context: ChainContext,
): Subject {
  const place = `${base},${offset},${length}`;
  const known = place in TRANSPORT_PLACES ? TRANSPORT_PLACES[place] : NETWORK_PLACES[context.family]?.[place];
  if (known !== undefined) {
    const of = selectorDatatype({ kind: 'payload', ...known });
    if (of !== undefined) return payloadSubject(known.protocol, known.field, of);
  }
  const text = `@${place}`;
  if (place === 'th,0,32') return { kind: 'number', datatype, match: (ranges) => bothPorts(text, datatype, ranges) };
  if (datatype.kind === 'number' && context.family !== 'ip' && context.family !== 'ip6') {
    const [v4, v6] = (['ip', 'ip6'] as const).map((family) => NETWORK_PLACES[family]?.[place]);
    if (v4 !== undefined || v6 !== undefined) return eitherFamily(text, datatype, v4, v6);
  }
  const guard = reaching(base, offset + length, text, context);
  return datatype.kind === 'other'
    ? { kind: 'other', text, guard, volatile: false }
    : { kind: 'quantity', datatype, quantity: text, guard };
}

/** Bits of the shortest header of a network layer (RFC 791 3.1, RFC 8200 3), and of any transport that has ports. */
const SHORTEST = { ip: 160, ip6: 320, transport: 64 } as const;

/**
 * The packets that have so many bits behind the beginning of the header: without them the rule ends (nft_payload_eval,
 * net/netfilter/nft_payload.c). Whether one is long enough nobody knows, beyond the headers that all have.
 */
function reaching(base: RawBase, bits: number, text: string, { family, program }: ChainContext): Match {
  const reaches = program.unknowns.property(`the packet reaches to ${text}`);
  switch (base) {
    case 'nh':
      if (bits <= SHORTEST.ip) return everything;
      return bits <= SHORTEST.ip6 && family !== 'ip' ? any(field('family', 6), reaches) : reaches;
    case 'th':
      return bits <= SHORTEST.transport ? everything : reaches;
    case 'll':
    case 'ih':
      return reaches;
  }
}

/** Where a table sees both families, the bits are a field in packets of one, and in those of the other whatever lies there. */
function eitherFamily(text: string, datatype: Datatype, v4: Place | undefined, v6: Place | undefined): Subject {
  const of = (family: 4 | 6, place: Place | undefined, ranges: readonly Range[]): Match => {
    const there = place === undefined ? undefined : fieldMatch(place, ranges);
    return all(field('family', family), there ?? ofWidth(widthOf(datatype), quantity(text, datatype.max, ...ranges)));
  };
  return { kind: 'number', datatype, match: (ranges) => any(of(4, v4, ranges), of(6, v6, ranges)) };
}

function fieldMatch({ protocol, field: name }: Place, ranges: readonly Range[]): Match | undefined {
  const datatype = selectorDatatype({ kind: 'payload', protocol, field: name });
  const subject = datatype === undefined ? undefined : payloadSubject(protocol, name, datatype);
  switch (subject?.kind) {
    case 'number':
      return subject.match(ranges);
    case 'address':
      return subject.match(
        ranges.map(({ first, last }) => ({ family: subject.family, first: BigInt(first), last: BigInt(last) })),
      );
    default:
      return undefined;
  }
}

interface Place {
  readonly protocol: string;
  readonly field: string;
}

/** Both ports at once: nft joins comparisons of fields that lie side by side. */
function bothPorts(text: string, datatype: Datatype, ranges: readonly Range[]): Match {
  const ports = ranges.flatMap(({ first, last }): Match[] => {
    const [low, high] = [Math.floor(first / PORTS), Math.floor(last / PORTS)];
    const of = (sport: Range, from: number, to: number): Match =>
      all(field('sport', sport), field('dport', { first: from, last: to }));
    if (low === high) return [of({ first: low, last: low }, first % PORTS, last % PORTS)];
    return [
      of({ first: low, last: low }, first % PORTS, PORTS - 1),
      ...(high - low > 1 ? [of({ first: low + 1, last: high - 1 }, 0, PORTS - 1)] : []),
      of({ first: high, last: high }, 0, last % PORTS),
    ];
  });
  return any(...ports, all(PORTLESS, quantity(text, datatype.max, ...ranges)));
}

const PORTS = 0x1_0000;

const TRANSPORT_PLACES: Readonly<Record<string, Place>> = {
  'th,0,16': { protocol: 'th', field: 'sport' },
  'th,16,16': { protocol: 'th', field: 'dport' },
};

/** RFC 791 3.1 and RFC 8200 3; a table of both families does not say which header it is. */
const NETWORK_PLACES: Readonly<Record<string, Readonly<Record<string, Place>>>> = {
  ip: {
    'nh,72,8': { protocol: 'ip', field: 'protocol' },
    'nh,96,32': { protocol: 'ip', field: 'saddr' },
    'nh,128,32': { protocol: 'ip', field: 'daddr' },
  },
  ip6: {
    'nh,48,8': { protocol: 'ip6', field: 'nexthdr' },
    'nh,64,128': { protocol: 'ip6', field: 'saddr' },
    'nh,192,128': { protocol: 'ip6', field: 'daddr' },
  },
};

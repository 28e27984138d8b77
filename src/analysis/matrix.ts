import {
  all,
  any,
  atHook,
  everything,
  field,
  type Hook,
  type InterfacePattern,
  inState,
  interfaces,
  type Match,
  not,
  ORDINARY_PORTS,
  ofType,
  type Ruleset,
  type Service,
} from '../ir/index.ts';
import {
  type AddressRange,
  type Family,
  formatRange,
  highestAddress,
  PORT_PROTOCOLS,
  PROTOCOLS,
} from '../net/index.ts';
import { boxes, HeaderSpace, IntervalSet } from '../packetset/index.ts';
import { denote, packetsOf, possiblePackets, serviceMatch } from '../semantics/index.ts';

/**
 * The address space split into the fewest groups whose members a service treats alike: as source they reach the same
 * addresses, as destination they are reached from the same. An edge says that at least one first packet from any member of
 * one group to any member of the other passes.
 */
export interface ServiceMatrix {
  readonly groups: readonly AddressGroup[]; // disjoint; of each family, together the whole of it
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

export interface AddressGroup {
  readonly id: string;
  readonly addresses: readonly string[]; // CIDR, or first-last
}

export interface MatrixQuestion {
  readonly hook: Hook;
  readonly services: readonly Service[]; // open: at least one of them
  readonly families: readonly Family[];
  readonly inInterface?: InterfacePattern;
  readonly outInterface?: InterfacePattern;
}

const LOOPBACK: InterfacePattern = { name: 'lo', wildcard: false };

export function serviceMatrix(ruleset: Ruleset, question: MatrixQuestion): ServiceMatrix {
  const groups: AddressGroup[] = [];
  const edges: ServiceMatrix['edges'][number][] = [];
  for (const family of question.families) {
    const rows = accessRows(ruleset, question, family);
    const cells = partition(rows, family);
    const ids = cells.map((_cell, index) => `g${groups.length + index + 1}`);
    for (const [index, cell] of cells.entries()) {
      groups.push({
        id: ids[index]!,
        addresses: cell.addresses.intervals.map((interval) =>
          formatRange({ family, ...interval } satisfies AddressRange),
        ),
      });
      for (const [other, target] of cells.entries()) {
        if (cell.row !== undefined && target.addresses.subtract(rows[cell.row]!.to).isEmpty())
          edges.push({ from: ids[index]!, to: ids[other]! });
      }
    }
  }
  return { groups, edges };
}

/** As a client opens it: from any ordinary port, with SYN, by the request itself. */
function firstPacket(service: Service): Match {
  const isIcmp = service.protocol === PROTOCOLS.icmp || service.protocol === PROTOCOLS.icmpv6;
  return all(
    serviceMatch(service),
    PORT_PROTOCOLS.includes(service.protocol) ? field('sport', ORDINARY_PORTS) : everything,
    service.protocol === PROTOCOLS.tcp ? field('tcpFlags', 2) : everything,
    isIcmp && service.icmp?.code === undefined ? field('icmpCode', 0) : everything,
  );
}

interface Row {
  readonly from: IntervalSet;
  readonly to: IntervalSet; // the same for every source in `from`, and different for every other row
}

/** Sources by what they reach: disjoint rows; sources that reach nothing are in none. */
function accessRows(ruleset: Ruleset, question: MatrixQuestion, family: Family): Row[] {
  const space = new HeaderSpace();
  const { hook, services, inInterface, outInterface } = question;
  const asked = packetsOf(
    space,
    all(
      atHook(hook),
      field('family', family),
      inState('new'),
      any(...services.map(firstPacket)),
      ofType('src', hook === 'output' ? 'local' : 'unicast'),
      ofType('dst', hook === 'input' ? 'local' : 'unicast'),
      ...(hook === 'output'
        ? []
        : [inInterface === undefined ? not(interfaces('in', LOOPBACK)) : interfaces('in', inInterface)]),
      ...(hook === 'input'
        ? []
        : [outInterface === undefined ? not(interfaces('out', LOOPBACK)) : interfaces('out', outInterface)]),
    ),
  );
  const open = asked.intersect(possiblePackets(space)).intersect(denote(space, ruleset).accept);
  const whole = IntervalSet.of([{ first: 0n, last: highestAddress(family) }]);
  // Forget all but the two addresses; in the diagram of what is left, each source node leads to its own destinations.
  const pairs = space.union(
    [...boxes(open)].map((box) => {
      const side = (name: 'src' | 'dst') =>
        space.addresses(
          name,
          (box.wides.get(name) ?? whole).intervals.map((interval) => ({ family, ...interval })),
        );
      return side('src').intersect(side('dst'));
    }),
  );
  const byTarget = new Map<string, { from: IntervalSet; to: IntervalSet }>();
  for (const box of boxes(pairs)) {
    const from = box.wides.get('src') ?? whole;
    const to = box.wides.get('dst') ?? whole;
    const key = to.intervals.map((interval) => `${interval.first}-${interval.last}`).join(',');
    const row = byTarget.get(key);
    if (row === undefined) byTarget.set(key, { from, to });
    else row.from = row.from.union(from);
  }
  return mergeRows([...byTarget.values()]);
}

/** Boxes are disjoint, so a source may stand in several: what it reaches is the union of them. */
function mergeRows(parts: readonly Row[]): Row[] {
  let rows: Row[] = [];
  for (const part of parts) {
    const next: Row[] = [];
    let rest = part.from;
    for (const row of rows) {
      const both = row.from.intersect(part.from);
      const only = row.from.subtract(part.from);
      if (!both.isEmpty()) next.push({ from: both, to: row.to.union(part.to) });
      if (!only.isEmpty()) next.push({ from: only, to: row.to });
      rest = rest.subtract(row.from);
    }
    if (!rest.isEmpty()) next.push({ from: rest, to: part.to });
    rows = next;
  }
  const merged: Row[] = [];
  for (const row of rows) {
    const at = merged.findIndex((each) => each.to.equals(row.to));
    if (at === -1) merged.push(row);
    else merged[at] = { from: merged[at]!.from.union(row.from), to: row.to };
  }
  return merged;
}

interface Cell {
  readonly addresses: IntervalSet;
  readonly row: number | undefined; // index of what it reaches as a source
}

/** Addresses with the same row that lie in the same rows' targets. */
function partition(rows: readonly Row[], family: Family): Cell[] {
  const whole = IntervalSet.of([{ first: 0n, last: highestAddress(family) }]);
  const sources = rows.reduce((set, row) => set.union(row.from), IntervalSet.empty);
  let cells: Cell[] = [
    ...rows.map((row, index) => ({ addresses: row.from, row: index })),
    { addresses: whole.subtract(sources), row: undefined },
  ];
  for (const row of rows) {
    cells = cells.flatMap((cell) => [
      { ...cell, addresses: cell.addresses.intersect(row.to) },
      { ...cell, addresses: cell.addresses.subtract(row.to) },
    ]);
    cells = cells.filter((cell) => !cell.addresses.isEmpty());
  }
  return cells.toSorted((a, b) => compare(a.addresses.intervals[0]!.first, b.addresses.intervals[0]!.first));
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

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
import { boxes, HeaderSpace, IntervalSet, type PacketSet, UNWATCHED, type Watcher } from '../packetset/index.ts';
import { denote, packetsOf, possiblePackets, serviceMatch } from '../semantics/index.ts';
import { type AccessRow, addressCells } from './address-cells.ts';
import { acceptedAsLed, type Route } from './led-on.ts';
import { conditionsOf, unknownConditions } from './unknowns.ts';

/**
 * The address space split into the fewest groups whose members a service treats alike: as source they reach the same
 * addresses, as destination they are reached from the same. An edge says that at least one first packet from any member of
 * one group to any member of the other passes.
 */
export interface ServiceMatrix {
  readonly groups: readonly AddressGroup[]; // disjoint; of each family, together the whole of it
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  /** That nobody can know and that some edge depends on, each with its place: it is told as if they held as needed. */
  readonly conditions?: readonly string[];
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

/** More edges than anybody reads, and about as many as still fit into one JSON document of a few hundred megabytes. */
const MAX_EDGES = 2_000_000;

/** The service splits the address space into so many groups that telling them edge by edge helps nobody. */
export class TooManyEdges extends Error {
  constructor() {
    super(`more than ${MAX_EDGES} edges`);
  }
}

const LOOPBACK: InterfacePattern = { name: 'lo', wildcard: false };

/** What a ruleset lets through, found once for many questions. */
export interface Accepted {
  readonly packets: PacketSet;
  readonly unknown: readonly string[]; // conditions that nobody can know
}

/** @param routes to containers, for what rules lead on to them */
export function acceptedPackets(
  ruleset: Ruleset,
  watcher: Watcher = UNWATCHED,
  routes: () => readonly Route[] = () => [],
): Accepted {
  const space = HeaderSpace.watched(watcher);
  const accept = denote(space, ruleset).accept;
  return { packets: acceptedAsLed(space, ruleset, accept, routes), unknown: unknownConditions(ruleset) };
}

/** @throws TooManyEdges */
export function serviceMatrix(accepted: Accepted, question: MatrixQuestion): ServiceMatrix {
  const { watcher } = accepted.packets.space;
  const groups: AddressGroup[] = [];
  const edges: ServiceMatrix['edges'][number][] = [];
  const conditions = new Set<string>();
  for (const family of question.families) {
    const open = openPackets(accepted.packets, question, family);
    for (const condition of conditionsOf([open], accepted.unknown)) conditions.add(condition);
    const found = addressCells(accessRows(open, family), family);
    const ids = found.cells.map((_cell, index) => `g${groups.length + index + 1}`);
    for (const [index, cell] of found.cells.entries()) {
      const addresses = cell.addresses.map((interval) => formatRange({ family, ...interval } satisfies AddressRange));
      groups.push({ id: ids[index]!, addresses });
      watcher.pulse();
      const reached = cell.row === undefined ? [] : found.reached[cell.row]!;
      if (edges.length + reached.length > MAX_EDGES) throw new TooManyEdges();
      for (const other of reached) {
        edges.push({ from: ids[index]!, to: ids[other]! });
      }
    }
  }
  return { groups, edges, ...(conditions.size === 0 ? {} : { conditions: [...conditions] }) };
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

/** The packets that are asked about and pass. */
function openPackets(accepted: PacketSet, question: MatrixQuestion, family: Family): PacketSet {
  const { space } = accepted;
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
  return asked.intersect(possiblePackets(space)).intersect(accepted);
}

/** Sources by what they reach; those that reach nothing are in no row. */
function accessRows(open: PacketSet, family: Family): AccessRow[] {
  const whole = IntervalSet.of([{ first: 0n, last: highestAddress(family) }]);
  // With all but the addresses forgotten, each box is a set of sources with all that they reach.
  return [...boxes(open.space.project(open, ['family', 'src', 'dst']))].map((box) => ({
    from: box.wides.get('src') ?? whole,
    to: box.wides.get('dst') ?? whole,
  }));
}

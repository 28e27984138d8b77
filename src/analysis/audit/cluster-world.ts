import { ConnectionSet, connections } from '../../cluster/index.ts';
import type { PolicyRule, Workload } from '../../kubernetes/index.ts';
import { type Address, type AddressRange, type Family, parseAddress } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { breadthOf, GLOBAL } from './address-scope.ts';
import type { ClusterView } from './cluster-view.ts';
import { addressEnd, workloadEnd } from './cluster-witness.ts';
import { STRANGER } from './docker-flows.ts';

/** What a workload may open to more than half of the public addresses of a family, for certain. */
export interface World {
  readonly open: Readonly<Record<Family, ConnectionSet>>;
  /** To any address at all. */
  readonly anywhere: ConnectionSet;
  /** An address outside to which it may open that; one that people recognise where it can be. */
  readonly example: (family: Family, wanted: ConnectionSet) => Address | undefined;
}

interface Piece {
  readonly range: AddressRange;
  readonly open: ConnectionSet;
}

export function worldOf(view: ClusterView, workload: Workload): World {
  const rules = view.selecting(workload).flatMap(({ policy }) => policy.egress?.rules ?? []);
  const from = workloadEnd(workload);
  const pieces = piecesOf(rules).map((range): Piece => {
    const { certainly } = connections(view.cluster, from, { kind: 'addresses', range });
    return { range, open: certainly };
  });
  return {
    open: { 4: worldly(pieces, 4), 6: worldly(pieces, 6) },
    anywhere: pieces.reduce((sum, { open }) => sum.union(open), ConnectionSet.none),
    example: (family, wanted) => {
      const stranger = parseAddress(STRANGER[family])!;
      const { certainly } = connections(view.cluster, from, addressEnd(stranger));
      if (certainly.includes(wanted)) return stranger;
      const piece = pieces.find(({ range, open }) => range.family === family && open.includes(wanted));
      return piece === undefined ? undefined : { family, value: piece.range.first };
    },
  };
}

/** Public and private addresses in pieces that no rule tells apart. */
function piecesOf(rules: readonly PolicyRule[]): AddressRange[] {
  const blocks = rules.flatMap(({ peers }) =>
    peers.flatMap((peer) => (peer.kind === 'addresses' ? [peer.ranges] : [])),
  );
  let pieces = [AddressSet.of(GLOBAL)];
  for (const ranges of new Map(blocks.map((each) => [JSON.stringify(each, bigText), each])).values()) {
    const set = AddressSet.of(ranges);
    pieces = pieces.flatMap((piece) => [piece.intersect(set), piece.subtract(set)]).filter((piece) => !piece.isEmpty());
  }
  return pieces.flatMap((piece) => piece.ranges());
}

function bigText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function worldly(pieces: readonly Piece[], family: Family): ConnectionSet {
  const sizes = new Map<ConnectionSet, bigint>();
  for (const { range, open } of pieces) {
    if (range.family === family) sizes.set(open, (sizes.get(open) ?? 0n) + range.last - range.first + 1n);
  }
  let atoms = [ConnectionSet.all];
  for (const open of sizes.keys())
    atoms = atoms.flatMap((atom) => [atom.intersect(open), atom.subtract(open)]).filter(({ isEmpty }) => !isEmpty);
  const wide = atoms.filter((atom) => {
    const addresses = [...sizes].reduce((sum, [open, size]) => (open.includes(atom) ? sum + size : sum), 0n);
    return breadthOf(family, addresses) === 'world';
  });
  return wide.reduce((sum, atom) => sum.union(atom), ConnectionSet.none);
}

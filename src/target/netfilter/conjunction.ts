import type { Field, Range } from '../../ir/index.ts';
import type { AddressRange, Family } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import type { Atom } from './normal-form.ts';
import { complement } from './ranges.ts';

/** What all atoms of one alternative say of one packet, field by field. */
export class Conjunction {
  readonly families: ReadonlySet<Family>;
  readonly #atoms: readonly Atom[];

  constructor(atoms: readonly Atom[]) {
    this.#atoms = atoms;
    const said = this.values('family');
    this.families = new Set(([4, 6] as const).filter((family) => said === undefined || inRanges(said, family)));
  }

  /** The values that every atom of the field leaves; `undefined` where none speaks of it. */
  values(field: Field): readonly Range[] | undefined {
    let left: readonly Range[] | undefined;
    for (const atom of this.#atoms) {
      if (atom.kind !== 'field' || atom.field !== field) continue;
      left =
        left === undefined
          ? atom.ranges
          : complement([...complement(left, MOST), ...complement(atom.ranges, MOST)], MOST);
    }
    return left;
  }

  addresses(side: 'src' | 'dst', family: Family): readonly AddressRange[] | undefined {
    let left: AddressSet | undefined;
    for (const atom of this.#atoms) {
      if (atom.kind !== 'address' || atom.side !== side) continue;
      const said = AddressSet.of(atom.ranges);
      left = left === undefined ? said : left.intersect(said);
    }
    return left?.ranges().filter((range) => range.family === family);
  }

  interfaces(): readonly Extract<Atom, { kind: 'interface' }>[] {
    return this.#atoms.filter((atom) => atom.kind === 'interface');
  }
}

const MOST = 0xffff_ffff;

export function inRanges(ranges: readonly Range[], value: number): boolean {
  return ranges.some((range) => range.first <= value && value <= range.last);
}

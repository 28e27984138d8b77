import { type Effect, field, inState, type Ruleset } from '../ir/index.ts';
import { addressRange, PORT_PROTOCOLS } from '../net/index.ts';
import type { HeaderSpace, PacketSet } from '../packetset/index.ts';
import { packetsOf } from './space.ts';

const BITS = 32;
const ALL = 0xffff_ffff;

/**
 * No fewer than what becomes of a set of packets: what is copied from another quantity is left open. Equal bits of two
 * quantities that do not stand side by side make a diagram of up to 2 to the power of 32 nodes, and a bound needs no such thing.
 */
export function atLeastImageOf(effects: readonly Effect[], packets: PacketSet): PacketSet {
  const { space } = packets;
  return effects.reduce((set, effect) => {
    if (effect.kind !== 'assign' || effect.keep === 0 || effect.from === effect.quantity)
      return imageOfOne(space, effect, set);
    const bits = writtenBits(effect).map((at) => space.bitIndex(effect.quantity, at));
    return forgetting(set, new Set(bits));
  }, packets);
}

/** What becomes of a set of packets, all the changes done: the set's twin of `applyEffects`, as `beforeEffects` is the decision's. */
export function imageOf(effects: readonly Effect[], packets: PacketSet): PacketSet {
  return effects.reduce((set, effect) => (set.isEmpty() ? set : imageOfOne(set.space, effect, set)), packets);
}

function imageOfOne(space: HeaderSpace, effect: Effect, packets: PacketSet): PacketSet {
  switch (effect.kind) {
    case 'assign':
      return assigned(space, effect, packets);
    case 'untrack':
      return forgetting(packets, new Set([space.numberIndex('state')])).intersect(
        packetsOf(space, inState('untracked')),
      );
    case 'translate': {
      const { side, address, port } = effect;
      let image = packets;
      if (address !== undefined) {
        const ofFamily = packetsOf(space, field('family', address.family));
        const moved = forgetting(image.intersect(ofFamily), limbs(space, side));
        image = moved.intersect(space.addresses(side, [addressRange(address)])).union(image.subtract(ofFamily));
      }
      if (port !== undefined) {
        const name = side === 'dst' ? 'dport' : 'sport';
        const withPorts = packetsOf(space, field('protocol', ...PORT_PROTOCOLS));
        const moved = forgetting(image.intersect(withPorts), new Set([space.numberIndex(name)]));
        image = moved.intersect(space.numbers(name, [{ first: port, last: port }])).union(image.subtract(withPorts));
      }
      return image;
    }
  }
}

function assigned(space: HeaderSpace, effect: Extract<Effect, { kind: 'assign' }>, packets: PacketSet): PacketSet {
  const { quantity, from, keep, flip } = effect;
  const bit = (of: string, at: number, value: number): PacketSet => {
    const mask = (1 << at) >>> 0;
    const wanted = value === 0 ? 0 : mask;
    return space.quantity(of, mask, [{ first: wanted, last: wanted }]);
  };
  const written = writtenBits(effect);
  const own = written.filter((at) => from === quantity && isSet(keep, at)); // these stay, or are inverted
  const replaced = written.filter((at) => !own.includes(at));
  const image = forgetting(packets, new Set(replaced.map((at) => space.bitIndex(quantity, at))));
  // Each bit is set exactly where it should be: from the last dimension to the first, which is from bit 0 on.
  const wanted = replaced.reduce((all, at) => {
    const set = bit(quantity, at, 1);
    const constant = isSet(flip, at) ? space.everything() : space.nothing();
    const holds = isSet(keep, at) ? bit(from, at, isSet(flip, at) ? 0 : 1) : constant;
    return set.intersect(holds).union(set.union(holds).complement()).intersect(all);
  }, space.everything());
  return own
    .filter((at) => isSet(flip, at))
    .reduce((set, at) => swapped(set, space.bitIndex(quantity, at), bit(quantity, at, 0)), image.intersect(wanted));
}

function writtenBits({ bits = ALL }: Extract<Effect, { kind: 'assign' }>): readonly number[] {
  return Array.from({ length: BITS }, (_, at) => at).filter((at) => isSet(bits, at));
}

function isSet(bits: number, at: number): boolean {
  return ((bits >>> at) & 1) === 1;
}

/** The packets with one bit inverted. */
function swapped(packets: PacketSet, bitIndex: number, clear: PacketSet): PacketSet {
  const from = packets.intersect(clear);
  const to = packets.subtract(clear);
  const other = new Set([bitIndex]);
  return forgetting(from, other).subtract(clear).union(forgetting(to, other).intersect(clear));
}

function forgetting(packets: PacketSet, dimensions: ReadonlySet<number>): PacketSet {
  return packets.space.without(packets, dimensions);
}

function limbs(space: HeaderSpace, side: 'src' | 'dst'): ReadonlySet<number> {
  return new Set(([0, 1, 2, 3] as const).map((limb) => space.numberIndex(`${side}${limb}`)));
}

/** The dimensions in which some rule may change a packet. */
export function changeableDimensions(space: HeaderSpace, ruleset: Ruleset): ReadonlySet<number> {
  const rules = ruleset.tables.flatMap((table) => table.chains.flatMap((chain) => chain.rules));
  return new Set(rules.flatMap((rule) => (rule.effects ?? []).flatMap((effect) => changedBy(space, effect))));
}

function changedBy(space: HeaderSpace, effect: Effect): number[] {
  switch (effect.kind) {
    case 'assign':
      return Array.from({ length: BITS }, (_, bit) => space.bitIndex(effect.quantity, bit));
    case 'untrack':
      return [space.numberIndex('state')];
    case 'translate':
      return [...limbs(space, effect.side), space.numberIndex(effect.side === 'dst' ? 'dport' : 'sport')];
  }
}

import { CONNTRACK_STATES, type Effect, type Flow } from '../ir/index.ts';
import { addressLimbs, familyValue, type HeaderSpace, type Replacement, rewrite } from '../packetset/index.ts';

const BITS = 32;

/** A packet as later rules see it. */
export function applyEffects(effects: readonly Effect[], flow: Flow): Flow {
  return effects.reduce(applyEffect, flow);
}

function applyEffect(flow: Flow, effect: Effect): Flow {
  switch (effect.kind) {
    case 'assign': {
      const before = flow.quantities?.get(effect.from) ?? 0;
      const all = ((before & effect.keep) ^ effect.flip) >>> 0;
      const after = mergeBits(flow.quantities?.get(effect.quantity) ?? 0, all, effect.bits);
      return { ...flow, quantities: new Map(flow.quantities ?? []).set(effect.quantity, after) };
    }
    case 'untrack':
      return { ...flow, state: 'untracked' };
    case 'translate': {
      // A rule of one family says nothing about packets of the other, and there is no port to change where there is none.
      const address = effect.address?.family === flow.family ? effect.address : undefined;
      return effect.side === 'dst'
        ? {
            ...flow,
            dst: address ?? flow.dst,
            ...(flow.dport === undefined ? {} : { dport: effect.port ?? flow.dport }),
          }
        : {
            ...flow,
            src: address ?? flow.src,
            ...(flow.sport === undefined ? {} : { sport: effect.port ?? flow.sport }),
          };
    }
  }
}

/** A number with only some of its bits changed; without a mask, all. */
export function mergeBits(before: number, after: number, bits: number | undefined): number {
  return bits === undefined ? after : ((before & ~bits) | (after & bits)) >>> 0;
}

/**
 * The decision before the effects, from the decision after them: what is asked of a changed dimension is answered by what it
 * was changed to. The concrete twin is `applyEffects`. Where the decision after them is UNDECIDED, which it must not be for
 * packets that matter, there is no telling what it is before.
 */
export function beforeEffects(space: HeaderSpace, effects: readonly Effect[], decision: number): number {
  return effects.reduceRight((after, effect) => beforeEffect(space, effect, after), decision);
}

function beforeEffect(space: HeaderSpace, effect: Effect, decision: number): number {
  const replacements = new Map<number, Replacement>();
  switch (effect.kind) {
    case 'assign':
      for (let bit = 0; bit < BITS; bit++) {
        const replacement = assignedBit(space, effect, bit);
        if (replacement !== undefined) replacements.set(space.bitIndex(effect.quantity, bit), replacement);
      }
      return rewrite(space.store, decision, (dimension) => replacements.get(dimension));
    case 'untrack': {
      const state = space.numberIndex('state');
      const value = CONNTRACK_STATES.indexOf('untracked');
      return rewrite(space.store, decision, (dimension) =>
        dimension === state ? { kind: 'value', value } : undefined,
      );
    }
    case 'translate': {
      if (effect.port !== undefined) {
        const name = effect.side === 'dst' ? 'dport' : 'sport';
        replacements.set(space.numberIndex(name), { kind: 'value', value: effect.port });
      }
      if (effect.address === undefined)
        return rewrite(space.store, decision, (dimension) => replacements.get(dimension));
      const first = space.numberIndex(effect.side === 'dst' ? 'dst0' : 'src0');
      const portOnly = new Map(replacements);
      for (const [limb, value] of addressLimbs(effect.address).entries())
        replacements.set(first + limb, { kind: 'value', value });
      const changed = rewrite(space.store, decision, (dimension) => replacements.get(dimension));
      const unchanged = rewrite(space.store, decision, (dimension) => portOnly.get(dimension));
      const value = familyValue(effect.address.family);
      const ofFamily = space.numbers('family', [{ first: value, last: value }]).node;
      return space.store.substitute(0, space.store.substitute(1, ofFamily, changed), unchanged);
    }
  }
}

/** What a bit becomes; `undefined` where it stays itself. */
function assignedBit(
  space: HeaderSpace,
  effect: Extract<Effect, { kind: 'assign' }>,
  bit: number,
): Replacement | undefined {
  if (effect.bits !== undefined && ((effect.bits >>> bit) & 1) === 0) return undefined;
  const flipped = (effect.flip >>> bit) & 1;
  if (((effect.keep >>> bit) & 1) === 0) return { kind: 'value', value: flipped };
  if (effect.from === effect.quantity && flipped === 0) return undefined;
  const mask = (1 << bit) >>> 0;
  const wanted = flipped === 0 ? mask : 0;
  return { kind: 'set', set: space.quantity(effect.from, mask, [{ first: wanted, last: wanted }]).node };
}

import type { Grant, Hook, InterfacePattern } from '../../ir/index.ts';
import { type AddressRange, type Family, formatRange } from '../../net/index.ts';
import { type Pair, pairsOf } from '../netfilter/pair.ts';
import type { Selector, Statement } from './ast.ts';
import { boxesOf, type ShapedBox } from './box.ts';
import * as build from './build.ts';
import { cgroupLevel, cgroupSet, containerSet, nameSet } from './names.ts';
import { SourceGates } from './source-gate.ts';

/** What a packet must meet before the lookups of a lane: conditions that no exact or interval key can hold. */
interface Gate {
  readonly inInterfaces?: readonly InterfacePattern[];
  readonly outInterfaces?: readonly InterfacePattern[];
  readonly group?: string;
  readonly cgroup?: string;
  readonly src?: readonly AddressRange[];
  readonly liveSrc?: string;
  readonly liveDst?: string;
}

/** Traffic of one hook and family behind one gate; rated flows apart, because a packet beyond its rate goes on to other flows. */
export interface Lane {
  readonly hook: Hook;
  readonly family: Family;
  readonly rated: boolean;
  readonly gate: Gate;
  readonly boxes: ShapedBox[];
}

/** All grants sorted into as few lanes as can be: without a gate first, rated ones last. */
export function lanesOf(grants: readonly Grant[]): Lane[] {
  const sourceGates = new SourceGates(grants);
  const lanes = new Map<string, Lane>();
  for (const [order, grant] of grants.entries()) {
    for (const pair of withoutWhoIsThere(pairsOf(grant))) {
      for (const family of [4, 6] as const) {
        const src = sourceGates.sourcesOf(grant, pair, family);
        const boxes = boxesOf(grant, order, src === undefined ? pair : { ...pair, src: 'any' }, family);
        if (boxes.length === 0) continue;
        const gate: Gate = { ...gateOf(pair), ...(src === undefined ? {} : { src }) };
        const rated = grant.rate !== undefined;
        const key = JSON.stringify([pair.hook, family, rated, { ...gate, src: gate.src?.map(formatRange) }]);
        const lane = lanes.get(key);
        if (lane === undefined) lanes.set(key, { hook: pair.hook, family, rated, gate, boxes });
        else for (const box of boxes) lane.boxes.push(box);
      }
    }
  }
  const rank = (lane: Lane): number => (lane.rated ? 2 : 0) + (isOpen(lane.gate) ? 0 : 1);
  return [...lanes.values()].sort((a, b) => rank(a) - rank(b));
}

/** Who is in a zone of containers now, and where, its set says: what is left of their pairs is one. */
function withoutWhoIsThere(pairs: readonly Pair[]): readonly Pair[] {
  if (pairs.every(({ liveSrc, liveDst }) => liveSrc === undefined && liveDst === undefined)) return pairs;
  const plain = pairs.map(({ inInterfaces, outInterfaces, ...pair }): Pair => {
    const [fromLive, toLive] = [pair.liveSrc !== undefined, pair.liveDst !== undefined];
    return {
      ...pair,
      ...(fromLive ? { src: 'any' } : inInterfaces === undefined ? {} : { inInterfaces }),
      ...(toLive ? { dst: 'any' } : outInterfaces === undefined ? {} : { outInterfaces }),
    };
  });
  return [...new Map(plain.map((pair) => [JSON.stringify(pair, bigints), pair])).values()];
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function gateOf(pair: Pair): Gate {
  const inInterfaces = narrowing(pair.inInterfaces);
  const outInterfaces = narrowing(pair.outInterfaces);
  return {
    ...(inInterfaces === undefined ? {} : { inInterfaces }),
    ...(outInterfaces === undefined ? {} : { outInterfaces }),
    ...(pair.group === undefined ? {} : { group: pair.group }),
    ...(pair.cgroup === undefined ? {} : { cgroup: pair.cgroup }),
    ...(pair.liveSrc === undefined ? {} : { liveSrc: pair.liveSrc }),
    ...(pair.liveDst === undefined ? {} : { liveDst: pair.liveDst }),
  };
}

/** A wildcard of no letters is every interface, and the hooks where one is asked for always have it. */
function narrowing(patterns: readonly InterfacePattern[] | undefined): readonly InterfacePattern[] | undefined {
  return patterns?.some((pattern) => pattern.wildcard && pattern.name === '') === true ? undefined : patterns;
}

export function isOpen(gate: Gate): boolean {
  return Object.keys(gate).length === 0;
}

/** The sending socket lives in a cgroup, whose id the unit puts into the set. */
export function inCgroup(path: string): Statement {
  const selector = { kind: 'socket', key: 'cgroupv2', level: cgroupLevel(path) } as const;
  return build.equals(selector, build.reference(cgroupSet.of(path)));
}

/** One end of the packet is a container of the zone: its address, behind the bridge of its network. */
function isContainer(zone: string, family: Family, side: 'src' | 'dst'): Statement {
  const through: Selector = { kind: 'meta', key: side === 'src' ? 'iifname' : 'oifname' };
  const parts = [through, build.addressSelector(family, side)];
  return build.equals({ kind: 'concat', parts }, build.reference(containerSet(zone, family)));
}

/** The ways through a gate, each a list of conditions that must all hold. */
export function gateStatements(gate: Gate, family: Family): Statement[][] {
  const fixed: Statement[] = [];
  if (gate.cgroup !== undefined) {
    fixed.push(inCgroup(gate.cgroup));
  }
  if (gate.group !== undefined) {
    const set = nameSet(gate.group, family);
    fixed.push(build.equals(build.addressSelector(family, 'dst'), build.reference(set)));
  }
  if (gate.src !== undefined) {
    const ranges = gate.src.map(build.addressExpression);
    fixed.push(build.equals(build.addressSelector(family, 'src'), build.anyOf(ranges)));
  }
  if (gate.liveSrc !== undefined) fixed.push(isContainer(gate.liveSrc, family, 'src'));
  if (gate.liveDst !== undefined) fixed.push(isContainer(gate.liveDst, family, 'dst'));
  const inside = through('iifname', gate.inInterfaces);
  const outside = through('oifname', gate.outInterfaces);
  return inside.flatMap((first) => outside.map((second) => [...first, ...second, ...fixed]));
}

/** A rule for each pattern: an exact name within a wildcard's interval would be refused in one set. */
function through(key: 'iifname' | 'oifname', patterns: readonly InterfacePattern[] | undefined): Statement[][] {
  if (patterns === undefined) return [[]];
  return patterns.map((pattern) => [build.equals({ kind: 'meta', key }, build.interfaceWord(pattern))]);
}

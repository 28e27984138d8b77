import {
  address,
  atHook,
  type Chain,
  CT_STATUS,
  type Effect,
  type Hook,
  type InterfacePattern,
  interfaces,
  PASSING,
  type Ruleset,
} from '../ir/index.ts';
import type { AddressRange } from '../net/index.ts';
import type { HeaderSpace, PacketSet } from '../packetset/index.ts';
import {
  candidates,
  decide,
  denote,
  extentsOfPattern,
  type FlowPattern,
  matchOf,
  packetsOf,
  patternAfter,
  patternSample,
  type Step,
  stoppedElsewhere,
  type Traveller,
  travel,
} from '../semantics/index.ts';
import { type Answer, Oracle } from './answer.ts';
import type { Passage } from './flow-patterns.ts';

/** Which interface leads to some addresses. */
export interface Route {
  readonly ranges: readonly AddressRange[];
  readonly through: InterfacePattern;
}

/** Packets that were led on: how they came, how they went on, and the rules that they met in between. */
export interface Led {
  readonly came: FlowPattern;
  readonly goes: FlowPattern;
  readonly path: readonly Step[];
}

/**
 * What comes in for this machine and is led to another one before it is decided whose it is (a published port of Docker) is forwarded: the
 * rules for incoming packets never see it.
 */
export class LedOn {
  readonly #before: Ruleset; // what packets meet before it is decided where they go
  readonly #oracle: Oracle; // of what they meet afterwards
  readonly #routes: () => readonly Route[];

  private constructor(before: Ruleset, after: Ruleset, routes: () => readonly Route[]) {
    this.#before = before;
    this.#oracle = new Oracle(after);
    this.#routes = routes;
  }

  /** @param routes asked where something is led on @returns undefined where these rules lead nothing anywhere */
  static by(ruleset: Ruleset, routes: () => readonly Route[]): LedOn | undefined {
    const before = withBases(ruleset, isBefore);
    if (!before.tables.some(({ chains }) => chains.some(translates))) return undefined;
    return new LedOn(
      before,
      withBases(ruleset, (base) => !isBefore(base)),
      routes,
    );
  }

  /** @returns undefined where they are not led on, not all of them, or to nobody knows where */
  of(passage: Passage): Led | undefined {
    const [only, ...others] = passage;
    if (only === undefined || others.length > 0 || only.hook !== 'input') return undefined;
    const came = asItCame(only);
    const traveller = new Before(came);
    const { verdict, path } = travel(this.#before, came, traveller);
    const to = traveller.pattern.dst;
    if (!traveller.isUniform || verdict !== 'accept' || to === came.dst) return undefined;
    const route = this.#routes().find(({ ranges }) => to.every((each) => ranges.some((range) => holds(range, each))));
    if (route === undefined) return undefined;
    const { dstAccounts: _, ...rest } = traveller.pattern;
    return { came, path, goes: { ...rest, hook: 'forward', dstType: 'unicast', outInterface: [route.through] } };
  }

  ask({ came, goes, path }: Led): Answer {
    const answer = this.#oracle.ask([[goes]]);
    const witness = patternSample(came);
    const cases = answer.cases.map((each) => ({
      verdict: each.verdict,
      witness: witness ?? each.witness,
      path: [...path, ...each.path],
      packets: each.packets,
    }));
    return { ...answer, cases };
  }
}

/**
 * What is accepted, with packets that are led on judged where they go: as forwarded by the interface that leads there.
 * @param accept of the ruleset, as `denote` has it, which knows each packet at the hook that it came to
 */
export function acceptedAsLed(
  space: HeaderSpace,
  ruleset: Ruleset,
  accept: PacketSet,
  routes: () => readonly Route[],
): PacketSet {
  const before = withBases(ruleset, isBefore);
  if (!before.tables.some(({ chains }) => chains.some(translates))) return accept;
  const at = (hook: Hook): PacketSet => packetsOf(space, atHook(hook));
  /** In what a packet is another one at the other hook. */
  const changed = new Set([
    ...[0, 1, 2, 3].map((limb) => space.wideIndex('out') + limb),
    ...(['hook', 'srcAccount', 'dstAccount'] as const).map((name) => space.numberIndex(name)),
  ]);
  return routes().reduce((all, { ranges, through }) => {
    const own = packetsOf(space, address('dst', ...ranges)); // the bridge's own address, which is this machine's
    const led = denote(space, stoppedElsewhere(before, address('dst', ...ranges), ['prerouting']))
      .accept.intersect(at('input'))
      .subtract(own);
    const forwarded = accept.intersect(at('forward')).intersect(packetsOf(space, interfaces('out', through)));
    return all.subtract(led).union(led.intersect(space.without(forwarded, changed)));
  }, accept);
}

function withBases(ruleset: Ruleset, isWanted: (base: NonNullable<Chain['base']>) => boolean): Ruleset {
  const tables = ruleset.tables.map((table) => ({
    ...table,
    chains: table.chains.filter(({ base }) => base === undefined || isWanted(base)),
  }));
  return { ...ruleset, tables };
}

function isBefore({ hook }: NonNullable<Chain['base']>): boolean {
  return PASSING[hook].includes('input') && PASSING[hook].includes('forward');
}

function translates({ rules }: Chain): boolean {
  return rules.some(({ effects = [] }) =>
    effects.some((effect) => effect.kind === 'translate' && effect.side === 'dst'),
  );
}

/** By one interface: rules that lead packets on ask for it (`! -i docker0`), and those of all interfaces need not fare alike. */
function asItCame(pattern: FlowPattern): FlowPattern {
  const name = patternSample(pattern)?.inInterface;
  return {
    ...pattern,
    ...(pattern.state === 'new' ? { quantities: new Map([...pattern.quantities, [CT_STATUS, 0]]) } : {}),
    ...(name === undefined ? {} : { inInterface: [{ name, wildcard: false }] }),
  };
}

function holds(outer: AddressRange, inner: AddressRange): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** All packets of a pattern, as long as every rule treats them alike. */
class Before implements Traveller {
  isUniform = true;
  pattern: FlowPattern;

  constructor(pattern: FlowPattern) {
    this.pattern = pattern;
  }

  asked(items: Parameters<Traveller['asked']>[0]): readonly number[] {
    return candidates(items, matchOf, extentsOfPattern(this.pattern));
  }

  holds(match: Parameters<Traveller['holds']>[0]): boolean {
    const decided = decide(match, this.pattern);
    if (decided === undefined) this.isUniform = false;
    return decided ?? false;
  }

  change(effects: readonly Effect[]): void {
    this.pattern = patternAfter(this.pattern, effects);
  }
}

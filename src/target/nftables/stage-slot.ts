import { type Address, type Family, PROTOCOLS } from '../../net/index.ts';
import type { Chain, Element, Program, Rule, SetDeclaration, Statement, Table } from './ast.ts';
import * as build from './build.ts';
import { aliveSet, inSlot, isSharedSet, type Slot, TABLE_NAME } from './names.ts';
import { finalProgram } from './program.ts';
import { type Naming, nameElement, nameRule, reachOf } from './stage-names.ts';

/** A connection that lives when a change begins, as its first packet went; both addresses are of one family. */
export interface AliveConnection {
  readonly protocol: 6 | 17; // TCP or UDP
  readonly src: Address;
  readonly sport: number;
  readonly dst: Address;
  readonly dport: number;
}

/** A day, in seconds: long enough for a connection to say something and become known to conntrack. */
const ALIVE_SECONDS = 86_400;

/** Our own table as a program leaves it; `undefined` where it leaves none. */
export function ownTable(program: Program): Table | undefined {
  return finalProgram(program).tables.find(({ family, name }) => family === 'inet' && name === TABLE_NAME);
}

/**
 * A policy's table as a slot: what its base chains do is in chains that the frame leads to. Counters and sets that are learnt keep
 * their names; those that no rule asks for are left out.
 */
export function slotOf(policy: Table, slot: Slot, alive: readonly AliveConnection[]): Table {
  const naming: Naming = {
    chain: (name) => inSlot(slot, name),
    set: (name) => (isSharedSet(name) ? name : inSlot(slot, name)),
    counter: (name) => name,
  };
  const heads = policy.chains.filter((chain) => chain.base !== undefined);
  const used = reachOf(
    policy,
    heads.flatMap(({ rules }) => rules),
  );
  const { sets, rules } = aliveLookups(slot, alive);
  return {
    family: policy.family,
    name: policy.name,
    counters: policy.counters.filter(({ name }) => used.counters.has(name)),
    sets: [
      ...policy.sets
        .filter(({ name }) => used.sets.has(name))
        .map((set) => ({
          ...set,
          name: naming.set(set.name),
          elements: set.elements.map((element) => nameElement(element, naming)),
        })),
      ...sets,
    ],
    chains: policy.chains
      .filter(({ name, base }) => base !== undefined || used.chains.has(name))
      .map(({ name, base, rules: own }): Chain => {
        const named = own.map((rule) => nameRule(rule, naming));
        const isLocal = base?.hook === 'input' || base?.hook === 'output';
        return { name: naming.chain(name), rules: isLocal ? [...rules, ...named] : named };
      }),
  };
}

/** Sets of connections with both their directions, and the rules that let their packets through where conntrack knows none. */
function aliveLookups(
  slot: Slot,
  alive: readonly AliveConnection[],
): { readonly sets: readonly SetDeclaration[]; readonly rules: readonly Rule[] } {
  const families = ([4, 6] as const).filter((family) => alive.some(({ src }) => src.family === family));
  return {
    sets: families.map((family) => ({
      name: aliveSet(slot, family),
      key: { kind: 'type', parts: [address(family), address(family), 'inet_proto', 'inet_service', 'inet_service'] },
      flags: ['timeout'],
      elements: distinct(alive.filter(({ src }) => src.family === family).flatMap(bothWays)),
    })),
    rules: families.flatMap((family) => aliveRules(slot, family)),
  };
}

function address(family: Family): string {
  return family === 4 ? 'ipv4_addr' : 'ipv6_addr';
}

function bothWays({ protocol, src, sport, dst, dport }: AliveConnection): readonly (readonly [string, Element])[] {
  const element = (from: Address, fromPort: number, to: Address, toPort: number): readonly [string, Element] => [
    `${from.value} ${to.value} ${protocol} ${fromPort} ${toPort}`,
    {
      key: {
        kind: 'concat',
        parts: [
          { kind: 'address', address: from },
          { kind: 'address', address: to },
          build.number(protocol),
          build.number(fromPort),
          build.number(toPort),
        ],
      },
      timeout: ALIVE_SECONDS,
    },
  ];
  return [element(src, sport, dst, dport), element(dst, dport, src, sport)];
}

function distinct(elements: readonly (readonly [string, Element])[]): Element[] {
  return [...new Map(elements).values()];
}

/** A packet of a live TCP connection has no SYN: with one it would open another. UDP has no such sign. */
function aliveRules(slot: Slot, family: Family): Rule[] {
  const unknown = build.equals(build.CT_STATE, build.states(UNKNOWN_STATES), 'in');
  const lookup: Statement = {
    kind: 'match',
    left: {
      kind: 'concat',
      parts: [
        build.addressSelector(family, 'src'),
        build.addressSelector(family, 'dst'),
        build.L4PROTO,
        build.payload('th', 'sport'),
        build.payload('th', 'dport'),
      ],
    },
    operator: '==',
    right: build.reference(aliveSet(slot, family)),
  };
  const without: Statement = build.equals(
    build.payload('tcp', 'flags'),
    { kind: 'word', text: 'syn', quoted: false },
    '!',
  );
  const udp = build.equals(build.L4PROTO, build.number(PROTOCOLS.udp));
  return [without, udp].map((sign) => build.rule([unknown, sign, lookup, build.decide('accept')]));
}

/** New, invalid, untracked (CONNTRACK_STATES of `ir`): what a packet of a connection is that conntrack does not know. */
const UNKNOWN_STATES = [0, 3, 4];

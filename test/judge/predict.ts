import type { AddressType, ConntrackState, Flow, Hook, Ruleset } from '../../src/ir/index.ts';
import type { AddressRange } from '../../src/net/index.ts';
import { evaluate } from '../../src/semantics/index.ts';
import { type Assumptions, assumptionsOf, flowOf } from './flow.ts';
import type { Packet } from './packet.ts';
import type { Sighting } from './world/protocol.ts';
import { STATUS } from './world/recorder.ts';
import { ADDRESS_KINDS, WAYS_OUT, WIRES } from './world/topology.ts';

/** The rules that a packet will meet as far as can be guessed before it is sent: as many ways as there are, packets are to take. */
export class Forecast {
  readonly #ruleset: Ruleset;
  readonly #assumptions: Assumptions;
  readonly #names = new Map<unknown, number>();

  constructor(ruleset: Ruleset) {
    this.#ruleset = ruleset;
    this.#assumptions = assumptionsOf(ruleset);
  }

  /** The same for packets that meet the same rules with the same outcome. */
  way(packet: Packet): string {
    const flow = this.flow(packet);
    const { path } = evaluate(this.#ruleset, flow);
    const steps = path.map(({ rule, table, chain, matchedCase, outcome }) => {
      const met = matchedCase ?? rule ?? `${table} ${chain}`;
      return `${this.#number(met)}${outcome}`;
    });
    return `${flow.hook} ${flow.family} ${steps.join(' ')}`;
  }

  flow(packet: Packet): Flow {
    return flowOf(packet, guess(packet), this.#assumptions);
  }

  #number(met: unknown): number {
    const known = this.#names.get(met);
    if (known !== undefined) return known;
    this.#names.set(met, this.#names.size);
    return this.#names.size - 1;
  }
}

/** What the kernel will say of a packet that nothing stops or changes, roughly: whom it belongs to, and where it goes. */
function guess(packet: Packet): Extract<Sighting, { kind: 'seen' }> {
  const hook = hookOf(packet);
  const outInterface = hook === 'input' ? undefined : wayOut(packet.dst);
  return {
    kind: 'seen',
    passed: true,
    hook,
    outInterface,
    rerouted: false,
    sourcePort: packet.sport,
    identified: false,
    state: stateOf(packet),
    connection: connectionOf(packet),
    srcType: typeOf(packet.src),
    dstType: typeOf(packet.dst),
  };
}

function hookOf({ entry, dst }: Packet): Hook {
  if ('account' in entry) return 'output';
  const way = WIRES.find(({ name }) => name === entry.interface)?.way ?? 'input';
  return way === 'forward' && typeOf(dst) !== 'unicast' ? 'input' : way;
}

function stateOf({ tracked, history }: Packet): ConntrackState {
  if (!tracked) return 'untracked';
  switch (history) {
    case 'none':
      return 'new';
    case 'answered':
    case 'answer':
      return 'established';
    case 'error':
      return 'related';
  }
}

function connectionOf({ history, tracked }: Packet): Extract<Sighting, { kind: 'seen' }>['connection'] {
  const isKnown = tracked && history !== 'none';
  return { mark: 0, status: isKnown ? STATUS.confirmed | STATUS['seen-reply'] : 0, reply: history === 'answer' };
}

function typeOf({ family, value }: Packet['src']): AddressType {
  const isIn = ({ first, last }: AddressRange): boolean => first <= value && value <= last;
  return ADDRESS_KINDS[family].find(({ ranges }) => ranges.some(isIn))?.type ?? 'unicast';
}

function wayOut({ family, value }: Packet['dst']): string | undefined {
  return WAYS_OUT.find(({ range }) => range.family === family && range.first <= value && value <= range.last)?.name;
}

import type { Intent } from '../ir/index.ts';
import { HeaderSpace } from '../packetset/index.ts';
import { describe, packetsOf } from '../semantics/index.ts';
import type { Opaque } from '../target/index.ts';
import { type Changes, changes } from './changes.ts';
import type { LiveConnection, Surroundings } from './connection.ts';
import { type DeniedConnection, deniedConnections } from './cut.ts';
import type { HostRules } from './host-rules.ts';
import { type Neighbour, neighbours } from './neighbours.ts';

export interface PlanInput {
  readonly before: HostRules; // every table, as the host enforces it now
  readonly after: HostRules; // every table, as it would
  readonly intent: Intent; // of the new policy: its zones and flows name what changes
  readonly around: Surroundings;
  readonly connections: readonly LiveConnection[];
}

/** What a change means for a machine. */
export interface Plan extends Changes {
  readonly denied: readonly DeniedConnection[]; // live on; `--cut` ends them
  readonly neighbours: readonly Neighbour[]; // stay as they are
  readonly unclear: readonly Unclear[];
}

/** Text of other tables that is not understood, and what the plan cannot say because of it. */
export interface Unclear {
  readonly opaque: Opaque;
  readonly packets: readonly string[]; // whose fate it may decide, before and after: all that is said of them may be wrong
}

export function plan({ before, after, intent, around, connections }: PlanInput): Plan {
  return {
    ...changes(before, after, intent),
    denied: deniedConnections(after, connections, around),
    neighbours: neighbours(after),
    unclear: unclear(after.opaque),
  };
}

const BOXES = 3;

function unclear(opaque: readonly Opaque[]): Unclear[] {
  const space = new HeaderSpace();
  return opaque.flatMap((each) => {
    const packets = describe(packetsOf(space, each.packets), BOXES);
    return packets.length === 0 ? [] : [{ opaque: each, packets }]; // where no packet comes, it decides nothing
  });
}

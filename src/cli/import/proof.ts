import { type DifferingPackets, difference } from '../../analysis/index.ts';
import { realPackets } from '../../import/index.ts';
import type { Intent, Ruleset } from '../../ir/index.ts';
import { HeaderSpace, type PacketSet, UNWATCHED, type Watcher } from '../../packetset/index.ts';
import { denote, describe, intentRuleset, packetsOf, possiblePackets } from '../../semantics/index.ts';

/** What the policy lets through and the firewall does not, and the reverse, over all packets that can come. */
export interface ImportProof {
  readonly equal: boolean;
  readonly wider: Side;
  readonly narrower: Side;
}

interface Side {
  readonly parts: readonly DifferingPackets[]; // exactly, as many as are told
  readonly outline: readonly string[]; // without conditions and what a policy has no word for; covers all of it
}

const PARTS_AT_MOST = 50;
const LINES_AT_MOST = 10;

/** @param firewall in the policy's terms */
export function proveImport(firewall: Ruleset, intent: Intent, watcher: Watcher = UNWATCHED): ImportProof {
  const policy = intentRuleset(intent);
  const space = HeaderSpace.watched(watcher);
  const accepted = [firewall, policy].map((each) => denote(space, each).accept);
  const among = realPackets([firewall, policy], accepted);
  const scope = packetsOf(space, among).intersect(possiblePackets(space));
  const [before, after] = accepted.map((each) => each.intersect(scope));
  const equal = before!.equals(after!);
  const options = { limit: PARTS_AT_MOST, onlyNew: false, among };
  const { wider, narrower } = equal ? { wider: [], narrower: [] } : difference(space, firewall, policy, options);
  return {
    equal,
    wider: { parts: wider, outline: outlineOf(after!.subtract(before!)) },
    narrower: { parts: narrower, outline: outlineOf(before!.subtract(after!)) },
  };
}

/** Addresses are left out where they would take too many lines. */
function outlineOf(set: PacketSet): readonly string[] {
  const short = ['hook', 'family', 'state', 'protocol', 'dport', 'sport', 'icmpType'] as const;
  for (const kept of [[...short, 'src', 'dst'] as const, short]) {
    const lines = describe(set.space.project(set, kept), LINES_AT_MOST);
    if (lines.length <= LINES_AT_MOST) return lines;
  }
  return describe(set.space.project(set, ['hook', 'family', 'state', 'protocol']), LINES_AT_MOST);
}

import { wholeFamily } from '../net/index.ts';
import { HeaderSpace, type PacketSet } from '../packetset/index.ts';
import { denote, evaluate, packetsOf, patternMatch, possiblePackets, sampleFlow } from '../semantics/index.ts';
import { type PacketQuestion, Questions, type Surroundings } from './connection.ts';
import type { HostRules } from './host-rules.ts';
import { isRemoteShell, type ListeningSocket } from './session.ts';
import type { Found } from './session-paths.ts';

/** What stands for all sessions where there is none. */
const NOBODY = 'ssh';

/**
 * Where nobody is logged in: whether somebody could be, from any address at all. No server listens: there is nothing to lose.
 */
export function wayIn(after: HostRules, around: Surroundings, listeners: readonly ListeningSocket[]): Found[] {
  const servers = listeners.filter((each) => isRemoteShell(each.program) && !isLoopback(each));
  const [first] = servers;
  if (first === undefined) return [];
  const space = new HeaderSpace();
  const open = denote(space, after.ruleset).accept;
  const questions = new Questions(after.ruleset, around);
  for (const server of servers) {
    for (const asked of arrivals(server)) {
      const packets = packetsOf(space, patternMatch(questions.pattern(asked))).intersect(possiblePackets(space));
      const witness = sampleFlow(certainly(packets, open));
      if (witness === undefined) continue;
      const sentence = `somebody can log in at port ${server.port}`;
      return [{ proven: { subject: NOBODY, what: 'new', sentence, path: evaluate(after.ruleset, witness).path } }];
    }
  }
  const sentence = `nobody is logged in, and nobody could log in at port ${first.port} any more`;
  return [{ refusal: { subject: NOBODY, what: 'new', sentence, verdict: 'denied', path: [], because: [] } }];
}

/** Those of the packets that are in the set whatever nobody can know of them. */
function certainly(packets: PacketSet, set: PacketSet): PacketSet {
  const { space } = packets;
  const outside = packets.subtract(set);
  const unknown = [...space.dimensionsOf(outside)].filter((index) => {
    const { kind } = space.dimension(index);
    return kind === 'symbol' || kind === 'bit';
  });
  return packets.subtract(space.without(outside, new Set(unknown)));
}

function arrivals({ protocol, address, port }: ListeningSocket): PacketQuestion[] {
  const families = address.value === 0n && address.family === 6 ? ([4, 6] as const) : [address.family];
  return families.map((family) => ({
    hook: 'input',
    family,
    protocol,
    src: [wholeFamily(family)],
    sport: { first: 1024, last: 65535 },
    dst: [address.value === 0n ? wholeFamily(family) : { family, first: address.value, last: address.value }],
    dport: { first: port, last: port },
    state: 'new',
  }));
}

function isLoopback({ address: { family, value } }: ListeningSocket): boolean {
  return family === 4 ? value >> 24n === 127n : value === 1n;
}

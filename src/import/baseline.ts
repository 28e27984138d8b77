import {
  all,
  BASELINE,
  type BaselinePiece,
  type ConntrackState,
  type Flow,
  field,
  type Hook,
  inState,
  interfaces,
  type Match,
  not,
  OFF_BY_DEFAULT,
} from '../ir/index.ts';
import { PROTOCOLS } from '../net/index.ts';
import type { PacketSet } from '../packetset/index.ts';
import { evaluate, packetsOf } from '../semantics/index.ts';
import type { Scope } from './scope.ts';

/** A piece of the baseline as the firewall has it. */
export interface PieceChoice {
  readonly piece: BaselinePiece;
  readonly on: boolean;
  readonly isDefault: boolean;
}

/**
 * Which pieces a firewall has. Pieces that accept are on where the firewall accepts all that they are about; replies are where an ordinary
 * reply passes, one that no rule singles out; pieces that drop are on unless the firewall lets such packets through as it does others.
 */
export function baselineOf(scope: Scope): PieceChoice[] {
  const { space, accepted } = scope;
  const packets = (match: Match): PacketSet => packetsOf(space, match);
  const usuallyAccepted = scope.whatever(accepted);
  let decided = space.nothing();
  return BASELINE.map((piece) => {
    const about = space
      .union(piece.rules.map(({ match }) => packets(match)))
      .intersect(scope.packets)
      .subtract(decided);
    const on = ((): boolean => {
      switch (piece.name) {
        case 'established':
          return repliesPass(scope);
        case 'invalid':
          return !sameAsNew(scope, about, 'invalid');
        case 'anti-spoofing':
          return about.intersect(accepted).isEmpty() || !spoofedPass(scope, about);
        default:
          return scope.whatever(about).subtract(usuallyAccepted).isEmpty() && !about.isEmpty();
      }
    })();
    if (on) decided = decided.union(about);
    return { piece, on, isDefault: on !== OFF_BY_DEFAULT.includes(piece.name) };
  });
}

function repliesPass({ ruleset, ordinary }: Scope): boolean {
  const passes = (hook: Hook, family: 4 | 6, state: ConntrackState): boolean => {
    const flow: Flow = {
      hook,
      family,
      src: { family, value: ordinary.address('src', family) },
      dst: { family, value: ordinary.address('dst', family) },
      protocol: PROTOCOLS.tcp,
      sport: ordinary.port('sport'),
      dport: ordinary.port('dport'),
      tcpFlags: 16,
      state,
      ...(hook === 'output' ? {} : { inInterface: 'other0' }),
      ...(hook === 'input' ? {} : { outInterface: 'other0' }),
      srcType: hook === 'output' ? 'local' : 'unicast',
      dstType: hook === 'input' ? 'local' : 'unicast',
      symbols: new Set(),
    };
    return evaluate(ruleset, flow).verdict === 'accept';
  };
  return ([4, 6] as const).some(
    (family) => passes('input', family, 'established') && passes('output', family, 'established'),
  );
}

/** Whether packets in a state fare exactly as first packets do: then the firewall has no word for the state. */
function sameAsNew({ space, accepted, packets }: Scope, about: PacketSet, state: ConntrackState): boolean {
  const states = new Set([space.numberIndex('state')]);
  const asNew = space
    .without(accepted.intersect(packets).intersect(packetsOf(space, inState('new'))), states)
    .intersect(packetsOf(space, inState(state)));
  const passing = about.intersect(accepted);
  return !passing.isEmpty() && passing.equals(about.intersect(asNew));
}

/** Whether a packet from the wire passes that the routing table says is our own. */
function spoofedPass({ space, accepted }: Scope, about: PacketSet): boolean {
  const fromWire = all(not(interfaces('in', { name: 'lo', wildcard: false })), field('srcType', 1), inState('new'));
  return !about.intersect(packetsOf(space, fromWire)).intersect(accepted).isEmpty();
}

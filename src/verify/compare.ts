import type { Flow, Ruleset } from '../ir/index.ts';
import type { HeaderSpace, PacketSet } from '../packetset/index.ts';
import {
  type Denotation,
  denote,
  describe,
  type Evaluation,
  evaluate,
  isLedElsewhere,
  ledElsewhere,
  packetsOf,
  sampleFlow,
} from '../semantics/index.ts';
import type { Approximation } from '../target/index.ts';
import type { Difference, ProvenApproximation } from './proof.ts';

const LINES = 6; // of text for one set

type Effect = Difference['effect'];
const EFFECTS: readonly Effect[] = ['wider', 'narrower', 'refusal', 'elsewhere'];

/**
 * EMITTED against INTENT, as sets of packets:
 *
 *     accepted by what was written and not by the policy   ⊆  declared wider
 *     accepted by the policy and not by what was written   ⊆  declared narrower
 *     refused by both, in different ways                   ⊆  declared so
 *     accepted by both, and sent to different places       ⊆  declared so
 */
export function compare(
  space: HeaderSpace,
  policy: Ruleset,
  emitted: Ruleset,
  declared: readonly Approximation[],
): { readonly approximations: readonly ProvenApproximation[]; readonly unexplained: readonly Difference[] } {
  const intended = denote(space, policy);
  const actual = denote(space, emitted);
  const differences = {
    wider: actual.accept.subtract(intended.accept),
    narrower: intended.accept.subtract(actual.accept),
    refusal: otherRefusal(intended, actual),
    elsewhere: ledElsewhere(space, policy, emitted),
  };
  const replay = new Replay(policy, emitted);
  const approximations: ProvenApproximation[] = [];
  const explained: Record<Effect, PacketSet[]> = { wider: [], narrower: [], refusal: [], elsewhere: [] };
  for (const approximation of declared) {
    const packets = packetsOf(space, approximation.packets).intersect(differences[approximation.effect]);
    const witness = sampleFlow(packets);
    if (witness === undefined) continue;
    explained[approximation.effect].push(packets);
    replay.differ(witness, approximation.effect);
    approximations.push({ approximation, packets: describe(packets, LINES), witness });
  }
  const unexplained = EFFECTS.flatMap((effect) => {
    const packets = differences[effect].subtract(space.union(explained[effect]));
    const witness = sampleFlow(packets);
    if (witness === undefined) return [];
    const { policyPath, emittedPath } = replay.differ(witness, effect);
    return [{ effect, packets: describe(packets, LINES), witness, policyPath, emittedPath }];
  });
  return { approximations, unexplained };
}

function otherRefusal(intended: Denotation, actual: Denotation): PacketSet {
  return intended.drop.intersect(actual.reject).union(intended.reject.intersect(actual.drop));
}

/** Puts each witness through the evaluator, rule by rule, on both sides: what the sets say and what the rules do must agree. */
class Replay {
  readonly #policy: Ruleset;
  readonly #emitted: Ruleset;

  constructor(policy: Ruleset, emitted: Ruleset) {
    this.#policy = policy;
    this.#emitted = emitted;
  }

  differ(witness: Flow, effect: Effect): Pick<Difference, 'policyPath' | 'emittedPath'> {
    const intended = evaluate(this.#policy, witness);
    const actual = evaluate(this.#emitted, witness);
    const shown = isLedElsewhere(witness, this.#policy, this.#emitted) ? 'elsewhere' : effectOf(intended, actual);
    if (shown !== effect) {
      throw new Error(
        `the witness of a ${effect} difference does not replay: ${intended.verdict} and ${actual.verdict}`,
      );
    }
    return { policyPath: intended.path, emittedPath: actual.path };
  }
}

function effectOf(intended: Evaluation, actual: Evaluation): Effect | undefined {
  if (intended.verdict === actual.verdict) return undefined;
  if (actual.verdict === 'accept') return 'wider';
  return intended.verdict === 'accept' ? 'narrower' : 'refusal';
}

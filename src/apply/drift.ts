import { type DifferingPackets, difference, elsewhere } from '../analysis/index.ts';
import type { Intent } from '../ir/index.ts';
import { HeaderSpace } from '../packetset/index.ts';
import { evaluate, type Step } from '../semantics/index.ts';
import type { Opaque } from '../target/index.ts';
import { type Change, changes } from './changes.ts';
import type { HostListing, HostRules, TrialSide } from './host-rules.ts';

export interface DriftInput {
  readonly actual: HostListing;
  readonly expected: HostListing; // our table as it was confirmed, or as a policy is written
  readonly side: TrialSide; // while a trial runs: which of the two sets of rules is meant
  readonly atConfirmation?: HostListing; // every table when that was confirmed; absent: nobody kept it
  readonly intent: Intent; // its zones name what other tables stop
}

/** How a machine has moved away from what it should enforce, by meaning. Counters, learnt elements and the trial's switch are none. */
export interface Drift {
  readonly none: boolean;
  readonly missing: boolean; // there is no table of ours at all
  readonly wider: readonly OwnDrift[]; // our table lets through what it should not
  readonly narrower: readonly OwnDrift[]; // and does not let through what it should
  readonly elsewhere: readonly OwnDrift[]; // and sends to another place than it should
  readonly foreign: ForeignDrift;
  readonly opaque: readonly Opaque[]; // text that was not understood: what is said of its packets may be wrong
}

export interface OwnDrift extends DifferingPackets {
  readonly expected: readonly Step[]; // the rules that the witness meets where all is as it should be
  readonly actual: readonly Step[];
}

/** What other tables do to what ours lets through. */
export interface ForeignDrift {
  readonly since: 'confirmed' | 'unknown'; // unknown: there is nothing to compare with; all that they stop is told
  readonly stopped: readonly Change[]; // new connections that they stop now
  readonly passed: readonly Change[]; // and those that they no longer stop
  readonly appeared: readonly string[]; // tables
  readonly vanished: readonly string[];
}

const TOLD = 50;

export function drift({ actual, expected, side, atConfirmation, intent }: DriftInput): Drift {
  const stands = actual.standing();
  const [should, does] = [expected.ours('standing'), actual.ours(side)];
  const { wider, narrower } = difference(new HeaderSpace(), should.ruleset, does.ruleset, {
    limit: TOLD,
    onlyNew: false,
  });
  const led = elsewhere(new HeaderSpace(), should.ruleset, does.ruleset, TOLD);
  const now = actual.rules(side);
  const own = (found: DifferingPackets): OwnDrift => ({
    ...found,
    expected: evaluate(should.ruleset, found.witness).path,
    actual: evaluate(does.ruleset, found.witness).path,
  });
  const foreign = foreignDrift(actual, now, atConfirmation, side, does, intent);
  const missing = stands.kind === 'absent';
  const differs = [wider, narrower, led, foreign.appeared, foreign.vanished, foreign.passed].some(
    (each) => each.length > 0,
  );
  const isStopped = foreign.since === 'confirmed' && foreign.stopped.length > 0;
  return {
    none: !missing && !differs && !isStopped,
    missing,
    wider: wider.map(own),
    narrower: narrower.map(own),
    elsewhere: led.map(own),
    foreign,
    opaque: now.opaque,
  };
}

/** Against what stood beside ours when it was confirmed; without that, against nothing beside ours. */
function foreignDrift(
  actual: HostListing,
  now: HostRules,
  past: HostListing | undefined,
  side: TrialSide,
  ours: HostRules,
  intent: Intent,
): ForeignDrift {
  const { opened, closed } = changes(past?.withOurs(actual, side) ?? ours, now, intent);
  const [before, after] = [past?.otherTables() ?? actual.otherTables(), actual.otherTables()];
  return {
    since: past === undefined ? 'unknown' : 'confirmed',
    stopped: closed,
    passed: opened,
    appeared: [...after].filter((name) => !before.has(name)),
    vanished: [...before].filter((name) => !after.has(name)),
  };
}

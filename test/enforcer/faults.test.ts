import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Isolation } from '../../src/host/index.ts';
import { isolationOrReason } from '../lab/support.ts';
import { casesFor, described, type FaultCase, OPERATIONS, whatHappens } from './fault-cases.ts';
import { type FaultResult, FaultRunner } from './fault-run.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;

/** Machines that cases are played on at a time: they mostly wait. */
const RUNNERS = 4;
const all = process.env.PORTCULLIS_FAULTS === 'all'; // everything at every step: some 20 minutes

interface Played {
  readonly fault: FaultCase;
  readonly result: FaultResult;
}

describe('whatever happens to the enforcer, at every step, the rules in force are the old or the new ones, whole', {
  skip,
}, () => {
  for (const operation of OPERATIONS) {
    test(operation, { timeout: 60 * 60_000 }, async (t) => {
      assert.ok('isolation' in found);
      const played = await playAll(found.isolation, operation);
      const wrong = played.filter(({ result }) => result.problems.length > 0);
      for (const line of summary(played)) t.diagnostic(line);
      assert.deepEqual(
        wrong.map(({ fault, result }) => `${described(fault)}: ${result.problems.join('; ')}`),
        [],
      );
      assert.ok(played.length >= 30, `only ${played.length} cases`);
    });
  }
});

async function playAll(isolation: Isolation, operation: FaultCase['operation']): Promise<readonly Played[]> {
  const played: Played[] = [];
  let waiting: FaultCase[] | undefined;
  const runner = async (cases: Promise<readonly FaultCase[]>, own: FaultRunner): Promise<void> => {
    waiting ??= [...(await cases)];
    for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
      played.push({ fault, result: await own.play(fault) });
    }
  };
  const runners = await Promise.all(Array.from({ length: RUNNERS }, () => FaultRunner.open(isolation)));
  try {
    const cases = runners[0]!.stepsOf(operation).then((steps) => casesFor(operation, steps, all));
    await Promise.all(runners.map((own) => runner(cases, own)));
  } finally {
    await Promise.all(runners.map((own) => own[Symbol.asyncDispose]()));
  }
  return played;
}

function summary(played: readonly Played[]): string[] {
  const byKind = Map.groupBy(played, ({ fault }) => whatHappens(fault.happening));
  const lates = played.flatMap(({ result }) => result.lateMs ?? []).toSorted((a, b) => a - b);
  const sights = played.reduce((sum, { result }) => sum + result.sights, 0);
  const news = played.filter(({ result }) => result.ends === 'new').length;
  const steps = new Set(played.map(({ fault }) => fault.step)).size;
  return [
    `${played.length} cases at ${steps} steps, ${sights} looks by packets; ended with the new rules: ${news}`,
    [...byKind].map(([kind, cases]) => `${kind}: ${cases.length}`).join(', '),
    ...(lates.length === 0
      ? []
      : [
          `${lates.length} trials ran out; in force longer than their time by ${lates[0]!.toFixed(0)} to ${lates.at(-1)!.toFixed(0)} ms, median ${lates[lates.length >> 1]!.toFixed(0)} ms`,
        ]),
  ];
}

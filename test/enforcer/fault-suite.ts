import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Isolation } from '../../src/host/index.ts';
import { isolationOrReason } from '../lab/support.ts';
import { casesFor, described, type FaultCase, type Operation, whatHappens } from './fault-cases.ts';
import { type FaultResult, FaultRunner } from './fault-run.ts';
import { NFTABLES, type World } from './worlds.ts';

/** Machines that cases are played on at a time: they mostly wait. An even number, for a world of two kinds. */
const RUNNERS = 4;

/** Of each operation, in a run of all tests. */
const CASES = 21;

/** Everything at every step takes longer than a test may: `PORTCULLIS_FAULTS=all node --test test/enforcer/faults/begin.test.ts`. */
const everything = process.env.PORTCULLIS_FAULTS === 'all';

interface Played {
  readonly fault: FaultCase;
  readonly result: FaultResult;
}

/** Lets everything happen to the enforcer while it is asked for operations, and looks by packets what is in force. */
export async function faultSuite(operations: readonly Operation[], world: World = NFTABLES): Promise<void> {
  const found = await isolationOrReason();
  const skip = 'skip' in found ? found.skip : false;
  const what = operations.map((operation) => `\`${operation}\``).join(', ');
  const name = `whatever happens to ${what}, the rules in force are the old or the new ones, whole, in both families`;
  await test(name, { skip }, async (t) => {
    assert.ok('isolation' in found);
    const played = await playAll(found.isolation, operations, world);
    const wrong = played.filter(({ result }) => result.problems.length > 0);
    for (const [operation, of] of Map.groupBy(played, ({ fault }) => fault.operation)) {
      for (const line of summary(of)) t.diagnostic(`${operation}: ${line}`);
    }
    assert.deepEqual(
      wrong.map(({ fault, result }) => `${described(fault)}: ${result.problems.join('; ')}`),
      [],
    );
    assert.ok(played.length >= 20 * operations.length, `only ${played.length} cases`);
  });
}

/** Some of them, from the first to the last at even distances. */
function spread(cases: readonly FaultCase[]): readonly FaultCase[] {
  const apart = Math.max(1, cases.length / CASES);
  return cases.filter((_, index) => Math.floor(index / apart) !== Math.floor((index - 1) / apart));
}

async function playAll(
  isolation: Isolation,
  operations: readonly Operation[],
  world: World,
): Promise<readonly Played[]> {
  const runners = await Promise.all(
    Array.from({ length: RUNNERS }, (_, which) => FaultRunner.open(isolation, world, which)),
  );
  try {
    const waiting: FaultCase[] = [];
    for (const operation of operations) {
      const cases = casesFor(operation, await runners[0]!.stepsOf(operation), everything);
      if (everything) waiting.push(...cases);
      else
        waiting.push(
          ...spread(cases.filter(({ name, step }) => world.concerns.test(name) || step % world.others === 0)),
        );
    }
    const all = runners.map(async (runner) => {
      const own: Played[] = [];
      for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
        own.push({ fault, result: await played(runner, fault) });
      }
      return own;
    });
    return (await Promise.all(all)).flat();
  } finally {
    await Promise.all(runners.map((runner) => runner[Symbol.asyncDispose]()));
  }
}

/** A case that cannot be played to its end is one that went wrong: the others go on. */
async function played(runner: FaultRunner, fault: FaultCase): Promise<FaultResult> {
  try {
    return await runner.play(fault);
  } catch (error) {
    return { problems: [String(error)], sights: 0, ends: 'old' };
  }
}

function summary(played: readonly Played[]): string[] {
  const byKind = Map.groupBy(played, ({ fault }) => whatHappens(fault.happening));
  const lates = played.flatMap(({ result }) => result.lateMs ?? []).toSorted((a, b) => a - b);
  const looks = played.reduce((sum, { result }) => sum + result.sights, 0);
  const news = played.filter(({ result }) => result.ends === 'new').length;
  const steps = new Set(played.map(({ fault }) => fault.step)).size;
  const ranOut = `${lates.length} trials ran out; at the latest ${lates.at(-1)?.toFixed(0)} ms after their time, median ${lates[lates.length >> 1]?.toFixed(0)} ms`;
  return [
    `${played.length} cases at ${steps} steps, ${looks} looks by packets; ${news} ended with the new rules, the others with the old`,
    [...byKind].map(([kind, cases]) => `${kind}: ${cases.length}`).join(', '),
    ...(lates.length === 0 ? [] : [ranOut]),
  ];
}

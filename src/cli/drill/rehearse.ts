import type { ChangeAnswer, Mechanism } from '../../enforcer/protocol.ts';
import type { Intent } from '../../ir/index.ts';
import { writeChange } from '../apply/written.ts';
import type { Console } from '../console.ts';
import { readFacts } from '../live/facts.ts';
import { type NewRules, policyHash, provenRules, recalledRules } from '../live/new-rules.ts';
import { planLive } from '../live/planned.ts';
import type { Place } from './place.ts';

/** One thing that was tried for real. */
export interface Rehearsal {
  readonly name: string; // stable, for programs
  readonly title: string;
  readonly held: boolean;
  readonly said: string; // what was seen, in a sentence
  readonly lateMs?: number; // from the end of the trial to the way in being open again
}

const TRIAL_SECONDS = 3;
const LATE_AT_MOST_MS = 1_000;
const KEEP = 10;

/** Each rehearsal as it is done. The order matters: what one leaves behind the next begins with. */
export async function* rehearse(console: Console, place: Place, rules: NewRules): AsyncGenerator<Rehearsal> {
  const worst = lockOut(rules, place.mechanism);
  yield await enforced(console, place, rules);
  yield await forgotten(
    console,
    place,
    worst,
    'nobody-confirms',
    'a change that locks everybody out, and nobody confirms',
  );
  yield await killed(console, place, worst);
  yield await tooLate(console, place, worst);
  yield await rolledBack(console, place, worst);
  yield await restarted(place);
  yield await restartedDamaged(place);
}

/** The worst that somebody can write: nobody gets in any more. */
function lockOut({ intent, name, sources }: NewRules, mechanism: Mechanism): NewRules {
  const nobody: Intent = { ...intent, name: `${intent.name}, without a way in`, grants: [], groups: [], tests: [] };
  return { ...provenRules(nobody, mechanism), name: `${name}, without a way in`, intent: nobody, sources };
}

async function begin(
  console: Console,
  { host, mechanism }: Place,
  rules: NewRules,
  trialSeconds: number | undefined,
): Promise<ChangeAnswer> {
  const snapshot = await host.ask('snapshot', { callerPid: 1, connections: true });
  const quiet = { ...console, stderr: { ...console.stderr, write: () => undefined } };
  const planned = planLive(rules, { console: true }, host, readFacts(quiet, snapshot, mechanism));
  const meta = { by: host.person, at: new Date().toISOString(), policyHash: policyHash(rules), summary: rules.name };
  const trial = trialSeconds === undefined ? {} : { trialSeconds };
  return host.ask('begin', writeChange(planned, snapshot, { meta, ...trial, keep: KEEP }));
}

async function enforced(console: Console, place: Place, rules: NewRules): Promise<Rehearsal> {
  await begin(console, place, rules, 60);
  const onTrial = await place.welcome();
  const { outcome } = await place.host.ask('confirm', { by: place.host.person, sameSession: true });
  const strangers = await place.strangers();
  return {
    name: 'apply',
    title: 'the policy, on trial and then confirmed',
    held: onTrial === 'all' && outcome === 'permanent' && strangers === 'none',
    said: `those whom it lets in got in: ${onTrial}; strangers: ${strangers}; then it was ${outcome}`,
  };
}

async function forgotten(
  console: Console,
  place: Place,
  worst: NewRules,
  name: string,
  title: string,
  meanwhile: () => Promise<string> = async () => '',
): Promise<Rehearsal> {
  await begin(console, place, worst, TRIAL_SECONDS);
  const ends = performance.now() + TRIAL_SECONDS * 1000; // it ends no later: the kernel began before it answered
  const during = await place.welcome(100);
  const also = await meanwhile();
  const back = await place.untilWelcome(ends - performance.now() + 5_000);
  const lateMs = back === undefined ? undefined : Math.max(0, Math.round(back - ends));
  await place.host.ask('revert', { by: place.host.person }); // clears what is left, which nothing depends on
  return {
    name,
    title,
    held: during === 'none' && lateMs !== undefined && lateMs <= LATE_AT_MOST_MS,
    said:
      lateMs === undefined
        ? `${also}nobody got in within 5 s of the end of the trial`
        : `${also}locked out on trial: ${during === 'none' ? 'yes' : 'no'}; in again ${lateMs === 0 ? 'when it ended' : `${lateMs} ms after its end`}`,
    ...(lateMs === undefined ? {} : { lateMs }),
  };
}

async function killed(console: Console, place: Place, worst: NewRules): Promise<Rehearsal> {
  const { trialHolder } = await place.host.ask('snapshot', { callerPid: 1, connections: false });
  const spared = place.mechanism === 'iptables' && trialHolder === 'process' ? ' but the one that keeps the trial' : '';
  return forgotten(
    console,
    place,
    worst,
    'killed',
    `the same, with every process of ours killed${spared}`,
    async () => {
      const count = await place.killOurs();
      return `${count} ${count === 1 ? 'process' : 'processes'} killed; `;
    },
  );
}

/** A confirmation that comes when the trial is over must change nothing. */
async function tooLate(console: Console, place: Place, worst: NewRules): Promise<Rehearsal> {
  await begin(console, place, worst, TRIAL_SECONDS);
  await place.killOurs();
  const back = await place.untilWelcome(TRIAL_SECONDS * 1000 + 5_000);
  const { outcome } = await place.host.ask('confirm', { by: place.host.person, sameSession: true });
  const after = await place.welcome();
  return {
    name: 'too-late',
    title: 'a confirmation that comes too late',
    held: back !== undefined && outcome === 'reverted' && after === 'all',
    said: `it was answered with: ${outcome}; those whom the policy lets in got in: ${after}`,
  };
}

async function rolledBack(console: Console, place: Place, worst: NewRules): Promise<Rehearsal> {
  await begin(console, place, worst, undefined);
  const before = await place.welcome(100);
  const recalled = await place.host.ask('recall', { number: 1 });
  await begin(console, place, recalledRules(console, recalled), undefined);
  const after = await place.welcome();
  return {
    name: 'rollback',
    title: 'going back to an earlier change',
    held: before === 'none' && after === 'all',
    said: `got in before: ${before}, after: ${after}`,
  };
}

async function restarted(place: Place): Promise<Rehearsal> {
  const { failed, afterLockdown } = await place.restart();
  const [welcome, strangers] = [await place.welcome(), await place.strangers()];
  return {
    name: 'restart',
    title: 'a restart of the machine',
    held: failed === undefined && afterLockdown === 'all' && welcome === 'all' && strangers === 'none',
    said:
      failed === undefined
        ? `got in under the lock-down: ${afterLockdown}, under the rules: ${welcome}; strangers: ${strangers}`
        : `\`${failed}\` failed`,
  };
}

async function restartedDamaged(place: Place): Promise<Rehearsal> {
  await place.damageRules();
  const { failed } = await place.restart();
  const [welcome, strangers] = [await place.welcome(), await place.strangers()];
  return {
    name: 'restart-damaged',
    title: 'a restart with the rules damaged on disk',
    held: failed !== undefined && welcome === 'all' && strangers === 'none',
    said: `the damaged rules were ${failed === undefined ? 'loaded' : 'refused'}; under the lock-down got in: ${welcome}; strangers: ${strangers}`,
  };
}

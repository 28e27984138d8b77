import { judge, type Observed } from '../../analysis/index.ts';
import type { Lab, Outcome, Shot } from '../../host/index.ts';
import { type Match, ORDINARY_PORTS } from '../../ir/index.ts';
import { type PlannedShot, waves } from './shots.ts';

export type Outcomes = Map<PlannedShot, Outcome>;

/** A packet sent again comes from another port, or the kernel would take it for part of the connection before. */
type SourcePorts = 'own source ports' | 'any source port';

/** Sends them all, wave after wave. */
export async function sendAll(
  lab: Lab,
  shots: readonly PlannedShot[],
  ports: SourcePorts,
  onSent?: (count: number) => void,
): Promise<Outcomes> {
  const outcomes: Outcomes = new Map();
  for (const { out, volleys } of waves(shots)) {
    const sent = volleys.map(({ sender, planned }) => ({
      sender,
      shots: planned.map(({ shot }) => withPort(shot, ports)),
    }));
    const answers = await lab.sendTogether(out, sent);
    for (const [volley, { planned }] of volleys.entries()) {
      for (const [index, shot] of planned.entries()) {
        const answer = answers[volley]?.[index];
        if (answer !== undefined) outcomes.set(shot, answer);
      }
      onSent?.(planned.length);
    }
  }
  return outcomes;
}

function withPort({ sport, ...shot }: Shot, ports: SourcePorts): Shot {
  const matters = sport !== undefined && sport < ORDINARY_PORTS.first; // DHCP's, which are part of the question
  return sport !== undefined && (matters || ports === 'own source ports') ? { ...shot, sport } : shot;
}

const SECOND_LOOK = { timeoutMs: 1_500, attempts: 1, atATime: 24, atMost: 48 };

/** What did not pass without the policy is sent again: of it nothing could be said. */
export async function secondControl(lab: Lab, shots: readonly PlannedShot[], before: Outcomes): Promise<void> {
  const lost = shots.filter((shot) => outcomeOf(before, shot).result !== 'passed');
  await lookAgain(lab, lost, before);
}

/** What contradicts the policy is sent again. A packet that passed has passed. */
export async function secondLook(
  lab: Lab,
  shots: readonly PlannedShot[],
  after: Outcomes,
  declared: readonly Match[],
): Promise<void> {
  const passes: Observed = { result: 'passed', afterMs: 0 };
  const doubtful = shots.filter((shot) => {
    const observed = outcomeOf(after, shot);
    return observed.result !== 'passed' && judge(shot.probe, passes, observed, declared).judgement !== 'agrees';
  });
  await lookAgain(lab, doubtful, after);
}

/** Few at a time and with patience: a packet that was late because the machine was busy is no finding. */
async function lookAgain(lab: Lab, doubtful: readonly PlannedShot[], outcomes: Outcomes): Promise<void> {
  const { timeoutMs, attempts, atATime, atMost } = SECOND_LOOK; // where more than `atMost` fail, it is not for haste
  for (let from = 0; from < Math.min(doubtful.length, atMost); from += atATime) {
    const patient = doubtful.slice(from, from + atATime).map((planned) => ({
      planned,
      again: { ...planned, shot: { ...planned.shot, timeoutMs, attempts } },
    }));
    const found = await sendAll(
      lab,
      patient.map(({ again }) => again),
      'any source port',
    );
    for (const { planned, again } of patient) outcomes.set(planned, outcomeOf(found, again));
  }
}

/** @throws Error where it was not sent: every packet that is planned is. */
export function outcomeOf(outcomes: Outcomes, shot: PlannedShot): Outcome {
  const outcome = outcomes.get(shot);
  if (outcome === undefined) throw new Error('every packet has an outcome');
  return outcome;
}

import { FAMILIES, judge, type Observed, type Probe, type ProbeResult, type ProbeStage } from '../../analysis/index.ts';
import { type Isolation, Lab, type Outcome } from '../../host/index.ts';
import { type Match, ORDINARY_PORTS } from '../../ir/index.ts';
import { type Address, parseAddress } from '../../net/index.ts';
import { batches, linksOf, type PlannedShot, recordsOf, shotOf } from './shots.ts';

export interface LabRun {
  readonly results: readonly ProbeResult[];
  /** The kernel's named counters after all packets; where several worlds were used, added up. */
  readonly counters: ReadonlyMap<string, number>;
  readonly isolation: Isolation;
  readonly worlds: number;
  readonly limits: readonly string[];
  readonly tookMs: number;
}

/** What the DNS of the lab said of a name, and the groups of the policy that it falls under. */
export interface Resolved {
  readonly groups: readonly string[];
  readonly address: Address;
}

export interface LabJob {
  readonly probes: readonly Probe[];
  readonly stage: ProbeStage;
  readonly ruleset: string; // nft text
  readonly fill: (resolved: readonly Resolved[]) => string; // nft text that puts addresses into the sets of names
  readonly declared: readonly Match[]; // packets that the target says it treats differently
  readonly onProgress?: (sent: number, of: number) => void;
}

/**
 * Sends every probe that can be sent through the real kernel, without the policy first and then with it. As an ordinary
 * user each sending account gets a world of its own, one after the other, because the kernel maps one account only.
 */
export async function runInLab(job: LabJob, isolation: Isolation): Promise<LabRun> {
  const start = performance.now();
  const shots = job.probes.flatMap((probe) => shotOf(probe, job.stage) ?? []);
  const results: ProbeResult[] = [];
  const counters = new Map<string, number>();
  const limits = new Set<string>();
  const worlds = castOf(shots, isolation);
  let sent = 0;
  for (const { accounts, shots: own } of worlds) {
    await using lab = await Lab.open({ links: linksOf(job.stage), accounts, names: recordsOf(job.stage) }, isolation);
    for (const limit of lab.limits) limits.add(limit);
    await listenFor(lab, own);
    const groups = batches(own);
    const before = await sendAll(lab, groups, { sport: false });
    const fill = job.fill(await resolveAll(lab, job.stage, accounts[0]));
    await lab.load(job.ruleset);
    if (fill !== '') await lab.load(fill);
    const after = await sendAll(lab, groups, { sport: true }, (count) => {
      sent += count;
      job.onProgress?.(sent, shots.length);
    });
    await secondLook(lab, own, after, job.declared);
    for (const shot of own) {
      results.push(judge(shot.probe, outcomeOf(before, shot), outcomeOf(after, shot), job.declared));
    }
    for (const { name, packets } of await lab.counters()) counters.set(name, (counters.get(name) ?? 0) + packets);
  }
  const tookMs = Math.round(performance.now() - start);
  return { results, counters, isolation, worlds: worlds.length, limits: [...limits], tookMs };
}

interface Cast {
  readonly accounts: readonly number[];
  readonly shots: readonly PlannedShot[];
}

/** Which packets are sent in which world: what comes from outside in the first. */
function castOf(shots: readonly PlannedShot[], isolation: Isolation): Cast[] {
  const accounts = [...new Set(shots.flatMap(({ sender }) => (sender.at === 'host' ? [sender.account] : [])))];
  if (isolation === 'root' || accounts.length <= 1) return [{ accounts, shots }];
  return accounts.map((account, index) => ({
    accounts: [account],
    shots: shots.filter(({ sender }) => (sender.at === 'host' ? sender.account === account : index === 0)),
  }));
}

const RESOLVER = '9.9.9.9'; // any would do: every address of the lab answers DNS

/** In the policy resolver's place: asks for every name and hands on what came back. Before the policy, which may deny DNS. */
async function resolveAll(lab: Lab, stage: ProbeStage, account: number | undefined): Promise<Resolved[]> {
  if (account === undefined) return []; // nobody on the host sends, so nobody asks
  const answers = await Promise.all(
    [...stage.names.values()].flatMap(({ name, groups }) =>
      FAMILIES.map(async (family) => {
        const found = await lab.resolve(account, RESOLVER, name, family);
        return found.flatMap((text) => {
          const address = parseAddress(text);
          return address === undefined ? [] : [{ groups, address }];
        });
      }),
    ),
  );
  return answers.flat();
}

/** The host must answer where packets knock, or nothing would pass without the policy either. */
async function listenFor(lab: Lab, shots: readonly PlannedShot[]): Promise<void> {
  const ports = (transport: string): number[] => [
    ...new Set(
      shots.flatMap(({ shot, probe }) =>
        shot.transport === transport && shot.dport !== undefined && probe.flows.some(({ hook }) => hook === 'input')
          ? [shot.dport]
          : [],
      ),
    ),
  ];
  await lab.listen(ports('tcp'), ports('udp')); // a port that could not be opened shows as a control that does not pass
}

type Outcomes = Map<PlannedShot, Outcome>;

async function sendAll(
  lab: Lab,
  groups: readonly (readonly PlannedShot[])[],
  keep: { readonly sport: boolean },
  onSent?: (count: number) => void,
): Promise<Outcomes> {
  const outcomes: Outcomes = new Map();
  for (const group of groups) {
    const [{ sender, out }] = group as readonly [PlannedShot, ...PlannedShot[]]; // groups are never empty
    const shots = group.map(({ shot: { sport, ...shot } }) =>
      sport !== undefined && (keep.sport || sport < ORDINARY_PORTS.first) ? { ...shot, sport } : shot,
    );
    const answers = await lab.send(sender, out, shots);
    for (const [index, planned] of group.entries()) {
      const answer = answers[index];
      if (answer !== undefined) outcomes.set(planned, answer);
    }
    onSent?.(group.length);
  }
  return outcomes;
}

const SECOND_LOOK = { timeoutMs: 1_500, atATime: 16, atMost: 96 };

/**
 * What contradicts the policy is sent again, few at a time and with patience: a packet that was late because the machine
 * was busy is no finding. A packet that passed once has passed.
 */
async function secondLook(
  lab: Lab,
  shots: readonly PlannedShot[],
  after: Outcomes,
  declared: readonly Match[],
): Promise<void> {
  const passes: Observed = { result: 'passed', afterMs: 0 };
  const doubtful = shots
    .filter((shot) => {
      const observed = outcomeOf(after, shot);
      return observed.result !== 'passed' && judge(shot.probe, passes, observed, declared).judgement !== 'agrees';
    })
    .slice(0, SECOND_LOOK.atMost); // where so many fail, it is not for haste
  for (const group of batches(doubtful)) {
    for (let from = 0; from < group.length; from += SECOND_LOOK.atATime) {
      const patient = group.slice(from, from + SECOND_LOOK.atATime).map((planned) => ({
        planned,
        again: { ...planned, shot: { ...planned.shot, timeoutMs: SECOND_LOOK.timeoutMs } },
      }));
      const outcomes = await sendAll(lab, [patient.map(({ again }) => again)], { sport: false });
      for (const { planned, again } of patient) after.set(planned, outcomeOf(outcomes, again));
    }
  }
}

function outcomeOf(outcomes: Outcomes, shot: PlannedShot): Outcome {
  const outcome = outcomes.get(shot);
  if (outcome === undefined) throw new Error('every packet has an outcome');
  return outcome;
}

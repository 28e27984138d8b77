import { FAMILIES, judge, type Probe, type ProbeResult, type ProbeStage } from '../../analysis/index.ts';
import { type Isolation, Lab } from '../../host/index.ts';
import type { GatewayListeners, Match } from '../../ir/index.ts';
import { type Address, formatAddress, parseAddress } from '../../net/index.ts';
import { outcomeOf, secondControl, secondLook, sendAll } from './sending.ts';
import { linksOf, type PlannedShot, recordsOf, shotOf } from './shots.ts';

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

/** The rules that the lab's host is given, in whatever language. */
export interface LabRules {
  readonly load: (lab: Lab) => Promise<void>;
  /** Puts addresses into those sets of names that there are. */
  readonly fill: (lab: Lab, resolved: readonly Resolved[]) => Promise<void>;
}

export interface LabJob {
  readonly probes: readonly Probe[];
  readonly stage: ProbeStage;
  readonly rules: LabRules;
  readonly declared: readonly Match[]; // packets that the target says it treats differently
  readonly gateway?: GatewayListeners; // somebody answers there in its place
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
    await listenFor(lab, own, job.gateway);
    const before = await sendAll(lab, own, 'any source port');
    await secondControl(lab, own, before);
    const resolved = await resolveAll(lab, job.stage, accounts[0]); // before the policy, which may deny DNS
    await job.rules.load(lab);
    await job.rules.fill(lab, resolved);
    const after = await sendAll(lab, own, 'own source ports', (count) => {
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
  readonly accounts: readonly [number, ...number[]];
  readonly shots: readonly PlannedShot[];
}

/** Which packets are sent in which world: what comes from outside in the first. */
function castOf(shots: readonly PlannedShot[], isolation: Isolation): Cast[] {
  const accounts = [...new Set(shots.flatMap(({ sender }) => (sender.at === 'host' ? [sender.account] : [])))];
  const [first = 0, ...others] = accounts; // where nobody on the host sends, somebody still asks the DNS
  if (isolation === 'root' || others.length === 0) return [{ accounts: [first, ...others], shots }];
  return accounts.map((account, index) => ({
    accounts: [account],
    shots: shots.filter(({ sender }) => (sender.at === 'host' ? sender.account === account : index === 0)),
  }));
}

const RESOLVER = '9.9.9.9'; // any would do: every address of the lab answers DNS

/** In the policy resolver's place: asks for every name and hands on what came back. */
async function resolveAll(lab: Lab, stage: ProbeStage, account: number): Promise<Resolved[]> {
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
async function listenFor(
  lab: Lab,
  shots: readonly PlannedShot[],
  gateway: GatewayListeners | undefined,
): Promise<void> {
  const listeners = gateway === undefined ? [] : Object.values(gateway).flat();
  const dns = (gateway?.dns ?? []).map(({ address, port }) => ({ address: formatAddress(address), port }));
  const ports = (transport: string): number[] => [
    ...new Set(
      shots.flatMap(({ shot, probe }) =>
        shot.transport === transport && shot.dport !== undefined && probe.flows.some(({ hook }) => hook === 'input')
          ? [shot.dport]
          : [],
      ),
    ),
  ];
  const tcp = new Set([...ports('tcp'), ...listeners.map(({ port }) => port)]);
  const udp = ports('udp').filter((port) => dns.every((each) => each.port !== port));
  await lab.listen([...tcp], udp, dns); // a port that could not be opened shows as a control that does not pass
}

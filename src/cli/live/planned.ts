import {
  HostListing,
  type LiveConnection,
  type Plan,
  type Preflight,
  plan,
  preflight,
  type Surroundings,
  sessionName,
  sideNow,
} from '../../apply/index.ts';
import type { HostSnapshot, Mechanism } from '../../enforcer/protocol.ts';
import type { SourceFile } from '../../source/index.ts';
import { type Console, EXIT } from '../console.ts';
import { readSource } from '../files.ts';
import { reportDiagnostics, Stop, stop } from '../report.ts';
import { type LiveFacts, mechanismOf, readFacts } from './facts.ts';
import type { LiveHost } from './host.ts';
import { hostNeeds } from './needs.ts';
import { type NewRules, policyRules } from './new-rules.ts';
import { LIVE_PROBLEMS } from './problems.ts';

export interface PlanOptions {
  readonly in?: readonly string[];
  readonly account?: readonly string[];
  readonly yesCut?: readonly string[];
  readonly console?: boolean;
  readonly with?: Mechanism;
}

/** A change, thought through; nothing has been done. */
export interface Planned {
  readonly rules: NewRules;
  readonly plan: Plan;
  readonly live?: Live; // absent for a saved listing
}

/** What a machine has that a saved listing has not. */
export interface Live {
  readonly facts: LiveFacts;
  readonly preflight: Preflight;
}

/** @throws Stop where the policy cannot be enforced, or the machine or its saved listing not be read */
export async function planChange(
  console: Console,
  policy: string | undefined,
  options: PlanOptions,
  host: LiveHost,
): Promise<Planned> {
  const rules = await policyRules(console, policy, options);
  if (options.in === undefined) return planLive(rules, options, host, await snapshotFacts(console, host, rules));
  if (options.with === 'iptables') throw stop(EXIT.unusable, LIVE_PROBLEMS.savedWithIptables);
  const listing = await savedListing(console, options.in);
  return { rules, plan: planOn({ listing, addresses: [] }, rules, []) };
}

/** @throws Stop where a session is named that is not there */
export function planLive(
  rules: NewRules,
  options: Pick<PlanOptions, 'yesCut' | 'console'>,
  host: LiveHost,
  facts: LiveFacts,
): Planned & { readonly live: Live } {
  const { around, sessions, listeners, connections } = facts;
  const flight = preflight({
    around,
    before: around.listing.rules(sideNow(around.listing)),
    after: around.listing.withOurs(rules.ours),
    intent: rules.intent,
    sessions,
    listeners,
    needs: hostNeeds(host.machine, connections, listeners),
    yesCut: options.yesCut ?? [],
    console: options.console === true,
  });
  const [unknown] = flight.unknownNames;
  if (unknown !== undefined) {
    const names = sessions.map(sessionName).map((name) => `\`${name}\``);
    const known = names.length === 0 ? 'nobody is logged in' : names.join(', ');
    throw stop(EXIT.unusable, LIVE_PROBLEMS.noSuchSession, unknown, known);
  }
  return { rules, plan: planOn(around, rules, connections), live: { facts, preflight: flight } };
}

function planOn(around: Surroundings, { intent, ours }: NewRules, connections: readonly LiveConnection[]): Plan {
  const { listing } = around;
  const before = listing.rules(sideNow(listing));
  return plan({ before, after: listing.withOurs(ours), intent, around, connections });
}

async function snapshotFacts(console: Console, host: LiveHost, rules: NewRules): Promise<LiveFacts> {
  const snapshot = await host.ask('snapshot', { callerPid: process.pid, connections: true });
  return factsFor(console, snapshot, rules);
}

/** @throws Stop where rules of ours stand that the other mechanism holds */
export function factsFor(console: Console, snapshot: HostSnapshot, { written }: NewRules): LiveFacts {
  const stands = mechanismOf(snapshot);
  const wanted = written?.mechanism ?? stands;
  const facts = readFacts(console, snapshot, wanted);
  const isOther =
    wanted === 'nftables' ? stands === 'iptables' : facts.around.listing.standingOfNft().kind !== 'absent';
  if (isOther)
    throw stop(EXIT.refused, LIVE_PROBLEMS.otherMechanism, wanted === 'nftables' ? stands : 'nftables', wanted);
  return facts;
}

/** @throws Stop where it cannot be read */
export async function savedListing(console: Console, paths: readonly string[]): Promise<HostListing> {
  const files: SourceFile[] = [];
  for (const path of paths) files.push(await readSource(console, path));
  const { listing, diagnostics } = HostListing.read(files);
  if (listing === undefined) throw new Stop(EXIT.unusable, diagnostics);
  reportDiagnostics(console, diagnostics);
  return listing;
}

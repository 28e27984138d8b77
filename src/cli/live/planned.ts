import { HostListing, type Plan, type Preflight, plan, preflight, sessionName, sideNow } from '../../apply/index.ts';
import type { Intent } from '../../ir/index.ts';
import { SourceFile } from '../../source/index.ts';
import { TARGETS } from '../../target/registry.ts';
import { type Proof, renderProven } from '../../verify/index.ts';
import { accountsOf } from '../accounts.ts';
import { type Console, EXIT } from '../console.ts';
import { readSource } from '../files.ts';
import { policySource, soundPolicy } from '../policy-input.ts';
import { reportDiagnostics, Stop, stop } from '../report.ts';
import { isFault } from '../unproven.ts';
import { type LiveFacts, readFacts } from './facts.ts';
import type { LiveHost } from './host.ts';
import { hostNeeds } from './needs.ts';
import { LIVE_PROBLEMS } from './problems.ts';

export interface PlanOptions {
  readonly in?: readonly string[];
  readonly account?: readonly string[];
  readonly yesCut?: readonly string[];
  readonly console?: boolean;
}

/** A change, proven and thought through; nothing has been done. */
export interface Planned {
  readonly policy: SourceFile;
  readonly intent: Intent;
  readonly proof: Proof; // that the rules mean what the policy says
  readonly ruleset: string; // the rules, as `render` prints them
  readonly ours: HostListing; // the same, read back
  readonly plan: Plan;
  readonly live?: { readonly facts: LiveFacts; readonly preflight: Preflight }; // absent for a saved listing
}

/** @throws Stop where the policy cannot be enforced, or the machine or its saved listing not be read */
export async function planChange(
  console: Console,
  policyPath: string | undefined,
  options: PlanOptions,
  host: LiveHost,
): Promise<Planned> {
  const policy = await policySource(console, policyPath);
  const intent = soundPolicy(console, policy, accountsOf(console, options.account));
  const { artifacts, proof } = renderProven(TARGETS.nftables, intent);
  if (artifacts === undefined) throw new Stop(isFault(proof) ? EXIT.machine : EXIT.unusable, proof.diagnostics);
  const ruleset = artifacts.map(({ text }) => text).join('');
  const { listing: ours } = HostListing.read([new SourceFile('<the new rules>', ruleset)]);
  if (ours === undefined) throw new Error('rules that were proven cannot be read');
  const facts = options.in === undefined ? await snapshotFacts(console, host) : undefined;
  const listing = facts?.around.listing ?? (await savedListing(console, options.in ?? []));
  const before = listing.rules(sideNow(listing));
  const after = listing.withOurs(ours);
  const around = facts?.around ?? { listing, addresses: [] };
  const change = plan({ before, after, intent, around, connections: facts?.connections ?? [] });
  const found = { policy, intent, proof, ruleset, ours, plan: change };
  if (facts === undefined) return found;
  const { sessions, listeners, connections } = facts;
  const needs = hostNeeds(host.machine, connections, listeners);
  const yesCut = options.yesCut ?? [];
  const flight = preflight({
    around,
    before,
    after,
    intent,
    sessions,
    listeners,
    needs,
    yesCut,
    console: options.console === true,
  });
  const [unknown] = flight.unknownNames;
  if (unknown !== undefined) {
    const names = sessions.map(sessionName).map((name) => `\`${name}\``);
    const known = names.length === 0 ? 'nobody is logged in' : names.join(', ');
    throw stop(EXIT.unusable, LIVE_PROBLEMS.noSuchSession, unknown, known);
  }
  return { ...found, live: { facts, preflight: flight } };
}

async function snapshotFacts(console: Console, host: LiveHost): Promise<LiveFacts> {
  return readFacts(console, await host.ask('snapshot', { callerPid: process.pid, connections: true }));
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

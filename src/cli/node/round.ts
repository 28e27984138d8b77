import { ENFORCER_PROBLEMS } from '../../enforcer/index.ts';
import type { MakeOptions } from '../apply/make.ts';
import { makeChange } from '../apply/make.ts';
import type { Console } from '../console.ts';
import type { LiveHost } from '../live/host.ts';
import { type NewRules, policyHash } from '../live/new-rules.ts';
import { Stop } from '../report.ts';
import { type HealthCheck, settledHealth, tryHealth } from './health.ts';
import { rememberHealth, unwellUnder } from './memory.ts';
import { ownDrift } from './own-drift.ts';

/** How a node stands after it was looked at once. */
export type Standing =
  | { readonly kind: 'stands'; readonly well: boolean; readonly said: string } // it enforces what it should
  | { readonly kind: 'taken-back'; readonly said: string } // on trial it was not well
  | { readonly kind: 'held-back'; readonly said: string } // nothing was tried
  | { readonly kind: 'refused'; readonly stop: Stop };

export interface NodeSettings {
  readonly checks: readonly HealthCheck[];
  readonly trialSeconds: number;
  readonly settleSeconds: number;
  readonly again: boolean; // also a policy under which this node was not well
  readonly signal: AbortSignal;
}

/**
 * Looks at the node and brings it to what it should enforce, if that takes anything. A policy that is new here goes on trial: it stays if the
 * node is well under it for a while. One that was confirmed here before, and that the node has lost (a restart), is put back at once, as
 * a boot of any other machine does it.
 */
export async function lookOnce(
  console: Console,
  host: LiveHost,
  rules: NewRules,
  settings: NodeSettings,
): Promise<Standing> {
  try {
    return await look(console, host, rules, settings);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { kind: 'refused', stop: error };
  }
}

async function look(console: Console, host: LiveHost, rules: NewRules, settings: NodeSettings): Promise<Standing> {
  const snapshot = await host.ask('snapshot', { callerPid: process.pid, connections: false });
  const { current, pending } = snapshot.state;
  if (pending !== undefined && pending.remainingSeconds > 0)
    return { kind: 'held-back', said: `another change is on trial, of ${pending.by.name}` };
  const differs = ownDrift(snapshot, rules.ours, rules.intent);
  const { passed, said } = await tryHealth(settings.checks);
  if (differs === undefined) return { kind: 'stands', well: passed, said: passed ? 'well' : `not well: ${said}` };
  const hash = policyHash(rules);
  if (rules.ours === undefined || current?.policyHash === hash)
    return change(console, host, rules, { ...plainly(settings), confirmation: { by: 'none' } }, settings);
  const before = settings.again ? undefined : unwellUnder(host, hash);
  if (before !== undefined)
    return {
      kind: 'held-back',
      said: `this policy was taken back here at ${before.at}: ${before.outcome}; change it, or say \`--again\``,
    };
  if (!passed) return { kind: 'held-back', said: `not well before the change, so a trial would show nothing: ${said}` };
  return trial(console, host, rules, settings);
}

async function trial(console: Console, host: LiveHost, rules: NewRules, settings: NodeSettings): Promise<Standing> {
  const { checks, settleSeconds, signal } = settings;
  const settled = (withinMs: number) => settledHealth(checks, { settleMs: settleSeconds * 1000, withinMs, signal });
  const options: MakeOptions = { ...plainly(settings), confirmation: { by: 'health', settled } };
  const standing = await change(console, host, rules, options, settings);
  if (!signal.aborted && standing.kind !== 'refused')
    await rememberHealth(host, policyHash(rules), standing.kind === 'taken-back' ? standing.said : undefined);
  return standing;
}

/** Nobody's session is looked for: a pod sees none of its node's processes. That the node can be administered is for the policy's own tests. */
function plainly({ trialSeconds }: NodeSettings): Omit<MakeOptions, 'confirmation'> {
  return { trial: trialSeconds, cut: false, yesCut: [], console: true, keep: KEPT, json: false };
}

const KEPT = 10;
const TRIES = 5;

/** kube-proxy and the network plugin may change their rules while ours are planned; then it is planned once more. */
async function change(
  console: Console,
  host: LiveHost,
  rules: NewRules,
  options: MakeOptions,
  { checks }: NodeSettings,
): Promise<Standing> {
  for (let tried = 1; ; tried++) {
    try {
      const { ended } = await makeChange(console, host, rules, options);
      if (ended.outcome === 'reverted') return { kind: 'taken-back', said: ended.why };
      const { passed, said } = await tryHealth(checks);
      const what = ended.change === undefined ? 'no rules of ours' : `change ${ended.change.number}`;
      return { kind: 'stands', well: passed, said: `${what} now${passed ? '' : `, but not well: ${said}`}` };
    } catch (error) {
      if (tried === TRIES || !(error instanceof Stop) || !isOvertaken(error)) throw error;
    }
  }
}

function isOvertaken({ diagnostics }: Stop): boolean {
  return diagnostics.some(({ code }) => code === ENFORCER_PROBLEMS.rulesetChanged.code);
}

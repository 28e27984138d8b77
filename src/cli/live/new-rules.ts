import { createHash } from 'node:crypto';
import { HostListing } from '../../apply/index.ts';
import type { RecalledChange } from '../../enforcer/protocol.ts';
import type { Intent } from '../../ir/index.ts';
import { SourceFile } from '../../source/index.ts';
import { TARGETS } from '../../target/registry.ts';
import { type Proof, renderProven } from '../../verify/index.ts';
import { accountsOf } from '../accounts.ts';
import { type Console, EXIT } from '../console.ts';
import { emptyIntent, filesOf, policySource, readPolicy, soundPolicy } from '../policy-input.ts';
import { Stop } from '../report.ts';
import { isFault } from '../unproven.ts';

/** Rules that a host is to enforce, and what they were made from. */
export interface NewRules {
  readonly name: string; // what people know them by: the policy's file, or `change 3`
  readonly intent: Intent; // whose zones and flows name what they do
  readonly proof?: Proof; // that they mean what a policy says; absent where none was rendered now
  readonly ruleset: string; // as `render` prints them; empty: none of ours
  readonly ours?: HostListing; // the same, read back; absent: none of ours
  readonly sources: Readonly<Record<string, string>>; // of the policy, its own file first
}

/** The rules of a policy, proven. @throws Stop where it cannot be enforced */
export async function policyRules(
  console: Console,
  path: string | undefined,
  options: { readonly account?: readonly string[] },
): Promise<NewRules> {
  const policy = await policySource(console, path);
  const sources: Record<string, string> = { [policy.name]: policy.text };
  const read = filesOf(console);
  const intent = soundPolicy(console, policy, accountsOf(console, options.account), (included) => {
    const found = read(included);
    if (typeof found === 'string') sources[included] = found;
    return found;
  });
  return { ...provenRules(intent), name: policy.name, intent, sources };
}

/** @throws Stop where nftables cannot hold it, or the proof fails */
export function provenRules(intent: Intent): Pick<NewRules, 'proof' | 'ruleset' | 'ours'> {
  const { artifacts, proof } = renderProven(TARGETS.nftables, intent);
  if (artifacts === undefined) throw new Stop(isFault(proof) ? EXIT.machine : EXIT.unusable, proof.diagnostics);
  const ruleset = artifacts.map(({ text }) => text).join('');
  return { proof, ruleset, ours: readBack(ruleset) };
}

/** The rules of a change that was confirmed once. */
export function recalledRules(console: Console, { change, files }: RecalledChange): NewRules {
  const sources = sourcesOf(files.policy);
  return {
    name: `change ${change.number}`,
    intent: intentOf(console, sources) ?? emptyIntent(console),
    ruleset: nftOnly(files),
    ours: readBack(nftOnly(files)),
    sources,
  };
}

function nftOnly({ ruleset }: RecalledChange['files']): string {
  if (typeof ruleset === 'string') return ruleset;
  throw new Error('TODO');
}

/** None of ours: what stood before Portcullis. */
export function noRules(console: Console): NewRules {
  return { name: 'no rules of Portcullis', intent: emptyIntent(console), ruleset: '', sources: {} };
}

/** SHA-256 over the sources with their names, in hexadecimal. */
export function policyHash({ sources }: NewRules): string {
  return createHash('sha256')
    .update(JSON.stringify(Object.entries(sources)))
    .digest('hex');
}

function readBack(ruleset: string): HostListing {
  const { listing } = HostListing.read([new SourceFile('<the new rules>', ruleset)]);
  if (listing === undefined) throw new Error('rules that were proven cannot be read');
  return listing;
}

/** What was persisted is ours, but a disk may have lost some of it: then names are missing, and nothing else. */
function sourcesOf(persisted: string): Readonly<Record<string, string>> {
  let found: unknown;
  try {
    found = JSON.parse(persisted);
  } catch {
    return {};
  }
  if (typeof found !== 'object' || found === null) return {};
  return Object.fromEntries(
    Object.entries(found).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text] as const] : [])),
  );
}

/** The policy as it was, to name things; `undefined` where it is not sound any more (an expired flow). */
function intentOf(console: Console, sources: Readonly<Record<string, string>>): Intent | undefined {
  const [first] = Object.entries(sources);
  if (first === undefined) return undefined;
  const read = (path: string) => sources[path] ?? { reason: 'it was not kept' };
  return readPolicy(console, new SourceFile(...first), accountsOf(console, undefined), read).intent;
}

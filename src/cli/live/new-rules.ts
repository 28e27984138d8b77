import { createHash } from 'node:crypto';
import { HostListing } from '../../apply/index.ts';
import type { Mechanism, RecalledChange } from '../../enforcer/protocol.ts';
import type { Intent } from '../../ir/index.ts';
import { hostIntent } from '../../resolve/index.ts';
import { SourceFile } from '../../source/index.ts';
import { type IptablesProgram, policyOfText } from '../../target/index.ts';
import { TARGETS, withTarget } from '../../target/registry.ts';
import { type Proof, renderProven } from '../../verify/index.ts';
import { accountsOf } from '../accounts.ts';
import { type Console, EXIT } from '../console.ts';
import { withContainers } from '../containers.ts';
import { emptyIntent, filesOf, policySource, readPolicy, soundHostPolicy } from '../policy-input.ts';
import { Stop } from '../report.ts';
import { isFault } from '../unproven.ts';

/** Rules that a host is to enforce, and what they were made from. */
export interface NewRules {
  readonly name: string; // what people know them by: the policy's file, or `change 3`
  readonly intent: Intent; // whose zones and flows name what they do
  readonly proof?: Proof; // that they mean what a policy says; absent where none was rendered now
  readonly written?: WrittenRules; // as `render` prints them; absent: none of ours
  readonly ours?: HostListing; // the same, read back; absent: none of ours
  readonly sources: Readonly<Record<string, string>>; // of the policy, its own file first
}

export type WrittenRules =
  | { readonly mechanism: 'nftables'; readonly text: string }
  | { readonly mechanism: 'iptables'; readonly policy: IptablesProgram };

/** The rules of a policy, proven. @throws Stop where it cannot be enforced */
export async function policyRules(
  console: Console,
  path: string | undefined,
  options: { readonly account?: readonly string[]; readonly docker?: readonly string[]; readonly with?: Mechanism },
): Promise<NewRules> {
  const policy = await policySource(console, path);
  const sources: Record<string, string> = { [policy.name]: policy.text };
  const read = filesOf(console);
  const reading = withContainers(console, options.docker);
  const intent = soundHostPolicy(reading, policy, accountsOf(console, options.account), (included) => {
    const found = read(included);
    if (typeof found === 'string') sources[included] = found;
    return found;
  });
  return { ...provenRules(intent, options.with), name: policy.name, intent, sources };
}

/** @throws Stop where the firewall cannot hold it, or the proof fails */
export function provenRules(
  intent: Intent,
  mechanism: Mechanism = 'nftables',
): Pick<NewRules, 'proof' | 'written' | 'ours'> {
  const { artifacts, proof } = withTarget(mechanism, (target) => renderProven(target, intent));
  if (artifacts === undefined) throw new Stop(isFault(proof) ? EXIT.machine : EXIT.unusable, proof.diagnostics);
  if (mechanism === 'nftables') {
    const text = artifacts.map((each) => each.text).join('');
    return { proof, written: { mechanism, text }, ours: readBack(text) };
  }
  const { ast } = TARGETS.iptables.parse(artifacts.map(({ name, text }) => new SourceFile(name, text)));
  if (ast === undefined) throw new Error('rules that were proven cannot be read');
  return { proof, written: { mechanism, policy: ast }, ours: HostListing.ofIptables(ast) };
}

/** The rules of a change that was confirmed once. */
export function recalledRules(console: Console, { change, files }: RecalledChange): NewRules {
  const sources = sourcesOf(files.policy);
  return {
    name: `change ${change.number}`,
    intent: intentOf(console, sources) ?? emptyIntent(console),
    ...recalled(files),
    sources,
  };
}

function recalled(files: RecalledChange['files']): Pick<NewRules, 'written' | 'ours'> {
  if (files.mechanism === 'nftables') {
    return { written: { mechanism: 'nftables', text: files.ruleset }, ours: readBack(files.ruleset) };
  }
  const policy = policyOfText(files.ruleset);
  if (policy === undefined) throw new Error('rules that were confirmed cannot be read');
  return { written: { mechanism: 'iptables', policy }, ours: HostListing.ofIptables(policy) };
}

/** None of ours: what stood before Portcullis. */
export function noRules(console: Console): NewRules {
  return { name: 'no rules of Portcullis', intent: emptyIntent(console), sources: {} };
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
  const reading = withContainers(console, undefined);
  const { intent } = readPolicy(reading, new SourceFile(...first), accountsOf(console, undefined), read);
  return intent === undefined ? undefined : hostIntent(intent);
}

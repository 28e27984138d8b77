import { type Diagnostic, diagnose } from '../diagnostic/index.ts';
import type { Intent, Ruleset } from '../ir/index.ts';
import { intentRuleset } from '../semantics/index.ts';
import type { SourceFile } from '../source/index.ts';
import type { Opaque } from '../target/index.ts';
import { type Console, EXIT } from './console.ts';
import { readSource } from './files.ts';
import { includerOf } from './includes.ts';
import { longWork } from './long-work.ts';
import {
  type Accounts,
  emptyIntent,
  placeholderNames,
  policySource,
  readPolicy,
  sharedAccounts,
  soundPolicy,
} from './policy-input.ts';
import { CLI_PROBLEMS } from './problems.ts';
import { reportDiagnostics, Stop, stop } from './report.ts';

/** What commands ask: a policy, or a firewall's configuration. */
export interface Subject {
  readonly name: string; // as the user named it
  readonly kind: 'policy' | 'firewall';
  readonly ruleset: Ruleset;
  readonly intent: Intent; // whose zones are meant; of a firewall asked without a policy, the built-in ones
  readonly opaque: readonly Opaque[]; // parts that the reader does not understand
}

export const IN_OPTION =
  'ask this firewall configuration instead of the policy (nft text or nft -j, iptables-save, ip6tables-save, ipset save; repeatable: the files of one machine)';
export const FORMATS = ['policy', 'nftables', 'iptables'] as const;
export type Format = (typeof FORMATS)[number];
export const FORMAT_OPTION = 'what the files are, where their content does not tell';

/** The policy, or with `--in` a firewall's configuration, asked about the policy's zones. */
export async function subjectOf(
  console: Console,
  options: { readonly in?: readonly string[]; readonly policy?: string },
  accounts: Accounts,
): Promise<Subject> {
  if (options.in === undefined) return policySubject(console, await policySource(console, options.policy), accounts);
  const intent =
    options.policy === undefined
      ? emptyIntent(console)
      : soundPolicy(console, await policySource(console, options.policy), accounts);
  const { ruleset, opaque, diagnostics } = await readRulesetFiles(console, options.in);
  reportDiagnostics(console, diagnostics);
  return { name: options.in.join(', '), kind: 'firewall', intent, ruleset, opaque };
}

function policySubject(console: Console, source: SourceFile, accounts: Accounts): Subject {
  return intentSubject(source.name, soundPolicy(console, source, accounts));
}

export function intentSubject(name: string, intent: Intent): Subject {
  return { name, kind: 'policy', ruleset: intentRuleset(intent), intent, opaque: [] };
}

/** The two sides of a comparison, with one number for each account. */
export interface Pair {
  readonly before: Subject;
  readonly after: Subject;
  readonly names: ReadonlyMap<number, string>; // of accounts that this machine does not have
}

/** Two files, each read by what its content is. */
export async function readPair(
  console: Console,
  first: string,
  second: string,
  accounts: Accounts,
  format: Format | undefined,
): Promise<Pair> {
  const sources = [await readSource(console, first), await readSource(console, second)] as const;
  const policies = sources.filter((source) => (format ?? formatOf(source)) === 'policy');
  const intents = policies.map((source) => readPolicy(console, source, accounts).intent);
  const shared = sharedAccounts(
    accounts,
    intents.filter((intent) => intent !== undefined),
  );
  const before = await readSubject(console, sources[0], shared, format);
  const after = await readSubject(console, sources[1], shared, format);
  return { before, after, names: placeholderNames(shared) };
}

async function readSubject(
  console: Console,
  source: SourceFile,
  accounts: Accounts,
  format: Format | undefined,
): Promise<Subject> {
  switch (format ?? formatOf(source)) {
    case 'policy':
      return policySubject(console, source, accounts);
    case 'nftables':
    case 'iptables':
      return {
        name: source.name,
        kind: 'firewall',
        intent: emptyIntent(console),
        ...(await readFirewall(console, [source], format)),
      };
    case undefined:
      throw stop(EXIT.unusable, CLI_PROBLEMS.unknownFormat, source.name);
  }
}

/** What a file is, seen from its content. */
export function formatOf(source: SourceFile): Format | undefined {
  const { text } = source;
  if (/^\s*\{/.test(text)) return /"nftables"\s*:/.test(text) ? 'nftables' : undefined;
  if (/^portcullis\s*:/m.test(text)) return 'policy';
  if (isIptables(text)) return 'iptables';
  if (/^\s*(?:#!.*\bnft\b|(?:(?:add|create|delete|destroy|flush)\s+)?(?:table|ruleset)\s)/m.test(text))
    return 'nftables';
  return /^\s*[a-z]+\s*:/m.test(text) ? 'policy' : undefined;
}

/** `*filter` with its `COMMIT`, or the sets of `ipset save`. */
function isIptables(text: string): boolean {
  return /^\s*\*[a-z]+\s*$/m.test(text)
    ? /^\s*(?:COMMIT\s*$|:|(?:\[[0-9:]*\] *)?-[AIN] )/m.test(text)
    : /^create \S+ (?:hash|bitmap|list):/m.test(text);
}

async function readFirewall(
  console: Console,
  sources: readonly SourceFile[],
  format: Format | undefined,
): Promise<Pick<Subject, 'ruleset' | 'opaque'>> {
  const { ruleset, opaque, diagnostics } = await readRuleset(console, sources, format);
  reportDiagnostics(console, diagnostics);
  return { ruleset, opaque };
}

/** A firewall's configuration, with everything that there is to say about the reading of it. */
export interface ReadRuleset extends Pick<Subject, 'ruleset' | 'opaque'> {
  readonly diagnostics: readonly Diagnostic[];
}

/** @throws Stop where a file cannot be read, or cannot be understood as a whole */
export async function readRulesetFiles(console: Console, paths: readonly string[]): Promise<ReadRuleset> {
  const sources: SourceFile[] = [];
  for (const path of paths) sources.push(await readSource(console, path));
  return readRuleset(console, sources);
}

export async function readRuleset(
  console: Console,
  sources: readonly SourceFile[],
  format?: Format,
): Promise<ReadRuleset> {
  const { readHost } = await import('../target/registry.ts'); // most questions are about the policy, and want no reader
  const ofIptables = (source: SourceFile): boolean => (format ?? formatOf(source)) === 'iptables';
  const { lifted, diagnostics } = longWork(console, 'reading', () =>
    readHost(
      { nftables: sources.filter((source) => !ofIptables(source)), iptables: sources.filter(ofIptables) },
      includerOf(console),
    ),
  );
  if (lifted === undefined) throw new Stop(EXIT.unusable, diagnostics);
  const { ruleset, opaque } = lifted;
  const unknown = opaque.map(({ span, text, reason }) => diagnose(CLI_PROBLEMS.opaque, span, text, reason));
  return { ruleset, opaque, diagnostics: [...diagnostics, ...unknown] };
}

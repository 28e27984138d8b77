import type { Route } from '../analysis/index.ts';
import { type Diagnostic, diagnose } from '../diagnostic/index.ts';
import type { DockerFacts } from '../docker/index.ts';
import type { Intent, Ruleset } from '../ir/index.ts';
import { hostIntent } from '../resolve/index.ts';
import { intentRuleset } from '../semantics/index.ts';
import type { SourceFile } from '../source/index.ts';
import type { Opaque } from '../target/index.ts';
import { CLUSTER_COMMAND_PROBLEMS } from './cluster/problems.ts';
import { type Console, EXIT } from './console.ts';
import { LIVE, readSources } from './files.ts';
import { type Format, formatOf } from './format.ts';
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
  readonly routes: () => readonly Route[]; // to containers, where anybody knows of them
}

export const IN_OPTION =
  'ask this firewall configuration instead of the policy (nft text or nft -j, iptables-save, ip6tables-save, ipset save, /etc/ufw, ufw status verbose, ufw commands; repeatable: the files of one machine), or `live`: the rules that this machine has now';
export const FORMAT_OPTION = 'what the files are, where their content does not tell';

/** The bridges that lead to containers. */
function routesToContainers(facts: DockerFacts | undefined): readonly Route[] {
  return (facts?.networks ?? []).flatMap(({ bridge, subnets }) =>
    bridge === undefined ? [] : [{ ranges: subnets, through: { name: bridge, wildcard: false } }],
  );
}

/** The policy, or with `--in` a firewall's configuration, asked about the policy's zones. */
export async function subjectOf(
  console: Console,
  options: { readonly in?: readonly string[]; readonly docker?: readonly string[]; readonly policy?: string },
  accounts: Accounts,
): Promise<Subject> {
  if (options.in === undefined) return policySubject(console, await policySource(console, options.policy), accounts);
  const intent =
    options.policy === undefined
      ? emptyIntent(console)
      : soundPolicy(console, await policySource(console, options.policy), accounts);
  const { ruleset, opaque, diagnostics } = await readRulesetFiles(console, options.in);
  reportDiagnostics(console, diagnostics);
  // Rules of a file are some machine's; where containers are on that one, only the user knows.
  const areKnown = options.docker !== undefined || options.in.includes(LIVE);
  const routes = () => (areKnown ? routesToContainers(console.containers?.()) : []);
  return { name: options.in.join(', '), kind: 'firewall', intent, ruleset, opaque, routes };
}

function policySubject(console: Console, source: SourceFile, accounts: Accounts): Subject {
  return intentSubject(source.name, soundPolicy(console, source, accounts));
}

export function intentSubject(name: string, intent: Intent): Subject {
  return { name, kind: 'policy', ruleset: intentRuleset(intent), intent, opaque: [], routes: () => [] };
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
  const sources = [await readSources(console, [first]), await readSources(console, [second])] as const;
  const policies = sources.flat().filter((source) => (format ?? formatOf(source)) === 'policy');
  const intents = policies.map((source) => readPolicy(console, source, accounts).intent);
  const shared = sharedAccounts(
    accounts,
    intents.filter((intent) => intent !== undefined),
  );
  const before = await readSubject(console, first, sources[0], shared, format);
  const after = await readSubject(console, second, sources[1], shared, format);
  const [one, other] = before.kind === after.kind ? [before, after] : [asFirewall(before), asFirewall(after)];
  return { before: one, after: other, names: placeholderNames(shared) };
}

/** A policy beside a firewall is what the firewall should be: of names that a gateway enforces no firewall knows. */
function asFirewall(subject: Subject): Subject {
  return subject.kind === 'policy' ? intentSubject(subject.name, hostIntent(subject.intent)) : subject;
}

async function readSubject(
  console: Console,
  name: string,
  sources: readonly SourceFile[], // several of a folder
  accounts: Accounts,
  format: Format | undefined,
): Promise<Subject> {
  const [source] = sources;
  const found = format ?? (source === undefined ? undefined : formatOf(source));
  if (source === undefined || found === undefined) throw stop(EXIT.unusable, CLI_PROBLEMS.unknownFormat, name);
  switch (found) {
    case 'policy':
      return policySubject(console, source, accounts);
    case 'nftables':
    case 'iptables':
    case 'ufw':
      return {
        name: sources.length === 1 ? source.name : name,
        kind: 'firewall',
        intent: emptyIntent(console),
        routes: () => [],
        ...(await readFirewall(console, sources, format)),
      };
    case 'kubernetes':
      throw stop(EXIT.unusable, CLUSTER_COMMAND_PROBLEMS.manifestsHere, name);
  }
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
  return readRuleset(console, await readSources(console, paths));
}

export async function readRuleset(
  console: Console,
  sources: readonly SourceFile[],
  format?: Format,
): Promise<ReadRuleset> {
  const { readHost } = await import('../target/registry.ts'); // most questions are about the policy, and want no reader
  const formats = sources.map((source) => format ?? formatOf(source));
  const manifest = sources.find((_, index) => formats[index] === 'kubernetes');
  if (manifest !== undefined) throw stop(EXIT.unusable, CLUSTER_COMMAND_PROBLEMS.manifestsHere, manifest.name);
  const of = (wanted: Format): SourceFile[] => sources.filter((_, index) => formats[index] === wanted);
  const others = sources.filter((_, index) => formats[index] !== 'iptables' && formats[index] !== 'ufw');
  const { lifted, diagnostics } = longWork(console, 'reading', () =>
    readHost({ nftables: others, iptables: of('iptables'), ufw: of('ufw') }, includerOf(console)),
  );
  if (lifted === undefined) throw new Stop(EXIT.unusable, diagnostics);
  const { ruleset, opaque } = lifted;
  const unknown = opaque.map(({ span, text, reason }) => diagnose(CLI_PROBLEMS.opaque, span, text, reason));
  return { ruleset, opaque, diagnostics: [...diagnostics, ...unknown] };
}

import { type Catalog, loadCatalog } from '../catalog/index.ts';
import { type Diagnostic, hasErrors, sortDiagnostics } from '../diagnostic/index.ts';
import { FIRST_PLACEHOLDER_UID, type Intent } from '../ir/index.ts';
import { loadPolicyText, type ReadFile } from '../policy/index.ts';
import { hostIntent, resolvePolicy } from '../resolve/index.ts';
import { SourceFile } from '../source/index.ts';
import { type Console, EXIT } from './console.ts';
import { decoded, readFile, readSource } from './files.ts';
import { longWork } from './long-work.ts';
import { CLI_PROBLEMS } from './problems.ts';
import { reportDiagnostics, Stop, stop } from './report.ts';

/** What commands read where no policy is named. */
export const DEFAULT_POLICY = 'portcullis.yaml';
export const POLICY_ARGUMENT = `the policy (default: ${DEFAULT_POLICY}; - is standard input)`;

export type Accounts = ReadonlyMap<string, number>;

export interface ReadPolicy {
  readonly intent: Intent | undefined; // undefined where there are errors
  readonly diagnostics: readonly Diagnostic[];
}

let packaged: Catalog | undefined;

/** The packaged catalogue, read once in a run. */
export function catalog(): Catalog {
  packaged ??= loadCatalog();
  return packaged;
}

/** The text of the policy that the user named. @throws Stop where there is none. */
export async function policySource(console: Console, path: string | undefined): Promise<SourceFile> {
  if (path === undefined && typeof readFile(console, DEFAULT_POLICY) === 'string') {
    throw stop(EXIT.unusable, CLI_PROBLEMS.noPolicy, DEFAULT_POLICY);
  }
  return readSource(console, path ?? DEFAULT_POLICY);
}

/** Parses and resolves a policy with all that it includes, and says everything there is to say of it. */
export function readPolicy(
  console: Console,
  source: SourceFile,
  accounts: Accounts,
  read = filesOf(console),
): ReadPolicy {
  return longWork(console, 'reading', () => {
    const { policy, diagnostics } = loadPolicyText(source, read);
    if (policy === undefined) return { intent: undefined, diagnostics };
    const resolved = resolvePolicy(policy, {
      accounts,
      catalog: catalog(),
      today: console.today,
      ...(console.containers === undefined ? {} : { containers: console.containers }),
    });
    const all = sortDiagnostics([...diagnostics, ...resolved.diagnostics]);
    return { intent: hasErrors(all) ? undefined : resolved.intent, diagnostics: all };
  });
}

/** A sound policy: errors stop, warnings are told on standard error. */
export function soundPolicy(console: Console, source: SourceFile, accounts: Accounts, read = filesOf(console)): Intent {
  const { intent, diagnostics } = readPolicy(console, source, accounts, read);
  if (intent === undefined) throw new Stop(EXIT.unusable, diagnostics);
  reportDiagnostics(
    console,
    diagnostics.filter((each) => each.severity === 'warning'),
  );
  return intent;
}

/** As `soundPolicy`, as this machine's own firewall has to see it: with what its gateway relies on, where it has one. */
export function soundHostPolicy(...asked: Parameters<typeof soundPolicy>): Intent {
  return hostIntent(soundPolicy(...asked));
}

/** The policy that says nothing: it has the built-in zones, for questions about a firewall without a policy. */
export function emptyIntent(console: Console): Intent {
  const { intent } = readPolicy(console, new SourceFile('<no policy>', 'portcullis: 1\n'), new Map());
  if (intent === undefined) throw new Error('the empty policy has errors');
  return intent;
}

/** Included files, relative to the console's folder as the policy's own path is. */
export function filesOf(console: Console): ReadFile {
  return (path) => {
    const content = readFile(console, path);
    if (typeof content === 'string') return { reason: content };
    return decoded(content) ?? { reason: 'it is not UTF-8 text' };
  };
}

/**
 * The accounts for reading policies that are compared: a placeholder of one policy's unknown account could be another
 * account's in the other, so each unknown name gets a number of its own.
 */
export function sharedAccounts(accounts: Accounts, intents: readonly Intent[]): Accounts {
  const unknown = new Set(intents.flatMap((intent) => [...intent.unknownAccounts.values()]));
  return new Map([...accounts, ...[...unknown].map((name, index) => [name, FIRST_PLACEHOLDER_UID + index] as const)]);
}

/** The names behind the placeholders of `sharedAccounts`, for people. */
export function placeholderNames(accounts: Accounts): ReadonlyMap<number, string> {
  return new Map(
    [...accounts].filter(([, uid]) => uid >= FIRST_PLACEHOLDER_UID).map(([name, uid]) => [uid, name] as const),
  );
}

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { run } from '../host/index.ts';
import type { Intent } from '../ir/index.ts';
import type { ReadFile, ReadProblem } from '../policy/index.ts';
import { SourceFile } from '../source/index.ts';
import { type Console, EXIT } from './console.ts';
import { readSource } from './files.ts';
import { whatTheMachineSays } from './lab/machine.ts';
import { type Accounts, readPolicy } from './policy-input.ts';
import { CLI_PROBLEMS } from './problems.ts';
import { Stop, stop } from './report.ts';

/**
 * The policy to compare with: a file, or the same path as it was at a Git revision, with the files that it included then.
 * @throws Stop where there is none, or where it has errors
 */
export async function earlierPolicy(
  console: Console,
  path: string,
  against: string,
  accounts: Accounts,
): Promise<Intent> {
  const { intent, diagnostics } = existsSync(resolve(console.cwd, against))
    ? readPolicy(console, await readSource(console, against), accounts)
    : await policyAtRevision(console, path, against, accounts);
  if (intent === undefined) throw new Stop(EXIT.unusable, diagnostics);
  return intent;
}

async function policyAtRevision(console: Console, path: string, revision: string, accounts: Accounts) {
  const first = await showFile(console, revision, path);
  if (typeof first !== 'string') throw stop(EXIT.unusable, CLI_PROBLEMS.noSuchRevision, revision, first.reason);
  const source = new SourceFile(`${revision}:${path}`, first);
  // Reading is by callback and asking Git is not: read as far as it goes, fetch what was missing, read again.
  const fetched = new Map<string, string | ReadProblem>();
  for (;;) {
    const missing = new Set<string>();
    const read: ReadFile = (included) => {
      const text = fetched.get(included);
      if (text === undefined) missing.add(included);
      return text ?? { reason: 'not read yet' };
    };
    const found = readPolicy(console, source, accounts, read);
    if (missing.size === 0) return found;
    for (const included of missing) {
      fetched.set(included, await showFile(console, revision, included.slice(included.indexOf(':') + 1)));
    }
  }
}

/** A file of a revision, by an argument list: neither name is ever seen by a shell or taken for an option. */
async function showFile(console: Console, revision: string, path: string): Promise<string | ReadProblem> {
  if (revision.startsWith('-')) return { reason: 'no revision begins with `-`' };
  const folder = resolve(console.cwd, dirname(path));
  const name = `${revision}:./${join('.', path.slice(path.lastIndexOf('/') + 1))}`;
  const { exitCode, stdout, stderr } = await whatTheMachineSays(() =>
    run('git', ['show', '--end-of-options', name], { cwd: folder }),
  );
  return exitCode === 0 ? stdout : { reason: stderr.trim().split('\n')[0] ?? 'git said nothing' };
}

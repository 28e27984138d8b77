import { type DiagnosticKind, diagnose } from '../diagnostic/index.ts';
import { MachineError } from '../host/machine-error.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import type { Problem } from './protocol.ts';

/** Ends a request: it is not done, and why. */
export class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = 'Refusal';
    this.problem = problem;
  }
}

export function refusal<Arguments extends readonly unknown[]>(
  kind: Problem['kind'],
  why: DiagnosticKind<Arguments>,
  ...args: Arguments
): Refusal {
  return new Refusal(problemOf(kind, diagnose(why, undefined, ...args)));
}

/** Whatever was thrown, as a problem for people; never a stack trace. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  if (error instanceof MachineError) return problemOf('machine', error.diagnostic);
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return problemOf('machine', diagnose(ENFORCER_PROBLEMS.internal, undefined, what.split('\n')[0] ?? what));
}

function problemOf(
  kind: Problem['kind'],
  { code, message, help }: { readonly code: string; readonly message: string; readonly help?: string },
): Problem {
  return { kind, code, message, ...(help === undefined ? {} : { help }) };
}

/** `ENOSPC: no space left on device` and its like, without the file's name: the message has that already. */
export function systemWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.replace(/,? (?:open|write|fsync|rename|mkdir|symlink|unlink|rm|lstat|scandir|chmod)\b.*$/s, '');
}

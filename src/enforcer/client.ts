import { spawn } from 'node:child_process';
import { diagnose, excerpt } from '../diagnostic/index.ts';
import { findProgram } from '../host/process.ts';
import { ownProgram } from '../own-files.ts';
import type { Guard } from './guard.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import type { Problem, Reply, RequestKind, Requests } from './protocol.ts';
import { asProblem, refusal } from './refusal.ts';
import { ANSWERS, problem as problemGuard } from './shapes.ts';

export interface AskOptions {
  readonly viaSudo: boolean; // where we are not root: whether `sudo -n` may make us
}

/** Runs a program to its end, wherever that is. */
export type RunAsRoot = (program: string, args: readonly string[], input: string) => Promise<Done>;

/**
 * Asks the part that runs as root, as a process of its own that is given the request on standard input. Never throws: whatever
 * goes wrong is a problem, in the reply.
 */
export async function askEnforcer<K extends RequestKind>(
  kind: K,
  ask: Requests[K]['ask'],
  { viaSudo }: AskOptions,
): Promise<Reply<K>> {
  try {
    const [program, args] = commandLine(viaSudo);
    return await askBy(runOnce, program, args, kind, ask);
  } catch (error) {
    return { ok: false, problem: asProblem(error) };
  }
}

/** Asks it on another machine, or in a private network: wherever `run` runs it, as root there. Never throws. */
export async function askEnforcerBy<K extends RequestKind>(
  run: RunAsRoot,
  kind: K,
  ask: Requests[K]['ask'],
): Promise<Reply<K>> {
  try {
    return await askBy(run, process.execPath, [MAIN], kind, ask);
  } catch (error) {
    return { ok: false, problem: asProblem(error) };
  }
}

const MAIN = ownProgram('enforcer/main');

async function askBy<K extends RequestKind>(
  run: RunAsRoot,
  program: string,
  args: readonly string[],
  kind: K,
  ask: Requests[K]['ask'],
): Promise<Reply<K>> {
  return replyOf(kind, await run(program, args, JSON.stringify({ ...ask, kind })));
}

function commandLine(viaSudo: boolean): readonly [program: string, args: readonly string[]] {
  if (process.getuid?.() === 0) return [process.execPath, [MAIN]];
  if (!viaSudo) throw refusal('machine', ENFORCER_PROBLEMS.notRoot, 'this account is not root');
  const sudo = findProgram('sudo');
  if (sudo === undefined) throw refusal('machine', ENFORCER_PROBLEMS.notRoot, '`sudo` is not installed');
  return [sudo, ['-n', '--', process.execPath, MAIN]];
}

export interface Done {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without a limit of time: the enforcer bounds each of its steps itself, and killing it would only leave more to clean up. */
function runOnce(program: string, args: readonly string[], input: string): Promise<Done> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => undefined); // it ended without reading: its exit code says why
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({
        exitCode: code ?? (signal === null ? 1 : 128),
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      }),
    );
    child.stdin.end(input);
  });
}

function replyOf<K extends RequestKind>(kind: K, { exitCode, stdout, stderr }: Done): Reply<K> {
  const said = excerpt(stderr.trim().split('\n').at(-1) ?? '', 400);
  if (/^sudo: /.test(stderr) && stdout === '') throw refusal('machine', ENFORCER_PROBLEMS.notRoot, said);
  const reply = parseReply(kind, stdout);
  return reply ?? { ok: false, problem: { kind: 'machine', ...noAnswer(exitCode, said) } };
}

function parseReply<K extends RequestKind>(kind: K, stdout: string): Reply<K> | undefined {
  let reply: unknown;
  try {
    reply = JSON.parse(stdout);
  } catch {
    return undefined; // it was killed
  }
  if (typeof reply !== 'object' || reply === null) return undefined;
  const guard: Guard<Requests[K]['answer']> = ANSWERS[kind];
  if ('answer' in reply && guard(reply.answer, 'answer', [])) return { ok: true, answer: reply.answer };
  if ('problem' in reply && problemGuard(reply.problem, 'problem', [])) return { ok: false, problem: reply.problem };
  return undefined;
}

function noAnswer(exitCode: number, said: string): Omit<Problem, 'kind'> {
  const { code, message, help } = diagnose(ENFORCER_PROBLEMS.noAnswer, undefined, exitCode, said);
  return { code, message, ...(help === undefined ? {} : { help }) };
}

import { spawn } from 'node:child_process';
import type { Intent } from '../../ir/index.ts';
import { ownProgram } from '../../own-files.ts';
import { accountsOf } from '../accounts.ts';
import { type Console, EXIT, type ExitCode, writeJson } from '../console.ts';
import { withContainers } from '../containers.ts';
import { policySource, soundPolicy } from '../policy-input.ts';
import { stop } from '../report.ts';
import { textTable } from '../table.ts';
import { groupOf, isRoot } from './account.ts';
import { type Attempt, attemptsFor, attemptText, type Tried } from './attempts.ts';
import { GATEWAY_PROBLEMS } from './problems.ts';
import { gatewayOf } from './run.ts';

export interface VerifyOptions {
  readonly account?: readonly string[];
  readonly as?: string;
  readonly json?: boolean;
}

const MAIN = ownProgram('cli/gateway/try-main');
const LIMIT_MS = 60_000;

/**
 * Tries from the agent's own account what must not work. What the policy lets the agent do is not tried: that its clients show.
 * @throws Stop where it cannot become the agent
 */
export async function runVerify(console: Console, path: string | undefined, options: VerifyOptions): Promise<ExitCode> {
  const source = await policySource(console, path);
  const accounts = accountsOf(console, options.account);
  const intent = soundPolicy(withContainers(console, undefined), source, accounts);
  const settings = gatewayOf(intent, source.name);
  const uid = agentOf(intent, accounts, options.as);
  if (!isRoot() && process.getuid?.() !== uid) throw stop(EXIT.machine, GATEWAY_PROBLEMS.notTheAgent, String(uid));
  const tried = await triedAs(uid, attemptsFor(settings));
  const open = tried.filter(({ isOpen }) => isOpen);
  if (options.json === true) writeJson(console, { ok: open.length === 0, tried });
  else console.stdout.write(report(tried));
  return open.length === 0 ? EXIT.holds : EXIT.findings;
}

/** The account that is named, else the first that a flow by name begins at. */
function agentOf(intent: Intent, accounts: ReadonlyMap<string, number>, name: string | undefined): number {
  if (name !== undefined) {
    const uid = /^[0-9]+$/.test(name) ? Number(name) : accounts.get(name);
    if (uid === undefined) throw stop(EXIT.machine, GATEWAY_PROBLEMS.noAccount, name);
    return uid;
  }
  const ofNames = intent.grants.filter(({ to }) => to.some(({ kind }) => kind === 'named'));
  const [first] = ofNames.flatMap(({ from }) =>
    from.flatMap((peer) => (peer.kind === 'local' ? (peer.accounts ?? []) : [])),
  );
  if (first === undefined) throw stop(EXIT.unusable, GATEWAY_PROBLEMS.noAgent);
  return first.first;
}

function triedAs(uid: number, attempts: readonly Attempt[]): Promise<readonly Tried[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN], {
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: LIMIT_MS,
      cwd: '/',
      env: {},
      ...(isRoot() ? { uid, gid: groupOf(uid) } : {}),
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.on('error', ({ message }) => reject(stop(EXIT.machine, GATEWAY_PROBLEMS.notTried, message)));
    child.on('close', () => {
      const lines = text.split('\n').filter((line) => line !== '');
      if (lines.length < attempts.length)
        reject(stop(EXIT.machine, GATEWAY_PROBLEMS.notTried, `${lines.length} of ${attempts.length} came to an end`));
      else resolve(lines.map((line): Tried => JSON.parse(line)));
    });
    child.stdin.on('error', () => undefined); // it has ended: `close` says so
    child.stdin.end(JSON.stringify(attempts));
  });
}

function report(tried: readonly Tried[]): string {
  const open = tried.filter(({ isOpen }) => isOpen);
  const rows = [...open, ...tried.filter(({ isOpen }) => !isOpen)].map(({ attempt, isOpen, detail }) => [
    isOpen ? 'OPEN' : 'closed',
    attemptText(attempt),
    detail,
  ]);
  const summary =
    open.length === 0
      ? `nothing of ${tried.length} attempts got out`
      : `${open.length} of ${tried.length} attempts got out: the agent can go around the gateway`;
  return `${textTable(['', 'tried', 'seen'], rows)}\n\n${summary}\n`;
}

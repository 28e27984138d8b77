import { spawn } from 'node:child_process';
import { answer } from './answer.ts';
import { contextFor } from './context.ts';
import { SYSTEM_PATH, SYSTEM_PATHS } from './paths.ts';
import { reap } from './reaper.ts';
import { asProblem } from './refusal.ts';

/**
 * The part that runs as root: reads one request as JSON from standard input and answers with one JSON line (protocol.ts). With
 * the argument `reap`, it is the process that a change on trial leaves behind.
 */

const EXIT = { refused: 3, machine: 4, unusable: 2 } as const;

const caller = process.env.SUDO_USER; // set by sudo, after the caller's own environment was left behind
for (const name of Object.keys(process.env)) delete process.env[name]; // nothing of the caller's reaches what root runs
process.env.PATH = SYSTEM_PATH;
process.umask(0o022); // files of ours say themselves where they are stricter
process.chdir('/'); // keep no file system busy

// Once begun, a step is done to its end: whoever presses Ctrl-C or loses the terminal finds it whole, and can take it back.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM', 'SIGQUIT', 'SIGPIPE'] as const)
  process.on(signal, () => undefined);
process.stdout.on('error', () => undefined); // nobody listens any more; what was done is in the ledger

const [mode, id] = process.argv.slice(2);
if (mode === 'reap' && id !== undefined) await reapQuietly(id);
else await serve();

async function serve(): Promise<void> {
  const reply = await answer(await readRequest(), () => contextFor(SYSTEM_PATHS, startReaper), caller);
  process.stdout.write(`${JSON.stringify(reply)}\n`);
  if (!reply.ok) process.exitCode = EXIT[reply.problem.kind];
}

async function readRequest(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function startReaper(change: string): void {
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'reap', change], { detached: true, stdio: 'ignore' });
  child.on('error', () => undefined); // it is only for tidiness
  child.unref();
}

async function reapQuietly(change: string): Promise<void> {
  try {
    await reap(contextFor(SYSTEM_PATHS, startReaper), change);
  } catch (error) {
    // Nobody reads it: whatever is asked next finds the same, and says so.
    process.exitCode = EXIT[asProblem(error).kind];
  }
}

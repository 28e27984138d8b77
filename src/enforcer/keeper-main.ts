import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { oneOf, parseJson } from './guard.ts';
import { Keeper } from './keeper.ts';
import { BEGIN, keeperJob, keeperSocket, QUESTIONS, type Question, type Word } from './keeper-words.ts';
import { SYSTEM_PATHS } from './paths.ts';
import { loadStep, markKept, readMarks } from './xtables.ts';

/**
 * The process that keeps a change with iptables on trial where the kernel cannot (docs/decisions/0009-a-trial-kept-by-a-process.md). It is
 * started by the part that runs as root, in a session of its own, and outlives it. Its one argument is the change's identity, by which
 * others find it.
 */

for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM', 'SIGQUIT', 'SIGPIPE'] as const)
  process.on(signal, () => undefined);
process.stdout.on('error', () => undefined); // whoever began the change is gone, which changes nothing
spare();

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const job = parseJson(String((await lines.next()).value), keeperJob, 'job');
if ('problems' in job) throw new Error(job.problems.join('; '));

// What it starts stays in its session, and ends with it: a keeper that was killed must not go on loading.
const keeper = new Keeper(job.value, {
  load: (step) => loadStep(step, false),
  markKept: () => markKept(false),
  isKept: async () => (await readMarks()).kept,
});

const path = keeperSocket(SYSTEM_PATHS);
rmSync(path, { force: true });
const server = createServer(serve);
await new Promise<void>((resolve, reject) => server.on('error', reject).listen(path, resolve));
say({ kind: 'ready' });

// Whoever asked for it may die before it says so: then its end of the pipe closes, and nothing was changed.
const begun = await lines.next();
if (begun.done !== true && begun.value === BEGIN) say(await keeper.on());
else keeper.dismiss();
await keeper.ended;
server.close();
process.stdin.destroy();

function say(what: Word): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

function serve(socket: Socket): void {
  socket.on('error', () => undefined);
  createInterface({ input: socket }).once('line', async (line) => {
    if (oneOf(...QUESTIONS)(line, 'question', [])) socket.end(`${JSON.stringify(await answerTo(line))}\n`);
    else socket.destroy();
  });
}

async function answerTo(question: Question): Promise<Word> {
  switch (question) {
    case 'left':
      return { kind: 'left', seconds: await keeper.left() };
    case 'keep':
      return keeper.keep();
    case 'back':
      return keeper.back();
  }
}

/**
 * As far as the machine lets us: out of the login session, which may be ended as a whole (logind.conf(5), KillUserProcesses), and the last
 * that is killed where memory runs out (proc_pid_oom_score_adj(5)).
 */
function spare(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '-1000');
    const isInLogin = /\/session-[^/]*\.scope$/m.test(readFileSync('/proc/self/cgroup', 'utf8'));
    if (isInLogin) writeFileSync('/sys/fs/cgroup/cgroup.procs', String(process.pid));
  } catch {
    // It is a help where it works, and nothing is built on it.
  }
}

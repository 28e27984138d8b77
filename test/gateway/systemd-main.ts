/**
 * The gateway as systemd runs it: a machine with agents and the world outside as for the attacks (world.ts), and on the machine a real systemd, in
 * namespaces of its own, with the unit that `portcullis gateway unit` prints. Prints a JSON line for each thing that was tried.
 * `systemd-main.ts FOLDER`, an empty folder.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { descendants } from '../lab/support.ts';
import { systemctlCommand, systemdCommand } from '../lab/systemd.ts';
import { Going, must, run } from './commands.ts';
import { FLOWS, GATEWAY, PROXY, policyText, World } from './world.ts';

const [folder = ''] = process.argv.slice(2);
const HERE = join(import.meta.dirname, '../..');
const PROJECT = '/run/project';
const POLICY = '/run/policy/portcullis.yaml'; // not below /tmp, where the unit has a folder of its own
const SAID = '/run/gateway.err';
const UNIT = '/run/systemd/system/portcullis-gateway.service';

const world = await World.make(folder);
await world.enforce();
mkdirSync('/run/policy');
mkdirSync('/run/systemd/system', { recursive: true });
writeFileSync(POLICY, policyText(FLOWS));
// The unit has a /tmp of its own, and this project may lie below that of the machine: so the program is another place's, too.
mkdirSync(PROJECT);
await must('mount', ['--rbind', HERE, PROJECT]);
const node = process.execPath.startsWith(HERE) ? process.execPath.replace(HERE, PROJECT) : process.execPath;
const unit = await run(node, [join(PROJECT, 'src/cli/main.ts'), 'gateway', 'unit', POLICY]);
// What it waits for brings a network up: here there is one, and nobody to bring it up.
writeFileSync(
  UNIT,
  unit.out.replace(/^(?:Wants|After)=.*\n/gm, '').replace('[Unit]\n', '[Unit]\nDefaultDependencies=no\n'),
);
mkdirSync(`${UNIT}.d`);
writeFileSync(`${UNIT}.d/said.conf`, `[Service]\nStandardError=append:${SAID}\n`); // there is no journald
tell('the unit is one that systemd understands', (await run('systemd-analyze', ['verify', UNIT])).err.trim());

const [program, ...args] = systemdCommand('portcullis-gateway.service', ['/var/log']);
const init = new Going(program, args);
try {
  tell('it is well', await well());
  tell('an allowed name', await world.curl('-x', PROXY, 'https://allowed.example/'));
  tell('an unlisted name', await world.curl('-x', PROXY, 'http://evil.example/'));
  tell('a name that is enforced by addresses', await world.dig('@8.8.8.8', 'git.example', 'A'));
  tell('who it is, and what it may', whatItIs());

  writeFileSync(POLICY, policyText(FLOWS.replace('allowed.example', 'allowed.example, approved.example')));
  await systemctl('reload', 'portcullis-gateway');
  tell(
    'a wider policy after `systemctl reload`',
    await until(() => world.curl('-x', PROXY, 'https://approved.example/'), /^https/),
  );

  const before = gatewayPid();
  process.kill(before, 'SIGKILL');
  tell('killed', await world.curl('-m', '2', 'https://allowed.example/'));
  tell('and by itself', await until(() => world.curl('-x', PROXY, 'https://allowed.example/'), /^https/));
  tell('as another process', String(gatewayPid() !== before));

  await systemctl('stop', 'portcullis-gateway');
  tell('stopped', await world.curl('-m', '2', 'https://allowed.example/'));
  tell('and what systemd says of it', await systemctl('show', '--property=Result,ActiveState', 'portcullis-gateway'));
} finally {
  if (existsSync(SAID)) process.stderr.write(readFileSync(SAID));
  await init.end('SIGKILL');
  await world.end();
}

function tell(what: string, came: string): void {
  process.stdout.write(`${JSON.stringify({ what, came })}\n`);
}

async function until(ask: () => Promise<string>, wanted: RegExp): Promise<string> {
  const end = performance.now() + 60_000;
  for (;;) {
    const came = await ask();
    if (wanted.test(came) || performance.now() > end) return came;
    await new Promise((next) => setTimeout(next, 100));
  }
}

function well(): Promise<string> {
  return until(async () => {
    const { code, out, err } = await world.runPortcullis('gateway', 'status', '--json');
    return code === 0 ? 'yes' : `exit ${code}: ${out}${err}`;
  }, /^yes$/);
}

/** The process that systemd has started, seen from here. */
function gatewayPid(): number {
  const isGateway = (pid: number): boolean => /\0gateway\0run\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  return descendants(init.child.pid ?? 0).find(isGateway) ?? 0;
}

/** Its account, and the capabilities that it still has (proc_pid_status(5)). */
function whatItIs(): string {
  const status = readFileSync(join('/proc', String(gatewayPid()), 'status'), 'utf8');
  const field = (name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '';
  const isOwn = field('Uid') === String(GATEWAY.uid) ? 'its own account' : `uid ${field('Uid')}`;
  return `${isOwn}, capabilities ${field('CapEff')}, no new privileges ${field('NoNewPrivs')}`;
}

async function systemctl(...args: readonly string[]): Promise<string> {
  const [program, ...all] = systemctlCommand(init.child.pid ?? 0, args);
  return (await must(program, all)).trim().replace(/\n/g, ', ');
}

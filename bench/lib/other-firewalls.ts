import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, run, runChecked } from '../../src/host/index.ts';
import { destination } from './policies.ts';
import { ALLOWED_PORT, NEIGHBOUR } from './steady-flow.ts';

/** Another tool with comparable rules: how it is loaded, and loaded again while packets flow. */
export interface OtherFirewall {
  readonly name: string;
  readonly load: () => Promise<unknown>;
  readonly reload: () => Promise<unknown>;
  readonly unload: () => Promise<unknown>;
}

/** One rule for each flow over IPv4, behind that for the flow that is watched, so that its packets wait for none. */
function restoreText(flows: number): string {
  const rules = Array.from(
    { length: flows },
    (_, index) => `-A OUTPUT -d ${destination(4, index)}/32 -p tcp -m tcp --dport 443 -j ACCEPT`,
  );
  return [
    '*filter',
    ':INPUT DROP [0:0]',
    ':FORWARD DROP [0:0]',
    ':OUTPUT DROP [0:0]',
    '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    `-A INPUT -s ${NEIGHBOUR.peer}/32 -p udp -m udp --dport ${ALLOWED_PORT} -j ACCEPT`,
    '-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ...rules,
    'COMMIT',
    '',
  ].join('\n');
}

export function iptables(kind: 'nft' | 'legacy', flows: number): OtherFirewall | string {
  const program = `iptables-${kind}-restore`;
  if (findProgram(program) === undefined) return `${program} is not installed`;
  const input = restoreText(flows);
  const restore = () => runChecked(program, [], { input, timeoutMs: 300_000 });
  const open = '*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n';
  return {
    name: `${program}, ${flows} rules`,
    load: restore,
    reload: restore,
    unload: () => runChecked(program, [], { input: open, timeoutMs: 60_000 }),
  };
}

/** The real ufw, whose files are laid over the machine's in a mount namespace of its own: nothing of it is left. */
export async function ufw(folder: string, flows: number): Promise<OtherFirewall | string> {
  if (findProgram('ufw') === undefined) return 'ufw is not installed';
  await runChecked('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
  for (const part of ['etc', 'etc-work', 'lib', 'lib-work']) mkdirSync(join(folder, part));
  const script = join(folder, 'inside');
  const over = (where: string, part: string): string =>
    `mount -t overlay overlay -o lowerdir=${where},upperdir="$1/${part}",workdir="$1/${part}-work" ${where}`;
  // What to run comes as arguments; the text is fixed.
  writeFileSync(script, `set -e\n${over('/etc', 'etc')}\n${over('/var/lib', 'lib')}\nshift\nexec "$@"\n`);
  const inside = (...command: string[]) =>
    run('unshare', ['-m', '--propagation', 'private', 'sh', script, folder, ...command], { timeoutMs: 300_000 });
  const ufwDoes = async (...args: string[]): Promise<void> => {
    const { exitCode, stderr, stdout } = await inside('ufw', ...args);
    if (exitCode !== 0) throw new Error(`ufw ${args.join(' ')}: ${stderr}${stdout}`);
  };
  try {
    await ufwDoes('allow', 'proto', 'udp', 'from', NEIGHBOUR.peer, 'to', 'any', 'port', String(ALLOWED_PORT));
    const rules = join(folder, 'etc', 'ufw', 'user.rules');
    if (!existsSync(rules)) return 'this ufw keeps its rules elsewhere';
    // As `ufw allow out` writes them, which takes a tenth of a second for each.
    const written = Array.from({ length: flows }, (_, index) => {
      const to = destination(4, index);
      return `### tuple ### allow tcp 443 ${to} any 0.0.0.0/0 out\n-A ufw-user-output -p tcp -d ${to} --dport 443 -j ACCEPT\n\n`;
    });
    const text = readFileSync(rules, 'utf8');
    writeFileSync(
      rules,
      text.replace('### END RULES ###', () => `${written.join('')}### END RULES ###`),
    );
  } catch (error) {
    return `ufw does not run here: ${error instanceof Error ? error.message.trim().split('\n')[0] : String(error)}`;
  }
  return {
    name: `ufw reload, ${flows} rules`,
    load: () => ufwDoes('--force', 'enable'),
    reload: () => ufwDoes('reload'),
    unload: () => ufwDoes('disable'),
  };
}

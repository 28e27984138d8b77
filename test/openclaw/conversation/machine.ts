import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Going, must, run } from '../../gateway/commands.ts';
import { HOST, OUTER } from '../../gateway/outer.ts';
import { selfSigned } from '../../lab/certificate.ts';
import { RESUME_HOST } from './story.ts';

/** The accounts of the machine, made as an administrator makes them. */
const AGENT = { name: 'openclaw', id: 61_000 } as const;
const GATEWAY = { name: 'portcullis-gateway', id: 61_001 } as const;

/** Names that the world's certificate is for. */
const SERVED = ['discord.com', 'gateway.discord.gg', RESUME_HOST, 'api.anthropic.com'];

/** The programs under test: the folders that they are in outside, where the agent may not look. */
export interface Programs {
  readonly modules: string; // node_modules with openclaw and what it needs
  readonly plugin: string;
}

/** A machine with an agent and a gateway in the namespaces of this process, and the world outside. */
export class Machine {
  readonly #folder: string; // everybody may enter it
  readonly plugin: string;
  readonly home: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.plugin = this.path('plugin');
    this.home = this.path('home');
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** Interfaces, name servers, accounts, the folders of programs and services. */
  async build({ modules, plugin }: Programs): Promise<void> {
    for (const folder of ['/run', '/var/lib', '/var/log']) await must('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
    await this.#replace('/etc/resolv.conf', 'nameserver 8.8.8.8\noptions timeout:1 attempts:1\n');
    const passwd = [AGENT, GATEWAY].map(({ name, id }) => `${name}:x:${id}:${id}::${this.home}:/bin/sh\n`).join('');
    await this.#replace('/etc/passwd', readFileSync('/etc/passwd', 'utf8') + passwd);
    await this.#show(modules, 'node_modules');
    await this.#show(plugin, 'plugin');
    writeFileSync(this.path('node'), '');
    await must('mount', ['--bind', process.execPath, this.path('node')]);
    mkdirSync(join(this.home, '.openclaw'), { recursive: true });
    for (const folder of [this.home, join(this.home, '.openclaw')]) give(folder, 0o700);
    await must('ip', ['netns', 'add', 'outer']);
    await must(
      'ip',
      ['-batch', '-'],
      `link set lo up
link add out type veth peer name in netns outer
addr add ${HOST.way4}/24 dev out
addr add ${HOST.way6}/64 dev out nodad
link set out up
route add default via ${OUTER.way4}
route add default via ${OUTER.way6}
`,
    );
    await must(
      'ip',
      ['-n', 'outer', '-batch', '-'],
      `link set lo up
addr add ${OUTER.way4}/24 dev in
addr add ${OUTER.way6}/64 dev in nodad
link set in up
${OUTER.addresses.map((address) => `addr add ${address}/${address.includes(':') ? 128 : 32} dev lo`).join('\n')}
`,
    );
  }

  /** Starts the world outside; its certificate is the one that the agent is told to trust. */
  async outside(): Promise<Going> {
    const { key, cert } = await selfSigned(SERVED);
    writeFileSync(this.path('key.pem'), key, { mode: 0o600 });
    writeFileSync(this.path('certificate.pem'), cert);
    const main = join(import.meta.dirname, 'outside-main.ts');
    const args = [process.execPath, main, this.path('key.pem'), this.path('certificate.pem')];
    const going = new Going('ip', ['netns', 'exec', 'outer', ...args]);
    await going.says('ready');
    return going;
  }

  /** A file that the agent owns, as those in its home are. */
  write(name: string, text: string): string {
    const path = this.path(name);
    writeFileSync(path, text);
    give(path, 0o600);
    return path;
  }

  /** The words that run `openclaw` as the agent's account, with this environment and nothing else. */
  openclaw(args: readonly string[], environment: readonly string[] = []): readonly string[] {
    const variables = [`HOME=${this.home}`, 'PATH=/usr/bin:/bin', 'NO_COLOR=1'];
    const trust = `NODE_EXTRA_CA_CERTS=${this.path('certificate.pem')}`;
    return [
      ...['setpriv', `--reuid=${AGENT.id}`, `--regid=${AGENT.id}`, '--clear-groups'],
      ...['env', '-i', `--chdir=${this.home}`, ...variables, trust, ...environment],
      ...[this.path('node'), this.path('node_modules/openclaw/openclaw.mjs'), ...args],
    ];
  }

  async runOpenclaw(...args: readonly string[]) {
    const [program = '', ...rest] = this.openclaw(args);
    return run(program, rest);
  }

  async #replace(path: string, text: string): Promise<void> {
    const own = this.path(path.slice(1).replaceAll('/', '-'));
    writeFileSync(own, text);
    await must('mount', ['--bind', own, path]);
  }

  async #show(folder: string, name: string): Promise<void> {
    mkdirSync(this.path(name));
    await must('mount', ['--bind', '-o', 'ro', folder, this.path(name)]);
  }
}

function give(path: string, mode: number): void {
  chownSync(path, AGENT.id, AGENT.id);
  chmodSync(path, mode);
}

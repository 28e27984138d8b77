import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Done, Going, must, run } from '../../gateway/commands.ts';
import { leadOutside } from '../../gateway/networks.ts';
import { selfSigned } from '../../lab/certificate.ts';
import { CONFIG, furnish, HOME, NODE, OPENCLAW } from './place.ts';
import { RESUME_HOST } from './story.ts';

/** The accounts of the machine, made as an administrator makes them. */
const AGENT = { name: 'openclaw', id: 61_000 } as const;
const GATEWAY = { name: 'portcullis-gateway', id: 61_001 } as const;

/** Names that the world's certificate is for. */
const SERVED = ['discord.com', 'gateway.discord.gg', RESUME_HOST, 'api.anthropic.com'];

const COMMAND_MS = 240_000; // for a command of openclaw; on a quiet machine it takes five seconds

/** What is put on the machine, by where it lies outside of it. */
export interface Belongings {
  readonly modules: string; // node_modules with openclaw
  readonly home: string; // with its plugin for Discord
}

/** A machine with an agent and a gateway in the namespaces of this process, and the world outside. */
export class Machine {
  readonly #folder: string; // everybody may enter it

  constructor(folder: string) {
    this.#folder = folder;
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** Folders, name servers, accounts, interfaces. */
  async build({ modules, home }: Belongings): Promise<void> {
    for (const folder of ['/run', '/var/lib', '/var/log']) await must('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
    await this.#replace('/etc/resolv.conf', 'nameserver 8.8.8.8\noptions timeout:1 attempts:1\n');
    const lines = [AGENT, GATEWAY].map(({ name, id }) => `${name}:x:${id}:${id}::${HOME}:/bin/sh\n`);
    await this.#replace('/etc/passwd', readFileSync('/etc/passwd', 'utf8') + lines.join(''));
    await furnish(modules, home, 'copy');
    await this.#give(HOME);
    await leadOutside();
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

  /** Writes the agent's `openclaw.json`. */
  async configure(text: string): Promise<void> {
    writeFileSync(CONFIG, text, { mode: 0o600 });
    await this.#give(CONFIG);
  }

  /** The words that run `openclaw` as the agent's account, with this environment and nothing else. */
  openclaw(args: readonly string[], environment: readonly string[] = []): readonly [string, readonly string[]] {
    const own = [
      `HOME=${HOME}`,
      'PATH=/usr/bin:/bin',
      'NO_COLOR=1',
      `TMPDIR=${HOME}`,
      `NODE_EXTRA_CA_CERTS=${this.path('certificate.pem')}`,
    ];
    const account = [`--reuid=${AGENT.id}`, `--regid=${AGENT.id}`, '--clear-groups'];
    return ['setpriv', [...account, 'env', '-i', `--chdir=${HOME}`, ...own, ...environment, NODE, OPENCLAW, ...args]];
  }

  runOpenclaw(...args: readonly string[]): Promise<Done> {
    return run(...this.openclaw(args), undefined, COMMAND_MS);
  }

  async #replace(path: string, text: string): Promise<void> {
    const own = this.path(path.slice(1).replaceAll('/', '-'));
    writeFileSync(own, text);
    await must('mount', ['--bind', own, path]);
  }

  async #give(path: string): Promise<void> {
    await must('chown', ['--recursive', '--no-dereference', `${AGENT.id}:${AGENT.id}`, path]);
  }
}

import { readFileSync } from 'node:fs';
import { diagnose } from '../diagnostic/index.ts';
import { MachineError } from './machine-error.ts';
import { HOST_PROBLEMS, packageHint } from './problems.ts';
import { findProgram, run } from './process.ts';

/** Something this machine can or cannot do, with the sentence that says what to install or do. */
export type Capability =
  | { readonly available: true; readonly detail: string }
  | { readonly available: false; readonly reason: string; readonly help: string };

/** How a private network namespace can be made here. */
export type Isolation = 'root' | 'user-namespace';

export interface HostCapabilities {
  readonly root: boolean;
  readonly nft: Capability;
  readonly ip: Capability;
  readonly ping: Capability;
  /** Which way works, tried for real; `undefined` with the reason in `isolationProblem` where none does. */
  readonly isolation: Isolation | undefined;
  readonly isolationProblem: { readonly reason: string; readonly help: string } | undefined;
}

/** Looks and tries; changes nothing. Takes some 20 ms. */
export async function hostCapabilities(): Promise<HostCapabilities> {
  const root = process.getuid?.() === 0;
  const [nft, isolation] = await Promise.all([nftCapability(), tryIsolation(root)]);
  return {
    root,
    nft,
    ip: programCapability('ip'),
    ping: programCapability('ping'),
    isolation: typeof isolation === 'string' ? isolation : undefined,
    isolationProblem: typeof isolation === 'string' ? undefined : isolation,
  };
}

async function nftCapability(): Promise<Capability> {
  const found = programCapability('nft');
  if (!found.available) return found;
  const { stdout } = await run('nft', ['--version'], { timeoutMs: 5_000 });
  return { available: true, detail: stdout.trim() };
}

function programCapability(program: string): Capability {
  const path = findProgram(program);
  return path === undefined
    ? { available: false, reason: `\`${program}\` is not installed`, help: packageHint(program) }
    : { available: true, detail: path };
}

/**
 * The arguments of `unshare` for a world of its own: network, mounts and processes, so that everything in it ends with
 * its first process. As an ordinary user one account can be mapped, and `account` says which uid it has inside.
 */
export function isolationArguments(isolation: Isolation, account: number): string[] {
  const world = ['--net', '--mount', '--pid', '--fork', '--kill-child'];
  return isolation === 'root'
    ? world
    : ['--user', `--map-user=${account}`, `--map-group=${account}`, '--keep-caps', ...world];
}

type IsolationProblem = { readonly reason: string; readonly help: string };

async function tryIsolation(root: boolean): Promise<Isolation | IsolationProblem> {
  for (const program of ['unshare', 'ip']) {
    if (findProgram(program) === undefined) {
      return { reason: `\`${program}\` is not installed`, help: packageHint(program) };
    }
  }
  let said = '';
  const ways: readonly Isolation[] = root && mapsOtherAccounts() ? ['root', 'user-namespace'] : ['user-namespace'];
  for (const isolation of ways) {
    // Making the namespace is not enough: AppArmor lets it be made and takes the rights inside away.
    const attempt = await run(
      'unshare',
      [...isolationArguments(isolation, 0), 'ip', 'link', 'add', 'name', 'probe0', 'type', 'veth'],
      { timeoutMs: 5_000 },
    );
    if (attempt.exitCode === 0) return isolation;
    said = attempt.stderr.trim().split('\n').at(-1) ?? '';
  }
  return {
    reason: root
      ? `root may not make network namespaces here (${said})`
      : `this account may not make user namespaces (${said})`,
    help: root
      ? 'in a container, start it with `--privileged` or `--cap-add SYS_ADMIN,NET_ADMIN`; on the machine itself it works'
      : 'run it as root, or allow user namespaces: `sysctl user.max_user_namespaces=10000`, on Ubuntu also `sysctl kernel.apparmor_restrict_unprivileged_userns=0`',
  };
}

/** The way in which a lab can be made here. @throws MachineError that says what to install or to allow. */
export function requireIsolation({ isolation, isolationProblem, nft }: HostCapabilities): Isolation {
  if (isolation === undefined) {
    const { reason, help } = isolationProblem ?? { reason: 'no way was found', help: 'run it as root' };
    throw new MachineError(diagnose(HOST_PROBLEMS.noIsolation, undefined, reason, help));
  }
  if (!nft.available) throw new MachineError(diagnose(HOST_PROBLEMS.missingProgram, undefined, 'nft', nft.help));
  return isolation;
}

/** Whether root here can become somebody else: in a user namespace of one account it cannot (user_namespaces(7)). */
function mapsOtherAccounts(): boolean {
  try {
    const lines = readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n');
    return lines.some((line) => Number(line.trim().split(/\s+/)[2]) >= 65_535);
  } catch {
    return true; // a kernel without user namespaces maps nothing
  }
}

import { isAbsolute, join, resolve } from 'node:path';
import { type Account, parseAccounts } from '../../discover/index.ts';
import type { Machine } from '../../host/index.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Where the configuration of OpenClaw lies. */
export type ConfigPlace =
  | { readonly kind: 'found'; readonly path: string }
  | { readonly kind: 'several'; readonly paths: readonly string[] }
  | { readonly kind: 'none'; readonly looked: string }; // this account's own place

/**
 * As OpenClaw looks for it: what is named (`--config`, OPENCLAW_CONFIG_PATH, OPENCLAW_STATE_DIR) is taken as it is; else the
 * home folder of this account, and those of all others, since `init` is often run by an administrator.
 */
export function findConfig(machine: Machine, env: Variables, cwd: string, named: string | undefined): ConfigPlace {
  const home = variable(env, 'OPENCLAW_HOME') ?? variable(env, 'HOME') ?? '/root';
  const folder = variable(env, 'OPENCLAW_STATE_DIR');
  const given =
    named ?? variable(env, 'OPENCLAW_CONFIG_PATH') ?? (folder === undefined ? undefined : join(folder, FILE));
  if (given !== undefined) return { kind: 'found', path: absolute(given, home, cwd) };
  const profile = variable(env, 'OPENCLAW_PROFILE');
  const state = profile === undefined || profile === 'default' ? '.openclaw' : `.openclaw-${profile}`;
  const homes = [home, ...accountsOf(machine).map((account) => account.home)];
  const looked = [...new Set(homes.filter((one) => isAbsolute(one) && one !== '/'))].map((one) =>
    join(one, state, FILE),
  );
  const paths = looked.filter((path) => machine.exists(path));
  const [path] = paths;
  if (path === undefined) return { kind: 'none', looked: join(home, state, FILE) };
  return paths.length === 1 ? { kind: 'found', path } : { kind: 'several', paths };
}

export function accountsOf(machine: Machine): readonly Account[] {
  const passwd = machine.read('/etc/passwd');
  return 'text' in passwd ? parseAccounts(passwd.text) : [];
}

const FILE = 'openclaw.json';

/** OpenClaw takes blank values and the words `undefined` and `null` as unset. */
function variable(env: Variables, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === undefined || value === '' || value === 'undefined' || value === 'null' ? undefined : value;
}

function absolute(path: string, home: string, cwd: string): string {
  if (path === '~' || path.startsWith('~/')) return join(home, path.slice(1));
  return resolve(cwd, path);
}

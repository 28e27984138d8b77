import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CATALOG_RELEASE } from '../../src/catalog/index.ts';

/** Where the real program is kept between runs: it takes 600 MB and half a minute to install. Its plugins stand beside it. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/portcullis-openclaw', import.meta.url));
const INSTALL_TIMEOUT_MS = 300_000;
const COMMAND_TIMEOUT_MS = 60_000;
const LARGEST_OUTPUT = 32 * 2 ** 20; // bytes; its schema has 2.4 MB

/** The real `openclaw` of the release that the catalogue was read from. */
export interface OpenClaw {
  readonly folder: string; // of the package
  /** Runs a command of it against a configuration, with a home folder of its own, and gives what it printed. */
  readonly run: (args: readonly string[], config?: string, env?: Readonly<Record<string, string>>) => Promise<Answer>;
  readonly remove: () => void; // the home folder
}

export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @returns the program, installed where it was not yet, or why it cannot be had, in words. */
export async function openClaw(): Promise<OpenClaw | string> {
  const folder = await installed('openclaw', CACHE);
  if (typeof folder !== 'string') return folder.problem;
  const home = mkdtempSync(join(tmpdir(), 'portcullis-openclaw-'));
  return {
    folder,
    remove: () => rmSync(home, { recursive: true, force: true }),
    run: (args, config, env = {}) =>
      execute(process.execPath, [join(folder, 'openclaw.mjs'), ...args], COMMAND_TIMEOUT_MS, {
        PATH: process.env.PATH ?? '',
        HOME: home,
        NO_COLOR: '1',
        OPENCLAW_STATE_DIR: join(home, 'state'),
        ...(config === undefined ? {} : { OPENCLAW_CONFIG_PATH: config }),
        ...env,
      }),
  };
}

/** The folder of a package of the release, installed where it was not yet. */
async function installed(name: string, cache: string): Promise<string | { readonly problem: string }> {
  const folder = join(cache, 'node_modules', name);
  const done = join(cache, `installed-${CATALOG_RELEASE}`); // the package's own files are there long before all others are
  if (existsSync(done)) return folder;
  const problem = await install(name, cache);
  if (problem !== undefined) return { problem };
  writeFileSync(done, '');
  return folder;
}

/** Where the home of an agent with the plugin for Discord is kept, which `openclaw plugins install` has made. */
const HOME_CACHE = `${CACHE}-home`;

/**
 * @param folder of the program
 * @returns the home with the plugin, made where it was not yet, or why it cannot be had, in words. It takes root. It is good at the place
 * that it was made for alone: see `conversation/place.ts`.
 */
export async function homeWithDiscord(folder: string): Promise<{ readonly home: string } | string> {
  const done = join(HOME_CACHE, CATALOG_RELEASE);
  if (existsSync(done)) return { home: done };
  rmSync(HOME_CACHE, { recursive: true, force: true });
  const unfinished = join(HOME_CACHE, 'unfinished');
  mkdirSync(unfinished, { recursive: true });
  const main = fileURLToPath(new URL('conversation/install-main.ts', import.meta.url));
  const args = ['--mount', '--propagation', 'private', process.execPath, main, dirname(folder), unfinished];
  const { exitCode, stdout, stderr } = await execute('unshare', args, INSTALL_TIMEOUT_MS, {
    ...withoutUndefined(process.env),
    NPM_CONFIG_FETCH_RETRIES: '1',
  });
  if (exitCode !== 0) return `the plugin for Discord cannot be installed: ${stderr.trim() || stdout.trim()}`;
  renameSync(unfinished, done);
  return { home: done };
}

/**
 * Without scripts and native add-ons: it reads configurations, and holds a conversation, without them. npm runs on the Node that runs this, and of
 * several test files that begin at once one installs while the others wait: theirs has nothing left to do.
 */
async function install(name: string, cache: string): Promise<string | undefined> {
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'package.json'), '{ "private": true }\n');
  const flags = ['--ignore-scripts', '--omit=optional', '--omit=peer', '--no-audit', '--no-fund', '--fetch-retries=1'];
  const { exitCode, stderr } = await execute(
    'flock',
    [`${cache}.lock`, 'npm', 'install', '--prefix', cache, ...flags, `${name}@${CATALOG_RELEASE}`],
    INSTALL_TIMEOUT_MS,
    { ...withoutUndefined(process.env), PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) },
  );
  if (exitCode === 0) return undefined;
  const line = stderr.split('\n').find((one) => /^npm (?:error|ERR!)/.test(one));
  return `${name}@${CATALOG_RELEASE} cannot be installed: ${line ?? `npm ended with ${exitCode}`}`;
}

function execute(
  program: string,
  args: readonly string[],
  timeoutMs: number,
  env: Readonly<Record<string, string>>,
): Promise<Answer> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL' as const, maxBuffer: LARGEST_OUTPUT, env };
    execFile(program, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ exitCode: code, stdout, stderr: stderr === '' ? (error?.message ?? '') : stderr });
    });
  });
}

function withoutUndefined(variables: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

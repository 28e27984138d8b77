import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { excerpt } from '../diagnostic/index.ts';
import { findProgram, requireProgram, run } from '../host/process.ts';
import { initScript, type Programs, unitText } from './boot-text.ts';
import type { Paths } from './paths.ts';
import type { BootState, Mechanism as RuleMechanism } from './protocol.ts';
import { asProblem } from './refusal.ts';
import { exists, namesIn, readLink, readOwn, remove, switchLink, writeWhole } from './store.ts';

/**
 * Loads at boot what was confirmed: a systemd unit of our own, or an init script where there is no systemd. Both name only what
 * `current` links to, so that a later confirmation need not touch them.
 */

const TOOL_TIMEOUT_MS = 30_000;
const UNIT_MODE = 0o644;
const SCRIPT_MODE = 0o755;

type Mechanism = BootState['mechanism'];

/** The files by which a mechanism is enabled; `link` is what enables it. */
interface Places {
  readonly file: string;
  readonly folder: string; // of the link
  readonly link: string;
  readonly target: string;
}

/** @returns what could not be done, in sentences. */
export async function enableBoot(paths: Paths, mechanism: RuleMechanism): Promise<readonly string[]> {
  const programs: Programs = { sha256sum: requireProgram('sha256sum'), loaders: loadersOf(mechanism) };
  switch (mechanismOf(paths)) {
    case 'systemd':
      return enable(unitPlaces(paths), unitText(paths, programs), UNIT_MODE, 'systemctl', ['daemon-reload']);
    case 'init-script':
      return enable(scriptPlaces(paths), initScript(paths, programs), SCRIPT_MODE, 'update-rc.d', [NAME, 'defaults']);
    case 'none':
      return [
        `this machine boots in a way that we do not know: have what is in \`${paths.state}/current\` loaded early at boot`,
      ];
  }
}

function loadersOf(mechanism: RuleMechanism): Programs['loaders'] {
  return mechanism === 'nftables'
    ? { mechanism, nft: requireProgram('nft') }
    : { mechanism, v4: requireProgram('iptables-restore'), v6: requireProgram('ip6tables-restore') };
}

/** Nothing of ours is loaded at boot any more. @returns what could not be done, in sentences. */
export async function disableBoot(paths: Paths): Promise<readonly string[]> {
  switch (mechanismOf(paths)) {
    case 'systemd':
      return disable(unitPlaces(paths), 'systemctl', ['daemon-reload']);
    case 'init-script':
      return disable(scriptPlaces(paths), 'update-rc.d', [NAME, 'remove']);
    case 'none':
      return [];
  }
}

export function bootState(paths: Paths): BootState {
  const mechanism = mechanismOf(paths);
  if (mechanism === 'none') {
    return { mechanism, enabled: false, detail: 'neither systemd nor init scripts were found on this machine' };
  }
  const places = mechanism === 'systemd' ? unitPlaces(paths) : scriptPlaces(paths);
  const enabled = exists(places.file) && isLinked(places);
  return { mechanism, enabled, detail: enabled ? places.file : `\`${places.link}\` is not there` };
}

const NAME = 'portcullis';
const UNIT = `${NAME}.service`;

function mechanismOf(paths: Paths): Mechanism {
  if (exists(paths.systemd)) return 'systemd';
  // OpenRC keeps scripts of another kind in the same folder.
  return exists(paths.initScripts) && findProgram('openrc') === undefined ? 'init-script' : 'none';
}

function unitPlaces({ units }: Paths): Places {
  const folder = join(units, 'sysinit.target.wants');
  return { file: join(units, UNIT), folder, link: join(folder, UNIT), target: `../${UNIT}` };
}

/** The number says when: insserv(8) sets it anew from the script's head; without it, after what mounts the disks. */
function scriptPlaces({ initScripts, bootScripts }: Paths): Places {
  const link = namesIn(bootScripts).find((name) => /^S\d\dportcullis$/.test(name)) ?? `S13${NAME}`;
  return {
    file: join(initScripts, NAME),
    folder: bootScripts,
    link: join(bootScripts, link),
    target: `../init.d/${NAME}`,
  };
}

async function enable(
  places: Places,
  text: string,
  mode: number,
  tool: string,
  args: readonly string[],
): Promise<readonly string[]> {
  try {
    if (readOwn(places.file) === text && isLinked(places)) return [];
    writeWhole(places.file, text, mode);
    mkdirSync(places.folder, { recursive: true, mode: 0o755 });
    switchLink(places.link, places.target);
  } catch (error) {
    return [`it is not loaded at boot: ${asProblem(error).message}`];
  }
  return tellTool(tool, args);
}

/** First what enables it, so that no boot finds a link to nothing. */
async function disable(places: Places, tool: string, args: readonly string[]): Promise<readonly string[]> {
  if (!exists(places.file) && !exists(places.link)) return [];
  try {
    remove(places.link);
    remove(places.file);
  } catch (error) {
    return [`it is still loaded at boot: ${asProblem(error).message}`];
  }
  return tellTool(tool, args);
}

function isLinked({ link, target }: Places): boolean {
  try {
    return readLink(link) === target;
  } catch {
    return false; // something else is in its place
  }
}

/** The links are all that boot looks at; the tool only makes the running system know of them, too. */
async function tellTool(tool: string, args: readonly string[]): Promise<readonly string[]> {
  if (findProgram(tool) === undefined) return [];
  const command = `\`${[tool, ...args].join(' ')}\``;
  try {
    const done = await run(tool, args, { timeoutMs: TOOL_TIMEOUT_MS, ownGroup: true });
    return done.exitCode === 0 ? [] : [`${command} failed: ${excerpt(done.stderr.trim().split('\n')[0] ?? '', 200)}`];
  } catch (error) {
    return [`${command} failed: ${asProblem(error).message}`];
  }
}

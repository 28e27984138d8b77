import { spawnSync } from 'node:child_process';
import { findProgram } from './process.ts';

/** What the daemon of this machine tells: JSON texts, by what they list. */
export interface DockerListings {
  readonly networks: string;
  readonly containers: string; // that run
  readonly daemon: string;
}

const TIMEOUT_MS = 10_000; // a daemon that hangs must not hang us
const MAX_OUTPUT_BYTES = 256 * 2 ** 20;

/**
 * Asks the `docker` program, as the user who runs us: whose daemon, and whether it may be asked, is its affair (`DOCKER_HOST`).
 * `undefined` where there is no such program, or no daemon answers.
 */
export function dockerListings(): DockerListings | undefined {
  const docker = findProgram('docker');
  if (docker === undefined) return undefined;
  const ask = (...args: readonly string[]): string | undefined => {
    const { status, stdout } = spawnSync(docker, args, {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return status === 0 ? stdout : undefined;
  };
  const inspected = (what: readonly string[], ids: string | undefined): string | undefined => {
    const found = ids?.split('\n').filter((id) => id !== '');
    if (found === undefined || found.length === 0) return found === undefined ? undefined : '[]';
    return ask(...what, ...found);
  };
  const networks = inspected(['network', 'inspect'], ask('network', 'ls', '--quiet', '--no-trunc'));
  const containers = inspected(['container', 'inspect'], ask('container', 'ls', '--quiet', '--no-trunc'));
  const daemon = ask('info', '--format', '{{json .}}');
  return networks === undefined || containers === undefined || daemon === undefined
    ? undefined
    : { networks, containers, daemon };
}

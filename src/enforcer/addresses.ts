import { run } from '../host/process.ts';
import { asProblem } from './refusal.ts';

/** An address that an interface of this machine has. */
export interface OwnAddress {
  readonly address: string;
  readonly bits: number;
  readonly interface: string;
}

const TIMEOUT_MS = 20_000;

/** @returns a sentence where they cannot be told */
export async function ownAddresses(): Promise<readonly OwnAddress[] | string> {
  try {
    const done = await run('ip', ['-j', 'address', 'show'], { timeoutMs: TIMEOUT_MS });
    if (done.exitCode !== 0) return `the addresses of this machine are not known: ${done.stderr.trim()}`;
    return records(JSON.parse(done.stdout)).flatMap(({ ifname, addr_info: infos }) =>
      records(infos).flatMap(({ local, prefixlen }) =>
        typeof ifname === 'string' && typeof local === 'string' && typeof prefixlen === 'number'
          ? [{ address: local, bits: prefixlen, interface: ifname }]
          : [],
      ),
    );
  } catch (error) {
    return `the addresses of this machine are not known: ${asProblem(error).message}`;
  }
}

const PEERS_AT_MOST = 4_096;

/**
 * The interface by which packets to an address leave (`ip route get`); what comes from there is taken to come in by the same one.
 * Addresses without a route, and those beyond 4,096, are left out.
 */
export async function interfacesTo(peers: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const asked = [...new Set(peers)].slice(0, PEERS_AT_MOST);
  if (asked.length === 0) return new Map();
  const input = asked.map((peer) => `route get ${peer}\n`).join('');
  try {
    const { stdout } = await run('ip', ['-j', '-force', '-batch', '-'], { input, timeoutMs: TIMEOUT_MS });
    const answers = stdout.split('\n').flatMap((line) => (line.startsWith('[') ? records(JSON.parse(line)) : []));
    return new Map(
      answers.flatMap(({ dst, dev }) =>
        typeof dst === 'string' && typeof dev === 'string' ? [[dst, dev] as const] : [],
      ),
    );
  } catch {
    return new Map(); // no `ip`: `ownAddresses` has said so
  }
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value)
    ? value.filter((each): each is Readonly<Record<string, unknown>> => typeof each === 'object' && each !== null)
    : [];
}

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { AccessRequest } from '../../gateway/index.ts';
import { formatAddress, parseAddress, parseHost } from '../../net/index.ts';

/** As it stands in the file: one JSON document, a list. */
interface Kept {
  readonly id?: unknown;
  readonly agent?: unknown;
  readonly account?: unknown;
  readonly address?: unknown;
  readonly host?: unknown;
  readonly protocol?: unknown;
  readonly port?: unknown;
  readonly askedAt?: unknown;
  readonly times?: unknown;
  readonly state?: unknown;
}

/** Requests for access survive a restart of the gateway, as far as the file can be read: an approval that cannot is none. */
export function readKeptRequests(path: string): readonly AccessRequest[] {
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return []; // none yet, or not whole: closed
  }
  return Array.isArray(document) ? document.flatMap((each: unknown) => requestOf(each) ?? []) : [];
}

/** Written beside and moved into place, so that it is always whole. @throws Error of the file system */
export function keepRequests(path: string, requests: readonly AccessRequest[]): void {
  const kept = requests.map(({ client, host, ...rest }) => ({
    ...rest,
    ...(client.account === undefined ? {} : { account: client.account }),
    address: formatAddress(client.address),
    host: host.kind === 'name' ? host.name : formatAddress(host.address),
  }));
  const beside = `${path}.new`;
  writeFileSync(beside, `${JSON.stringify(kept)}\n`, { mode: 0o600 });
  renameSync(beside, path);
}

function requestOf(value: unknown): AccessRequest | undefined {
  const { id, agent, account, address, host, protocol, port, askedAt, times, state }: Kept =
    typeof value === 'object' && value !== null ? value : {};
  const from = typeof address === 'string' ? parseAddress(address) : undefined;
  const to = typeof host === 'string' ? parseHost(host, { bracketed: false }) : undefined;
  const settled = stateOf(state);
  if (typeof id !== 'string' || typeof agent !== 'string' || from === undefined) return undefined;
  if (to === undefined || to.kind === 'none' || settled === undefined) return undefined;
  if (!isCount(protocol) || !isCount(port) || !isCount(askedAt) || !isCount(times)) return undefined;
  const client = { address: from, ...(isCount(account) ? { account } : {}) };
  return { id, agent, client, host: to, protocol, port, askedAt, times, state: settled };
}

function stateOf(value: unknown): AccessRequest['state'] | undefined {
  const { kind, by, until }: { readonly kind?: unknown; readonly by?: unknown; readonly until?: unknown } =
    typeof value === 'object' && value !== null ? value : {};
  if (kind === 'pending') return { kind };
  if (typeof by !== 'string') return undefined;
  if (kind === 'refused') return { kind, by };
  return kind === 'approved' && isCount(until) ? { kind, by, until } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

import type { Grant, Intent, NameGroup, Peer } from '../ir/index.ts';
import { addressRange, formatAddress, type Host, type PortRange } from '../net/index.ts';
import type { Client } from './wanted.ts';

/** Something that was refused, and that an operator may allow for a while. */
export interface AccessRequest {
  readonly id: string; // of the refusal that began it: the agent was told it
  readonly agent: string;
  readonly client: Pick<Client, 'account' | 'address'>;
  readonly host: Host;
  readonly protocol: number;
  readonly port: number;
  readonly askedAt: number; // milliseconds since 1970: when it was last refused
  readonly times: number; // that it was refused
  readonly state: RequestState;
}

export type RequestState =
  | { readonly kind: 'pending' }
  | { readonly kind: 'approved'; readonly by: string; readonly until: number } // milliseconds since 1970
  | { readonly kind: 'refused'; readonly by: string };

/** What was refused. */
export type Refused = Omit<AccessRequest, 'askedAt' | 'times' | 'state'>;

const PENDING_AT_MOST = 64; // of one agent: who asks for the whole internet is one alarm, not a list to read
const KEPT_AT_MOST = 4_096;

/**
 * Refusals as requests: the same agent's for the same service at the same host are one. Only an operator approves, for a time
 * that ends by itself; the gateway has nothing by which an agent could.
 */
/**
 * What is allowed beyond the policy at one moment, and when the first of it ends. Both are of one look at the clock: whoever allows it must be
 * waiting for its end, or it never ends.
 */
export interface ActiveRequests {
  readonly requests: readonly AccessRequest[];
  readonly nextEnd: number | undefined; // milliseconds since 1970; `undefined` exactly where there are none
}

export class AccessRequests {
  readonly #requests = new Map<string, AccessRequest>(); // by what is asked for
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number, kept: readonly AccessRequest[] = []) {
    this.#now = now;
    for (const request of kept) this.#requests.set(keyOf(request), request);
  }

  /** Takes note of a refusal. @returns the request that stands for it; `undefined` where there are too many of this agent. */
  note(refused: Refused): AccessRequest | undefined {
    const key = keyOf(refused);
    const known = this.#requests.get(key);
    if (known === undefined && !this.#hasRoom(refused.agent)) return undefined;
    const isOver = known?.state.kind === 'approved' && known.state.until <= this.#now();
    const request: AccessRequest = {
      ...refused,
      id: known?.id ?? refused.id,
      askedAt: this.#now(),
      times: (known?.times ?? 0) + 1,
      state: known === undefined || isOver ? { kind: 'pending' } : known.state,
    };
    this.#requests.set(key, request);
    return request;
  }

  /** The latest first. */
  all(): readonly AccessRequest[] {
    return [...this.#requests.values()].toSorted((a, b) => b.askedAt - a.askedAt);
  }

  of(id: string): AccessRequest | undefined {
    return this.all().find((request) => request.id === id);
  }

  /** @param seconds from now; @returns the request as it stands then, `undefined` where there is none of this name. */
  approve(id: string, by: string, seconds: number): AccessRequest | undefined {
    return this.#settle(id, { kind: 'approved', by, until: this.#now() + seconds * 1_000 });
  }

  refuse(id: string, by: string): AccessRequest | undefined {
    return this.#settle(id, { kind: 'refused', by });
  }

  /** Those that are approved and not over. */
  active(): ActiveRequests {
    const now = this.#now();
    const requests: AccessRequest[] = [];
    let nextEnd: number | undefined;
    for (const request of this.all()) {
      const { state } = request;
      if (state.kind !== 'approved' || state.until <= now) continue;
      requests.push(request);
      nextEnd = Math.min(nextEnd ?? state.until, state.until);
    }
    return { requests, nextEnd };
  }

  #settle(id: string, state: RequestState): AccessRequest | undefined {
    const request = this.of(id);
    if (request === undefined) return undefined;
    const settled = { ...request, state };
    this.#requests.set(keyOf(request), settled);
    return settled;
  }

  /** Makes room by forgetting what is settled and over, the oldest first; never what is pending. */
  #hasRoom(agent: string): boolean {
    const own = this.all().filter((request) => request.agent === agent && request.state.kind === 'pending');
    if (own.length >= PENDING_AT_MOST) return false;
    if (this.#requests.size < KEPT_AT_MOST) return true;
    const active = new Set(this.active().requests);
    const forgettable = this.all().findLast((each) => each.state.kind !== 'pending' && !active.has(each));
    return forgettable !== undefined && this.#requests.delete(keyOf(forgettable));
  }
}

function keyOf({ agent, host, protocol, port }: Refused): string {
  return `${agent} ${protocol}/${port} ${hostText(host)}`;
}

export function hostText(host: Host): string {
  return host.kind === 'name' ? host.name : formatAddress(host.address);
}

/** The policy with what is approved for now: a flow for each request, for this client, this host and this service alone. */
export function withApproved(intent: Intent, approved: readonly AccessRequest[]): Intent {
  const flows = approved.map(temporaryFlow);
  return {
    ...intent,
    grants: [...intent.grants, ...flows.map(({ grant }) => grant)],
    groups: [...intent.groups, ...flows.flatMap(({ group }) => group ?? [])],
  };
}

function temporaryFlow(request: AccessRequest): { readonly grant: Grant; readonly group?: NameGroup } {
  const name = `request-${request.id}`;
  const { account, address } = request.client;
  const from: Peer =
    account === undefined
      ? { kind: 'remote', ranges: [addressRange(address)] }
      : { kind: 'local', accounts: [{ first: account, last: account }] };
  const ports: PortRange = { first: request.port, last: request.port };
  const flow = {
    name,
    from: [from],
    services: [{ protocol: request.protocol, ports }],
    required: false,
    origin: { flow: name },
  };
  if (request.host.kind === 'address')
    return { grant: { ...flow, to: [{ kind: 'remote', ranges: [addressRange(request.host.address)] }] } };
  const group: NameGroup = {
    key: name,
    patterns: [{ name: request.host.name, wildcard: false }],
    enforcement: 'gateway',
    origin: {},
  };
  return { grant: { ...flow, to: [{ kind: 'named', group: name }] }, group };
}

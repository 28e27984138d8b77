import type { Grant } from '../ir/index.ts';
import { type Address, type DnsName, formatAddress, type Host } from '../net/index.ts';
import type { EgressDecision, EgressPolicy, EgressService } from '../semantics/index.ts';
import { Admission } from './admission.ts';
import { Rates } from './rates.ts';
import type { GatewayRecord, Reason } from './record.ts';
import { type Refusal, refusalSentence } from './refusal.ts';
import { type Client, type Clock, countedAs, flowFields, type Unread, unread, type Wanted } from './wanted.ts';

export interface GatekeeperSettings {
  readonly record: (record: GatewayRecord) => void;
  /** Lets through what the policy does not name, and records it as `would-deny`; never to an address that is not public. */
  readonly observe: boolean;
  readonly isOwn: (address: Address) => boolean; // an address of this machine
  readonly newId: () => string; // different each time
  /** Told of what no flow leads to, and of nothing else that is refused: somebody may want to allow it. */
  readonly onUnlisted?: (unlisted: Unlisted) => void;
  readonly clock: Clock;
}

/**
 * Whoever opens a connection or looks up a name for a client asks here, before anything is sent anywhere, and again before an
 * address is dialled. Here it is counted and recorded, and remembered while it is open, so that a narrower policy can cut it.
 */
export class Gatekeeper {
  readonly settings: GatekeeperSettings;
  #policy: EgressPolicy;
  readonly #rates: Rates;
  readonly #open = new Set<Admission>();
  readonly #onReplaced = new Set<() => void>();

  constructor(policy: EgressPolicy, settings: GatekeeperSettings) {
    this.#policy = policy;
    this.settings = settings;
    this.#rates = new Rates(settings.clock.now);
  }

  get policy(): EgressPolicy {
    return this.#policy;
  }

  /** Those that are connected now. */
  get open(): ReadonlySet<Admission> {
    return this.#open;
  }

  /** May this client have this? Counts against the flow's rate. */
  admit(wanted: Wanted): Admission | Refusal {
    const decision = this.#policy.ask(wanted);
    if (decision.verdict === 'deny') {
      if (!this.settings.observe || wanted.host.kind === 'address')
        return this.#refusal(wanted, decision.denial, decision.near);
    } else if (!this.#rates.take(decision.grant, countedAs(wanted.client))) {
      return this.#refusal(wanted, 'rate', []);
    }
    return new Admission(this, this.#open, wanted, decision);
  }

  /** May this client have this name looked up? What is denied is recorded; what is allowed, with its outcome, by `lookedUp`. */
  lookUp(client: Client, name: DnsName, type: string): EgressDecision | Refusal {
    const decision = this.#policy.lookUp(client, name);
    if (decision.verdict === 'allow' || this.settings.observe) return decision;
    const refusal = this.refuse({ way: 'dns', client, host: name, protocol: type }, decision.denial);
    if (isUnlisted(decision.denial))
      this.settings.onUnlisted?.({ id: refusal.id, client, host: { kind: 'name', name } });
    return refusal;
  }

  /** Records that a lookup was served, or why it could not be. */
  lookedUp(client: Client, name: DnsName, type: string, decision: EgressDecision, failed?: Reason): void {
    const about = { way: 'dns' as const, client, host: name, protocol: type };
    this.settings.record({
      ...this.recordStart(about),
      verdict: failed !== undefined ? 'deny' : decision.verdict === 'allow' ? 'allow' : 'would-deny',
      ...this.why(about, failed ?? (decision.verdict === 'deny' ? decision.denial : undefined), []),
      ...flowFields(decision),
    });
  }

  /** Records a refusal, and says it. */
  refuse(unread: Unread, reason: Reason, near: readonly Grant[] = []): Refusal {
    const start = this.recordStart(unread);
    const { sentence } = this.why(unread, reason, near);
    this.settings.record({ ...start, verdict: 'deny', reason, ...(sentence === undefined ? {} : { sentence }) });
    return { id: start.id, reason, sentence: sentence ?? reason };
  }

  /**
   * Another policy from now on. What is open and no longer allowed is cut at once; the rest goes on, unaware.
   * @returns how many connections were cut.
   */
  replace(policy: EgressPolicy): number {
    this.#policy = policy;
    let cut = 0;
    for (const admission of [...this.#open]) if (admission.cutUnlessAllowed()) cut++;
    for (const listener of this.#onReplaced) listener();
    return cut;
  }

  /** For who keeps anything that a policy has once allowed, such as idle connections. @returns what ends it. */
  onReplaced(listener: () => void): () => void {
    this.#onReplaced.add(listener);
    return () => this.#onReplaced.delete(listener);
  }

  recordStart({ way, client, host, protocol, port }: Unread): Omit<GatewayRecord, 'verdict'> {
    const { address } = client;
    const shown = address.family === 6 ? `[${formatAddress(address)}]` : formatAddress(address);
    return {
      id: this.settings.newId(),
      time: this.settings.clock.time(),
      way,
      agent: client.agent,
      client: `${shown}:${client.port}`,
      host,
      ...(port === undefined ? {} : { port }),
      protocol,
    };
  }

  why(
    { client, host, protocol, port }: Unread,
    reason: Reason | undefined,
    near: readonly Grant[],
  ): Pick<GatewayRecord, 'reason' | 'sentence'> {
    if (reason === undefined) return {};
    const service = port === undefined ? protocol : `${protocol}/${port}`;
    return { reason, sentence: refusalSentence(reason, { agent: client.agent, host, service, near }) };
  }

  #refusal(wanted: Wanted, reason: Reason, near: readonly Grant[]): Refusal {
    const refusal = this.refuse(unread(wanted), reason, near);
    const { client, host, protocol, port } = wanted;
    if (isUnlisted(reason)) this.settings.onUnlisted?.({ id: refusal.id, client, host, service: { protocol, port } });
    return refusal;
  }
}

/** What a client asked for in vain; of a lookup nobody knows the service. */
export interface Unlisted {
  readonly id: string; // of the refusal
  readonly client: Client;
  readonly host: Host;
  readonly service?: EgressService;
}

function isUnlisted(reason: Reason): boolean {
  return reason === 'unlisted-name' || reason === 'unlisted-address' || reason === 'other-service';
}

import { type Address, formatAddress } from '../net/index.ts';
import type { EgressDecision, EgressPolicy } from '../semantics/index.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import type { GatewayRecord, Reason } from './record.ts';
import type { Refusal } from './refusal.ts';
import { flowFields, unread, type Wanted } from './wanted.ts';

/** What went through a connection, in bytes. */
export interface Carried {
  readonly sent: number; // from the client
  readonly received: number; // to the client
}

/**
 * A connection that the policy lets a client have, until it ends: `mayDial` for each address, then `connected`, then `closed`; or
 * `failed`. Exactly one record comes of it.
 */
export class Admission {
  readonly wanted: Wanted;
  readonly #gatekeeper: Gatekeeper;
  readonly #open: Set<Admission>;
  readonly #start: Omit<GatewayRecord, 'verdict'>;
  readonly #startedAt: number;
  readonly #askedOf: EgressPolicy;
  #decision: EgressDecision;
  #address: Address | undefined;
  #cut: (() => void) | undefined;
  #ended = false;
  #wasCut = false;

  constructor(gatekeeper: Gatekeeper, open: Set<Admission>, wanted: Wanted, decision: EgressDecision) {
    this.#gatekeeper = gatekeeper;
    this.#open = open;
    this.wanted = wanted;
    this.#decision = decision;
    this.#askedOf = gatekeeper.policy;
    this.#start = gatekeeper.recordStart(unread(wanted));
    this.#startedAt = gatekeeper.settings.clock.now();
  }

  get id(): string {
    return this.#start.id;
  }

  /** Whether the gateway may connect to this address for it; otherwise why not. */
  mayDial(address: Address): Reason | undefined {
    const { isOwn } = this.#gatekeeper.settings;
    const { policy } = this.#gatekeeper;
    if (this.#decision.verdict === 'deny') {
      // Only observing: what the policy does not name is let through, but never to this machine, its networks or the cloud's metadata.
      if (isOwn(address)) return 'own-address';
      return policy.isPublic(address) ? undefined : 'special-address';
    }
    const decision = policy.mayDial(this.#decision, this.wanted.client, this.wanted, address, isOwn(address));
    return decision.verdict === 'allow' ? undefined : decision.denial;
  }

  /** It is connected. `cut` ends it, and `closed` is called even then; at once where the policy has become narrower meanwhile. */
  connected(address: Address, cut: () => void): void {
    this.#address = address;
    this.#cut = cut;
    this.#open.add(this);
    if (this.#gatekeeper.policy !== this.#askedOf) this.cutUnlessAllowed();
  }

  /** It has ended, from whichever side. */
  closed(carried: Carried): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#open.delete(this);
    this.#record(carried, this.#wasCut ? 'cut' : undefined);
  }

  /** Ends it because the gateway does: the policy has nothing to do with it. `closed` follows. */
  end(): void {
    this.#cut?.();
  }

  /** It came to nothing. */
  failed(reason: Reason): Refusal {
    const { sentence } = this.#gatekeeper.why(unread(this.wanted), reason, []);
    if (!this.#ended) this.#record(undefined, reason);
    this.#ended = true;
    this.#open.delete(this);
    return { id: this.id, reason, sentence: sentence ?? reason };
  }

  /** Asks the policy again; cuts the connection where the answer is no longer the same. @returns whether it was cut. */
  cutUnlessAllowed(): boolean {
    const { policy, settings } = this.#gatekeeper;
    this.#decision = policy.ask(this.wanted);
    const isStillAllowed =
      (this.#decision.verdict === 'allow' || settings.observe) &&
      (this.#address === undefined || this.mayDial(this.#address) === undefined);
    if (isStillAllowed) return false;
    this.#wasCut = true;
    this.#cut?.();
    return true;
  }

  #record(carried: Carried | undefined, reason: Reason | undefined): void {
    const { settings } = this.#gatekeeper;
    const denial = this.#decision.verdict === 'deny' ? this.#decision.denial : undefined;
    const wasLet = reason === undefined || reason === 'cut';
    settings.record({
      ...this.#start,
      verdict: !wasLet ? 'deny' : denial !== undefined && !this.#wasCut ? 'would-deny' : 'allow',
      ...this.#gatekeeper.why(unread(this.wanted), reason ?? denial, []),
      ...flowFields(this.#decision),
      ...(this.#address === undefined ? {} : { address: formatAddress(this.#address) }),
      ...(carried ?? {}),
      milliseconds: Math.round(settings.clock.now() - this.#startedAt),
    });
  }
}

/** How much one client may ask for. */
export interface DnsBudgetLimits {
  readonly perSecond: number; // queries, on average
  readonly burst: number; // queries at once
  readonly windowMs: number; // of what is counted below
  readonly newNames: number; // different names below one wildcard
  readonly oddNames: number; // of these, names that look like data
  readonly longest: number; // characters below the wildcard
  readonly clients: number; // that are counted at once
}

export const DNS_BUDGET_LIMITS: DnsBudgetLimits = {
  perSecond: 200,
  burst: 400,
  windowMs: 3_600_000,
  newNames: 300,
  oddNames: 10,
  longest: 120,
  clients: 4_096,
};

interface Spent {
  tokens: number;
  at: number; // milliseconds: when the tokens were counted
  toldAt: number; // milliseconds: when it was last said that there are none
  windowEnd: number; // milliseconds
  readonly below: Map<string, { readonly names: Set<string>; odd: number }>; // by wildcard
}

export type Allowance = 'granted' | 'denied' | 'denied-quietly';

/**
 * What a client has asked for within some time. Each new name below a wildcard is a message to whoever answers for that domain: a few
 * hundred bits are the price of wildcards, a channel is not (D2). Names that the policy has itself carry nothing.
 */
export class Budgets {
  readonly #limits: DnsBudgetLimits;
  readonly #now: () => number;
  readonly #clients = new Map<string, Spent>();

  constructor(limits: DnsBudgetLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** A query of a client, whatever it asks for. `denied-quietly`: it was said within the last second already. */
  query(client: string): Allowance {
    const spent = this.#of(client);
    if (spent === undefined) return 'denied';
    const now = this.#now();
    const { perSecond, burst } = this.#limits;
    spent.tokens = Math.min(burst, spent.tokens + ((now - spent.at) / 1_000) * perSecond);
    spent.at = now;
    if (spent.tokens >= 1) {
      spent.tokens -= 1;
      return 'granted';
    }
    if (now - spent.toldAt < 1_000) return 'denied-quietly';
    spent.toldAt = now;
    return 'denied';
  }

  /** A name of a client below a wildcard, which is `base`; before it is looked up anywhere. */
  name(client: string, base: string, name: string): boolean {
    const spent = this.#of(client);
    const below = name.slice(0, -base.length - 1);
    const { longest, newNames, oddNames } = this.#limits;
    if (spent === undefined || below.length > longest) return false;
    const seen = spent.below.get(base) ?? { names: new Set<string>(), odd: 0 };
    spent.below.set(base, seen);
    if (seen.names.has(below)) return true;
    const odd = seen.odd + (looksLikeData(below) ? 1 : 0);
    if (seen.names.size >= newNames || odd > oddNames) return false;
    seen.names.add(below);
    seen.odd = odd;
    return true;
  }

  #of(client: string): Spent | undefined {
    const now = this.#now();
    const known = this.#clients.get(client);
    if (known !== undefined) {
      if (known.windowEnd <= now) {
        known.below.clear();
        known.windowEnd = now + this.#limits.windowMs;
      }
      return known;
    }
    if (this.#clients.size >= this.#limits.clients && !this.#makeRoom(now)) return undefined; // closed, not open
    const { burst, windowMs } = this.#limits;
    const fresh: Spent = { tokens: burst, at: now, toldAt: -1_000, windowEnd: now + windowMs, below: new Map() };
    this.#clients.set(client, fresh);
    return fresh;
  }

  /** Those whose window has ended have nothing that counts any more. */
  #makeRoom(now: number): boolean {
    for (const [client, { windowEnd }] of this.#clients) if (windowEnd <= now) this.#clients.delete(client);
    return this.#clients.size < this.#limits.clients;
  }
}

const LONG_LABEL = 40; // characters; UUIDs have 36
const MIXED_LABEL = 20;
const MIXED_BITS = 3.7; // for each character; words and numbers of servers stay below, base32 and hexadecimal numbers of that length above

/** Whether a label is what data looks like when it is written as one. */
function looksLikeData(name: string): boolean {
  return name
    .split('.')
    .some((label) => label.length > LONG_LABEL || (label.length > MIXED_LABEL && entropy(label) > MIXED_BITS));
}

/** Bits for each character, by how often each occurs in the text (Shannon). */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

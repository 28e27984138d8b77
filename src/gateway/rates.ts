import type { Grant, Rate } from '../ir/index.ts';

const SECONDS: Readonly<Record<Rate['per'], number>> = { second: 1, minute: 60, hour: 3_600, day: 86_400 };
const SOURCES_AT_MOST = 65_536; // as the kernel's own sets of rates hold

interface Bucket {
  tokens: number;
  at: number; // milliseconds
}

/**
 * New connections counted against a flow's limit, as the kernel's `limit rate` does it (net/netfilter/nft_limit.c): a bucket of
 * `count` tokens that fills evenly over the period.
 */
export class Rates {
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: () => number;

  /** @param now milliseconds on a clock that only goes forward. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes a connection out of the flow's allowance; false where none is left. */
  take(grant: Grant, source: string): boolean {
    const { rate } = grant;
    if (rate === undefined) return true;
    const key = rate.perSource ? `${grant.name} ${source}` : grant.name;
    const now = this.#now();
    const bucket = this.#buckets.get(key) ?? this.#fresh(key, rate, now);
    if (bucket === undefined) return false;
    const earned = ((now - bucket.at) / 1_000) * (rate.count / SECONDS[rate.per]);
    bucket.tokens = Math.min(rate.count, bucket.tokens + earned);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** Nothing for a source that there is no room to count: closed, not open. */
  #fresh(key: string, rate: Rate, now: number): Bucket | undefined {
    if (this.#buckets.size >= SOURCES_AT_MOST) return undefined;
    const bucket = { tokens: rate.count, at: now };
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

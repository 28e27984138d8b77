/** What a listing in JSON counts. No part of the rules, so readers of rules pass over it. */
export interface Listed {
  readonly counters: readonly CounterValue[]; // named ones of our table
  readonly trialSeconds: number | undefined; // until the first element of the trial's switch expires
}

export interface CounterValue {
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

/** @param text of `nft -j list ruleset`; anything else counts nothing */
export function readListed(text: string, table: string, trialSet: string): Listed {
  const counters: CounterValue[] = [];
  let trialSeconds: number | undefined;
  for (const item of itemsOf(text)) {
    const { counter, set } = item;
    if (isRecord(counter) && counter.family === 'inet' && counter.table === table) {
      const { name, packets, bytes } = counter;
      if (typeof name === 'string' && typeof packets === 'number' && typeof bytes === 'number') {
        counters.push({ name, packets, bytes });
      }
    }
    if (isRecord(set) && set.family === 'inet' && set.table === table && set.name === trialSet) {
      const expiring = elementsOf(set.elem).flatMap(({ expires }) => (typeof expires === 'number' ? [expires] : []));
      if (expiring.length > 0) trialSeconds = Math.min(...expiring);
    }
  }
  return { counters, trialSeconds };
}

type JsonRecord = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function itemsOf(text: string): JsonRecord[] {
  if (!text.trimStart().startsWith('{')) return [];
  const listing: unknown = JSON.parse(text);
  const items = isRecord(listing) ? listing.nftables : undefined;
  return Array.isArray(items) ? items.filter(isRecord) : [];
}

function elementsOf(elements: unknown): JsonRecord[] {
  if (!Array.isArray(elements)) return [];
  return elements.filter(isRecord).flatMap(({ elem }) => (isRecord(elem) ? [elem] : []));
}

export interface Counter {
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

/** Named counters in a document of `nft -j list counters` (libnftables-json(5)). */
export function readCounters(document: unknown): Counter[] {
  return readObjects(document, 'counter').flatMap(({ name, packets, bytes }) =>
    typeof name === 'string' && typeof packets === 'number' && typeof bytes === 'number'
      ? [{ name, packets, bytes }]
      : [],
  );
}

/** Names of sets in a document of `nft -j list sets`. */
export function readSetNames(document: unknown): string[] {
  return readObjects(document, 'set').flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
}

type Unknowns = Readonly<Record<string, unknown>>;

function readObjects(document: unknown, kind: string): Unknowns[] {
  if (!isRecord(document) || !Array.isArray(document.nftables)) return [];
  return document.nftables.flatMap((entry: unknown) => {
    const object = isRecord(entry) ? entry[kind] : undefined;
    return isRecord(object) ? [object] : [];
  });
}

function isRecord(value: unknown): value is Unknowns {
  return typeof value === 'object' && value !== null;
}

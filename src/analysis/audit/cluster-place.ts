import type { Origin } from '../../ir/index.ts';
import type { Span } from '../../source/index.ts';

/** Where manifests say it, each place once. */
export function placesOf(...spans: readonly Span[]): Origin[] {
  const seen = new Set<string>();
  return spans.flatMap((span) => {
    const key = `${span.file.name}:${span.start}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ span }];
  });
}

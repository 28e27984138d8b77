import type { Origin } from '../../ir/index.ts';
import type { Span } from '../../source/index.ts';

/** Where a file says it, without its words: they may hold a secret. What the daemon was asked for stands nowhere that anybody could look. */
export function placesOf(...spans: readonly (Span | undefined)[]): Origin[] {
  return spans.flatMap((span) => (span === undefined || span.file.name.startsWith('<') ? [] : [{ span }]));
}

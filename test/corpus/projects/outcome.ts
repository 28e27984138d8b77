/** What became of one input: of a rule, or of a listing as a whole. */
export type Outcome =
  | { readonly kind: 'not accepted'; readonly said: string } // by the kernel, or its own program
  | { readonly kind: 'meaning' | 'opaque' }
  | { readonly kind: 'failed'; readonly why: string }; // we refuse it, lose a rule of it, or crash

export interface Graded {
  readonly place: string; // file, line and what else it takes to find the input in the release
  readonly outcome: Outcome;
}

export type Counts = Readonly<Record<Outcome['kind'], number>>;

export function countOutcomes(graded: readonly Graded[]): Counts {
  const counts = { 'not accepted': 0, meaning: 0, opaque: 0, failed: 0 };
  for (const { outcome } of graded) counts[outcome.kind]++;
  return counts;
}

import { closest, distance } from 'fastest-levenshtein';

/** The known word that was probably meant, for "did you mean"; none where every known word is further off than a third of it. */
export function similar(text: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || text.length > 64) return undefined;
  const wanted = text.toLowerCase();
  const found = closest(wanted, known);
  const close = distance(wanted, found.toLowerCase()) <= Math.max(1, Math.floor(found.length / 3));
  return close || sorted(wanted) === sorted(found.toLowerCase()) ? found : undefined;
}

/** Words of the same letters are a slip of the fingers, which as an edit counts two. */
function sorted(text: string): string {
  return [...text].sort().join('');
}

/** The help of a message about a mistyped word: "did you mean", or what else could be done. */
export function meant(suggestion: string | undefined, otherwise: string): string {
  return suggestion === undefined ? otherwise : `did you mean \`${suggestion}\`?`;
}

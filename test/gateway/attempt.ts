import type { World } from './world.ts';

/** What must come of an attempt: it is denied, it works (a row would mean nothing where nothing works), or it works and the documents say so. */
export type Verdict = 'denied' | 'allowed' | { readonly residual: string }; // where in the documents: `path#heading`

/** One way in which something is tried. */
export interface Attempt {
  readonly rows: readonly string[]; // of the attack matrix; none where it only shows what works
  readonly what: string;
  readonly verdict: Verdict;
  readonly must: RegExp; // what comes of it
  readonly try: (world: World) => string | Promise<string>;
}

type Try = Attempt['try'];

export function denied(rows: string, what: string, must: RegExp, attempt: Try): Attempt {
  return { rows: rowsOf(rows), what, verdict: 'denied', must, try: attempt };
}

export function allowed(rows: string, what: string, must: RegExp, attempt: Try): Attempt {
  return { rows: rowsOf(rows), what, verdict: 'allowed', must, try: attempt };
}

export function residual(rows: string, what: string, documented: string, must: RegExp, attempt: Try): Attempt {
  return { rows: rowsOf(rows), what, verdict: { residual: documented }, must, try: attempt };
}

function rowsOf(text: string): readonly string[] {
  return text === '-' ? [] : text.split(', ');
}

/** An attempt that was made, as the world tells it. */
export interface Told {
  readonly rows: readonly string[];
  readonly what: string;
  readonly verdict: Verdict;
  readonly must: string;
  readonly came: string;
  readonly holds: boolean;
  readonly ms: number;
}

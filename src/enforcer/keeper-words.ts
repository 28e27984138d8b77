import { join } from 'node:path';
import { type Guard, number, oneOf, record, tagged, text, whole } from './guard.ts';
import type { KeeperJob } from './keeper.ts';
import type { Loaded } from './loading.ts';
import type { Paths } from './paths.ts';
import { step } from './shapes.ts';

/**
 * What is said to a keeper and by it, a line of JSON each. Whoever starts it writes the job and then `on` to its standard input; `ready`
 * and what became of `on` come on its standard output. Everybody after that asks by its socket.
 */
export const QUESTIONS = ['left', 'keep', 'back'] as const;
export type Question = (typeof QUESTIONS)[number];

export const BEGIN = 'on';

export type Word = { readonly kind: 'ready' } | { readonly kind: 'left'; readonly seconds: number } | Loaded;

export const keeperJob: Guard<KeeperJob> = record({ seconds: whole(1, 86_400), on: step, off: step }, {});

export const word: Guard<Word> = tagged('kind', {
  ready: record({ kind: oneOf('ready') }, {}),
  left: record({ kind: oneOf('left'), seconds: number }, {}),
  taken: record({ kind: oneOf('taken') }, {}),
  refused: record({ kind: oneOf('refused'), said: text() }, {}),
  unclear: record({ kind: oneOf('unclear'), why: text() }, {}),
});

/** Root's alone, as its folder is. */
export function keeperSocket({ run }: Pick<Paths, 'run'>): string {
  return join(run, 'keeper');
}

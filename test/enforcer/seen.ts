import { MANAGEMENT_PORT, NEW_PORT, OLD_PORT } from './texts.ts';

/** Which rules are in force, by what passes. `open`: everything passes; `mixed`: none of the known states. */
export type Seen = 'old' | 'new' | 'open' | 'lockdown' | 'mixed';

export const LOCK_PORTS = [OLD_PORT, NEW_PORT, MANAGEMENT_PORT] as const;

const KNOWN: Readonly<Record<string, Seen>> = {
  'true false false': 'old',
  'false true false': 'new',
  'true true true': 'open',
  'false false true': 'lockdown',
};

/** @param answers for each of the ports whether it was reached; `undefined` where nothing came back */
export function nameOf(answers: readonly (boolean | undefined)[]): Seen {
  return KNOWN[answers.join(' ')] ?? 'mixed';
}

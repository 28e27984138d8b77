import type { Command } from 'commander';
import type { Console } from '../console.ts';

/** A command of the program, loaded only when it is wanted, so that the others start fast. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string; // its line in `portcullis --help`
  readonly load: () => Promise<(console: Console) => Command>;
}

/** In the order of a first acquaintance; the help and the reference page keep it. */
export const COMMANDS: readonly CommandEntry[] = [];

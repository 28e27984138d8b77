import { excerpt } from '../diagnostic/index.ts';
import { MachineError } from '../host/machine-error.ts';
import { run } from '../host/process.ts';

const LOAD_TIMEOUT_MS = 120_000; // nft takes 0.8 s for 100,000 elements on a quiet machine, iptables-restore 3.5 s for as many rules

/** What became of something that was given to the kernel. */
export type Loaded =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly said: string }
  | { readonly kind: 'unclear'; readonly why: string }; // the program was ended before it could tell

/**
 * Gives a text to the kernel by a program that reads it.
 * @param apart in a session of its own, out of the terminal's reach; @throws MachineError where the program is missing
 */
export async function loadBy(program: string, args: readonly string[], text: string, apart = true): Promise<Loaded> {
  try {
    const done = await run(program, args, { input: text, timeoutMs: LOAD_TIMEOUT_MS, ownGroup: apart });
    if (done.exitCode === 0) return { kind: 'taken' };
    // An exit code from 128 is a signal's: then nobody knows how far it came.
    return done.exitCode < 128
      ? { kind: 'refused', said: saidBy(done) }
      : { kind: 'unclear', why: `signal ${done.exitCode - 128}` };
  } catch (error) {
    if (error instanceof MachineError && error.diagnostic.code === TOO_SLOW) {
      return { kind: 'unclear', why: error.diagnostic.message };
    }
    throw error;
  }
}

const TOO_SLOW = 'M0003';

/** The first line of what a program said when it failed. */
export function saidBy({ stderr, exitCode }: { readonly stderr: string; readonly exitCode: number }): string {
  return excerpt(stderr.trim().split('\n')[0] || `exit code ${exitCode}`, 400);
}

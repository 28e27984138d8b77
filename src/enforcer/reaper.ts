import { setTimeout as sleep } from 'node:timers/promises';
import { alone, type Context } from './context.ts';
import { readTrial } from './kernel.ts';
import { settle } from './settle.ts';

const STEP_MS = 5_000; // how long it sleeps at most before it looks whether the change is still there
const NEAR_END_MS = 200;
const PATIENCE_MS = 24 * 60 * 60_000; // for a step that somebody else is at

/**
 * Waits until the trial of a change is over, then cleans up; ends early where the change has come to its end another way. It is
 * never needed for safety: the kernel takes the change back, and any later request cleans up as well.
 */
export async function reap(context: Context, id: string): Promise<void> {
  // The one that began the change holds the lock until the kernel has answered, or is dead.
  await alone(context, PATIENCE_MS, async () => undefined);
  for (;;) {
    const pending = context.state.readPending();
    if (pending?.id !== id) return;
    const trial = await readTrial(context.paths, pending);
    if (trial.kind === 'running') {
      // The kernel tells whole seconds, rounded down.
      await sleep(Math.max(NEAR_END_MS, Math.min(STEP_MS, trial.remainingSeconds * 1_000)));
      continue;
    }
    await alone(context, PATIENCE_MS, async () => {
      if (context.state.readPending()?.id === id) await settle(context);
    });
    return;
  }
}

import type { Reply, Trial } from './protocol.ts';
import type { World } from './world.ts';

// The process in the private namespace: it answers trials, one after the other, for as long as somebody listens.

process.on('disconnect', () => process.exit(0));
const world = await open();
if (world !== undefined) {
  process.on('message', (trial: Trial) => void answer(world, trial)); // sent by `JudgeWorld` of this very program
  reply({ kind: 'ready' });
}

/** Loaded late: where the FFI cannot be loaded, that is an answer too. */
async function open(): Promise<World | undefined> {
  try {
    const { World } = await import('./world.ts');
    return await World.open();
  } catch (error) {
    reply({ kind: 'failed', problem: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

async function answer(from: World, trial: Trial): Promise<void> {
  try {
    reply({ kind: 'done', result: await from.trial(trial) });
  } catch (error) {
    reply({ kind: 'failed', problem: error instanceof Error ? error.message : String(error) });
  }
}

function reply(line: Reply): void {
  process.send?.(line);
}

import { MachineError } from '../../host/index.ts';
import { EXIT } from '../console.ts';
import { Stop } from '../report.ts';

/** A machine that says no ends the command with its exit code. */
export async function whatTheMachineSays<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MachineError) throw new Stop(EXIT.machine, [error.diagnostic]);
    throw error;
  }
}

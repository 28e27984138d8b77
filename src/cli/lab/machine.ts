import { MachineError } from '../../host/index.ts';
import { EXIT, type ExitCode } from '../console.ts';
import { Stop } from '../report.ts';

/** A machine that says no ends the command with its exit code. */
export async function whatTheMachineSays(command: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await command();
  } catch (error) {
    if (error instanceof MachineError) throw new Stop(EXIT.machine, [error.diagnostic]);
    throw error;
  }
}

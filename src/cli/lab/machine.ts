import { diagnose } from '../../diagnostic/index.ts';
import { HOST_PROBLEMS, type HostCapabilities, type Isolation, MachineError } from '../../host/index.ts';
import { EXIT, type ExitCode } from '../console.ts';
import { Stop } from '../report.ts';

/** How a lab can be made here. @throws MachineError that says what to install or to allow. */
export function requireLab({ isolation, isolationProblem, nft }: HostCapabilities): Isolation {
  if (isolation === undefined) {
    const { reason, help } = isolationProblem ?? { reason: 'no way was found', help: 'run it as root' };
    throw new MachineError(diagnose(HOST_PROBLEMS.noIsolation, undefined, reason, help));
  }
  if (!nft.available) throw new MachineError(diagnose(HOST_PROBLEMS.missingProgram, undefined, 'nft', nft.help));
  return isolation;
}

/** A machine that says no ends the command with its exit code. */
export async function whatTheMachineSays(command: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await command();
  } catch (error) {
    if (error instanceof MachineError) throw new Stop(EXIT.machine, [error.diagnostic]);
    throw error;
  }
}

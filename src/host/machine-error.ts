import type { Diagnostic } from '../diagnostic/index.ts';

/** The machine said no: a tool is missing, the kernel or the permissions refuse. Ends a command with exit code 4. */
export class MachineError extends Error {
  readonly diagnostic: Diagnostic;

  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.name = 'MachineError';
    this.diagnostic = diagnostic;
  }
}

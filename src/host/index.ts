export {
  type Capability,
  type HostCapabilities,
  hostCapabilities,
  type Isolation,
  isolationArguments,
} from './capabilities.ts';
export { type Counter, forwardedFrom, Lab, type LabOptions, type Sender, type Volley } from './lab/lab.ts';
export type { Outcome, Shot } from './lab/protocol.ts';
export type { Link } from './lab/topology.ts';
export { type FileError, type FileReading, type Machine, machineAt, writeNewFile } from './machine.ts';
export { MachineError } from './machine-error.ts';
export { HOST_PROBLEMS } from './problems.ts';
export { type Completed, findProgram, type RunOptions, run, runChecked, searchPath } from './process.ts';

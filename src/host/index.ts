export {
  type HostCapabilities,
  hostCapabilities,
  type Isolation,
  isolationArguments,
  requireIsolation,
} from './capabilities.ts';
export { DOCKER_SOCKET, DockerEngine, type DockerEvent } from './docker-engine.ts';
export { askApiServer } from './kubectl.ts';
export { forwardedFrom, Lab, type Sender } from './lab/lab.ts';
export type { Outcome, Shot } from './lab/protocol.ts';
export type { Link } from './lab/topology.ts';
export { type FileError, type FileReading, type Machine, machineAt, writeNewFile } from './machine.ts';
export { MachineError } from './machine-error.ts';
export { HOST_PROBLEMS } from './problems.ts';
export { type Completed, findProgram, run, runChecked } from './process.ts';
export { NftSession } from './sets/nft-session.ts';
export { type GroupEntry, type GroupSets, SetWriter } from './sets/writer.ts';
export { accountOfMoved, accountOfSocket } from './socket-account.ts';
export { localSyslog, SYSLOG_SOCKET } from './syslog.ts';

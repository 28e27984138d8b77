export { layOut } from './layout.ts';
export type { Placement } from './members.ts';
export { OVERRIDE_FILE } from './override.ts';
export { DOCKER_RENDER_PROBLEMS } from './problems.ts';
export { type DockerWritten, writeDocker } from './write.ts';

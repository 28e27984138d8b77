export {
  type Attachment,
  COMPOSE_PROJECT,
  COMPOSE_SERVICE,
  type DaemonFacts,
  type DockerContainer,
  type DockerFacts,
  type DockerNetwork,
  type NetworkMode,
  NO_FACTS,
  type Powers,
  type PublishedPort,
  type WrittenPort,
} from './facts.ts';
export { DOCKER_PROBLEMS } from './problems.ts';
export type { ComposeNetwork, ComposeProject, ComposeService } from './project.ts';
export { type ReadDocker, readDocker } from './read.ts';
export { withStandIns } from './stand-ins.ts';
export type { ContainerZone } from './zone.ts';

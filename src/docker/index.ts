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
} from './facts.ts';
export { DOCKER_PROBLEMS } from './problems.ts';
export { type ReadDocker, readDocker } from './read.ts';

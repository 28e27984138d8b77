import type { SourceFile } from '../source/index.ts';
import type { DockerContainer, DockerNetwork } from './facts.ts';

/** What the Compose files of one project say together, by the keys that they use: who writes one more file needs them. */
export interface ComposeProject {
  readonly name: string;
  readonly files: readonly SourceFile[];
  readonly includes: boolean; // other files that were not read (`include`)
  readonly services: readonly ComposeService[];
  readonly networks: readonly ComposeNetwork[]; // `default` too, where it is used
}

export interface ComposeService {
  readonly key: string;
  readonly container: DockerContainer; // one, whatever its scale
  readonly namesNetworks: boolean; // otherwise it is on the project's `default`
  readonly borrowsNetwork: boolean; // `network_mode`: no networks can be given to it
  readonly extends: boolean; // it takes parts of another service, which were not read
  readonly mounts: readonly string[]; // paths within, those of `tmpfs` as well
  readonly securityOptions: readonly string[];
}

export interface ComposeNetwork {
  readonly key: string;
  readonly external: boolean; // somebody else makes it
  readonly facts: DockerNetwork;
}

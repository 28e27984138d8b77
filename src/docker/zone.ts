import type { AddressRange } from '../net/index.ts';
import type { Span } from '../source/index.ts';
import type { DockerContainer } from './facts.ts';

/** A zone of a policy as Docker recognises it. */
export interface ContainerZone {
  readonly name: string;
  readonly span: Span;
  readonly network?: string;
  readonly subnets: readonly AddressRange[]; // of the network, where the policy lays it out; else none
  readonly bridge?: string; // likewise
  readonly namesContainers: boolean; // rather than a network with everything on it
  readonly includes: (container: DockerContainer) => boolean; // by name, label, project or service; its networks are not asked
}

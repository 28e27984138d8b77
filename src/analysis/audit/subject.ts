import type { DockerFacts } from '../../docker/index.ts';
import type { Intent, Match, Ruleset } from '../../ir/index.ts';
import type { Watcher } from '../../packetset/index.ts';
import type { HostFacts } from './host-facts.ts';

/** What is audited. */
export interface AuditSubject {
  readonly ruleset: Ruleset; // a firewall that was read, or what a policy means
  readonly policy?: Intent; // where it is a policy
  readonly opaque: readonly Match[]; // the packets that rules which were not understood may decide
  readonly facts?: HostFacts;
  readonly docker?: DockerFacts; // the containers of the machine; of those that it tells of, `facts` are not asked
  readonly watcher?: Watcher; // an audit of thousands of rules takes its time
  readonly today: string; // YYYY-MM-DD, UTC
  /** What people call a port: the catalogue's name of the service. */
  readonly serviceName: (protocol: 'tcp' | 'udp', port: number) => string | undefined;
}

import { BASELINE, type BaselinePiece, type Grant, type Intent, type Peer, type Service } from '../ir/index.ts';
import { PROTOCOLS } from '../net/index.ts';

/** What administrators come in by. */
export interface ManagementPath {
  readonly flows: ReadonlySet<string>; // that let their sessions in, by name
  readonly ports: readonly number[]; // of TCP, that the machine listens on for them
}

/** Without them a machine does not live long enough to be repaired, whatever the policy says of them. */
const VITAL: ReadonlySet<string> = new Set([
  'loopback',
  'established',
  'icmpv6-neighbours',
  'icmpv6-multicast',
  'packet-too-big',
  'dhcp',
]);

/**
 * The policy that holds at boot until the confirmed one is loaded, and from then on where that one is refused: what keeps a machine
 * reachable for its administrators, and nothing else. It names no name, no account and no cgroup, which might not exist so early.
 */
export function lockdownIntent(policy: Intent, management: ManagementPath): Intent {
  return {
    name: `${policy.name} at boot`,
    baseline: BASELINE.filter(({ name }: BaselinePiece) => VITAL.has(name)),
    grants: policy.grants.flatMap((grant) => managementGrant(grant, management) ?? []),
    groups: [],
    tests: [],
    zones: new Map(),
    unknownAccounts: new Map(),
  };
}

/** The part of a flow that administrators come in by; `undefined` where there is none. */
function managementGrant(grant: Grant, { flows, ports }: ManagementPath): Grant | undefined {
  const from = grant.from.filter((peer) => peer.kind === 'remote');
  const to: Peer[] = grant.to.some((peer) => peer.kind === 'local') ? [{ kind: 'local' }] : [];
  const services = flows.has(grant.name) ? grant.services : grant.services.filter((service) => reaches(service, ports));
  if (from.length === 0 || to.length === 0 || services.length === 0) return undefined;
  const { rate: _, ...unlimited } = grant; // whoever repairs a machine tries more than once
  return { ...unlimited, from, to, services };
}

function reaches({ protocol, ports }: Service, wanted: readonly number[]): boolean {
  if (protocol !== PROTOCOLS.tcp) return false;
  return wanted.some((port) => ports === undefined || (ports.first <= port && port <= ports.last));
}

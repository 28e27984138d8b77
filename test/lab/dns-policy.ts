import type { AgentTask } from './dns-agent-main.ts';
import { LINKS } from './links.ts';

/** Two agents with names of their own, and a gateway that alone may ask the world's resolver. */
export const POLICY = `portcullis: 1
name: dns
zones:
  agent: { host: { users: [openclaw] } }
  other: { host: { users: [other] } }
  gateway: { host: { users: [gateway] } }
  upstream: { addresses: ["${LINKS[0].outer[4]}"] }
  site: { domains: [site.example, six.example, "*.wild.example"] }
  theirs: { domains: [theirs.example] }
flows:
  - { name: site, from: agent, to: site, service: https }
  - { name: theirs, from: other, to: theirs, service: https }
  - { name: resolver, from: gateway, to: upstream, service: dns }
`;

/** As `intentOf` gives them, in the order of the policy. */
export const ACCOUNTS = { agent: 61_000, other: 61_001, gateway: 61_002 } as const;
export const UPSTREAM = LINKS[0].outer[4];
export const GATEWAY_PORT = 5_300;

/** What the agents do, one after the other. */
export interface DnsScenario {
  readonly graceSeconds: number;
  readonly mostSeconds: number; // to live; the world's resolver says 60
  readonly steps: readonly (
    | { readonly by: 'agent' | 'other'; readonly task: AgentTask }
    | { readonly sleepMs: number }
  )[];
}

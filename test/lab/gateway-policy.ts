import type { Intent } from '../../src/ir/index.ts';
import { hostIntent } from '../../src/resolve/index.ts';
import { intentOf } from './policies.ts';

/** What `intentOf` takes for the accounts of the policies below, in the order in which they name them. */
export const [AGENT, GATEWAY, STRANGER] = [61_000, 61_001, 61_009];

/** An agent that reaches names by the gateway, a database by its address, and a Git server by the addresses of its name. */
export function gatewayPolicy(...more: readonly string[]): Intent {
  return hostIntent(
    intentOf(`portcullis: 1
name: names
gateway: { upstream: [9.9.9.9, "2620:fe::fe"] }
zones:
  agent: { host: { users: [openclaw] } }
  database: { addresses: [10.0.7.3, "fd00:7::3"] }
flows:
  - { name: web, from: agent, to: api.example.com, service: [https, http] }
  - { name: database, from: agent, to: database, service: [tcp/5432, https] }
${more.join('\n')}
`),
  );
}

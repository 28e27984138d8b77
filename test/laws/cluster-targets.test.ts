import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CLUSTER_TARGET_NAMES, CLUSTER_TARGETS } from '../../src/target/index.ts';
import { renderClusterProven } from '../../src/verify/index.ts';
import { OPTIONS, resolved } from '../contract/cluster-policies.ts';

/** Zones of every way to tell somebody in a cluster, some of which overlap. */
const ZONES = `
  agent: { kubernetes: { namespace: claw, podSelector: { app: agent } } }
  tools: { kubernetes: { namespace: claw, podSelector: { app: agent, role: tools } } }
  whole: { kubernetes: { namespace: claw } }
  rest: { kubernetes: { namespace: claw }, except: [agent] }
  db: { kubernetes: { namespace: data, podSelector: { app: db } } }
  data: { kubernetes: { namespace: data } }
  ops: { kubernetes: { namespaceSelector: { team: ops }, podSelector: { role: probe } } }
  office: { addresses: [192.0.2.0/24, "2001:db8:7::/48"], except: [192.0.2.64/26] }
  lan: { addresses: [10.0.0.0/8], except: [10.244.0.0/16] }
  mixed: { zones: [db, office] }
  names: { domains: [api.example.com, "*.example.org"] }
  listed: { domains: [git.example.net], addresses: [198.51.100.0/28], enforce: ranges }
`;
const SENDERS = ['agent', 'tools', 'whole', 'rest', 'db', 'data', 'ops', 'office', 'lan', 'mixed', 'any', 'internet'];
const RECEIVERS = [...SENDERS, 'names', 'listed', '192.0.2.7', 'private'];
const SERVICES = ['tcp/443', 'tcp/8000-8100', 'udp/53', 'tcp/any', 'sctp/36412', 'ping', 'icmp', 'gre', 'any', 'https'];

const flow = fc.record({
  from: fc.uniqueArray(fc.constantFrom(...SENDERS), { minLength: 1, maxLength: 2 }),
  to: fc.uniqueArray(fc.constantFrom(...RECEIVERS), { minLength: 1, maxLength: 2 }),
  service: fc.uniqueArray(fc.constantFrom(...SERVICES), { minLength: 1, maxLength: 2 }),
});

const policy = fc.record({
  flows: fc.array(flow, { minLength: 1, maxLength: 4 }),
  namespaces: fc.constantFrom(['claw'], ['claw', 'data'], ['data']),
  gateway: fc.boolean(),
  nodeLocalDns: fc.boolean(),
});

describe('whatever a policy says, what is written for a cluster is refused, or means it', () => {
  for (const name of CLUSTER_TARGET_NAMES) {
    test(name, () => {
      let proven = 0;
      fc.assert(
        fc.property(policy, ({ flows, namespaces, gateway, nodeLocalDns }) => {
          const lines = flows.map(
            ({ from, to, service }, at) =>
              `  - { name: f${at}, from: [${from}], to: [${to}], service: [${service}] }\n`,
          );
          const head = gateway ? 'gateway: { upstream: 9.9.9.9 }\n' : '';
          const text = `portcullis: 1\n${head}zones:${ZONES}flows:\n${lines.join('')}`;
          const { intent } = resolved({ name: 'random', why: '', namespaces, nodeLocalDns, text });
          if (intent === undefined) return; // a name through the gateway by anything but TCP
          const { proof } = renderClusterProven(CLUSTER_TARGETS[name], intent, OPTIONS);
          assert.deepEqual(proof.unexplained, [], text);
          const refused = proof.diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code);
          assert.ok(
            refused.every((code) => code.startsWith('T')),
            `${refused.join()} ${text}`,
          );
          if (proof.holds) proven++;
        }),
        { numRuns: 12 },
      );
      assert.ok(proven > 0);
    });
  }
});

import { describe, it } from 'node:test';
import { assertMeaning, type MeaningCase, policy } from './meaning.fixture.ts';

const DB = 'podSelector: { matchLabels: { app: db } }';
const FROM_WEB = 'from: [{ podSelector: { matchLabels: { app: web } } }]';

const CASES: readonly MeaningCase[] = [
  {
    name: 'no policy',
    why: 'pods that no policy selects let everything in and out',
    policies: [],
    yes: ['shop/web -> ops/mon', '203.0.113.9 -> shop/db', 'shop/db -> 203.0.113.9', '2001:db8::9 -> shop/db'],
  },
  {
    name: 'an empty policy denies ingress, and nothing else',
    why: 'without `policyTypes`, Ingress is always one, Egress only where there is an egress section',
    policies: [policy('{ podSelector: {} }')],
    no: ['ops/web -> shop/db', 'shop/web -> shop/db', '203.0.113.9 -> shop/db'],
    yes: ['shop/db -> ops/web', 'shop/db -> 203.0.113.9', 'ops/web -> ops/mon'],
  },
  {
    name: 'Egress among the types without a rule',
    why: 'a direction that is named and has no rule lets nothing through',
    policies: [policy(`{ ${DB}, policyTypes: [Egress] }`)],
    no: ['shop/db -> shop/web', 'shop/db -> 203.0.113.9'],
    yes: ['shop/web -> shop/db', 'shop/web -> ops/web'],
  },
  {
    name: 'one empty rule',
    why: '`ingress: [{}]` is one rule without peers and ports: everybody, everything; `ingress: []` is no rule',
    policies: [policy('{ podSelector: {}, ingress: [{}] }')],
    yes: ['ops/web -> shop/db', '203.0.113.9 -> shop/db'],
  },
  {
    name: 'a rule with an empty list of peers',
    why: '`from: []` is the same as no `from`: everybody',
    policies: [policy('{ podSelector: {}, ingress: [{ from: [] }] }')],
    yes: ['ops/web -> shop/db', '203.0.113.9 -> shop/db'],
  },
  {
    name: 'an empty pod selector is the policy’s own namespace',
    why: 'a `podSelector` alone selects among the pods of the policy’s namespace',
    policies: [policy('{ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }')],
    yes: ['shop/web -> shop/db'],
    no: ['ops/web -> shop/db', '203.0.113.9 -> shop/db'],
  },
  {
    name: 'an empty namespace selector is every pod, and not the internet',
    why: '`namespaceSelector: {}` matches pods of all namespaces; addresses outside are no pods',
    policies: [policy('{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }] }] }')],
    yes: ['ops/web -> shop/db', 'shop/web -> shop/db'],
    no: ['203.0.113.9 -> shop/db', '2001:db8::9 -> shop/db'],
  },
  {
    name: 'two selectors in one peer',
    why: 'in one item of the list both must match',
    policies: [
      policy(
        `{ ${DB}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: b } }, podSelector: { matchLabels: { app: web } } }] }] }`,
      ),
    ],
    yes: ['ops/web -> shop/db'],
    no: ['ops/mon -> shop/db', 'shop/web -> shop/db'],
  },
  {
    name: 'two selectors in two peers',
    why: 'items of the list are alternatives; the second selects in the policy’s own namespace',
    policies: [
      policy(
        `{ ${DB}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: b } } }, { podSelector: { matchLabels: { app: web } } }] }] }`,
      ),
    ],
    yes: ['ops/web -> shop/db', 'ops/mon -> shop/db', 'shop/web -> shop/db'],
    no: ['203.0.113.9 -> shop/db'],
  },
  {
    name: 'a namespace by its name',
    why: 'the API server puts `kubernetes.io/metadata.name` on every namespace',
    policies: [
      policy(
        `{ ${DB}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ops } } }] }] }`,
      ),
    ],
    yes: ['ops/mon -> shop/db'],
    no: ['shop/web -> shop/db'],
  },
  {
    name: 'a label that must not have a value',
    why: '`NotIn` also matches pods that do not have the label',
    policies: [
      policy(
        `{ ${DB}, ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: web, operator: NotIn, values: ["no"] }] } }] }] }`,
      ),
    ],
    yes: ['shop/web -> shop/db'],
  },
  {
    name: 'a label that must not be there',
    why: '`DoesNotExist` is about the key alone',
    policies: [
      policy(`{ podSelector: { matchExpressions: [{ key: db, operator: DoesNotExist }] }, policyTypes: [Ingress] }`),
    ],
    yes: ['shop/web -> shop/db'],
    no: ['shop/db -> shop/web'],
  },
  {
    name: 'one port is of TCP',
    why: 'a port without a protocol is of TCP',
    policies: [policy(`{ ${DB}, ingress: [{ ports: [{ port: 80 }] }] }`)],
    yes: ['ops/web -> shop/db TCP 80', '203.0.113.9 -> shop/db TCP 80'],
    no: ['ops/web -> shop/db TCP 81', 'ops/web -> shop/db UDP 80', 'ops/web -> shop/db SCTP 80'],
  },
  {
    name: 'a protocol without a port',
    why: 'all its ports, and no other protocol’s',
    policies: [policy(`{ ${DB}, ingress: [{ ports: [{ protocol: SCTP }] }] }`)],
    yes: ['ops/web -> shop/db SCTP 80', 'ops/web -> shop/db SCTP 81'],
    no: ['ops/web -> shop/db TCP 80', 'ops/web -> shop/db UDP 80'],
  },
  {
    name: 'ports in one rule with peers',
    why: 'peers and ports of one rule must both match; rules are alternatives',
    policies: [
      policy(`{ ${DB}, ingress: [{ ${FROM_WEB}, ports: [{ port: 80 }] }, { ports: [{ port: 81, protocol: UDP }] }] }`),
    ],
    yes: ['shop/web -> shop/db TCP 80', 'ops/mon -> shop/db UDP 81'],
    no: ['ops/mon -> shop/db TCP 80', 'shop/web -> shop/db TCP 81'],
  },
  {
    name: 'a range of ports',
    why: '`endPort` is inclusive (KEP-2079)',
    policies: [policy(`{ ${DB}, ingress: [{ ports: [{ port: 80, endPort: 81, protocol: UDP }] }] }`)],
    yes: ['ops/web -> shop/db UDP 80', 'ops/web -> shop/db UDP 81'],
    no: ['ops/web -> shop/db UDP 82', 'ops/web -> shop/db UDP 79', 'ops/web -> shop/db TCP 80'],
  },
  {
    name: 'a named port, ingress',
    why: 'the name is looked up among the ports of the pod that is reached, with its protocol',
    policies: [policy(`{ ${DB}, ingress: [{ ports: [{ port: p81-udp, protocol: UDP }] }] }`)],
    yes: ['ops/web -> shop/db UDP 81'],
    no: ['ops/web -> shop/db TCP 81', 'ops/web -> shop/db UDP 80'],
  },
  {
    name: 'a named port, egress',
    why: 'the name is looked up at the other end; addresses have no names of ports',
    policies: [policy(`{ ${DB}, policyTypes: [Egress], egress: [{ ports: [{ port: p80-tcp }] }] }`)],
    yes: ['shop/db -> ops/web TCP 80'],
    no: ['shop/db -> ops/web TCP 81', 'shop/db -> 203.0.113.9 TCP 80'],
  },
  {
    name: 'a named port of another protocol',
    why: 'a port without a protocol is of TCP, also where it is named: the container’s port of that name is of SCTP',
    policies: [policy(`{ ${DB}, ingress: [{ ports: [{ port: p80-sctp }] }] }`)],
    no: ['ops/web -> shop/db SCTP 80', 'ops/web -> shop/db TCP 80'],
  },
  {
    name: 'an address block with a hole',
    why: '`except` takes addresses out of its block only',
    policies: [
      policy(`{ ${DB}, ingress: [{ from: [{ ipBlock: { cidr: 203.0.113.0/24, except: [203.0.113.64/26] } }] }] }`),
    ],
    yes: ['203.0.113.9 -> shop/db'],
    no: ['203.0.113.64 -> shop/db', '203.0.114.1 -> shop/db', '2001:db8::9 -> shop/db', 'ops/web -> shop/db'],
  },
  {
    name: 'a hole that another block fills',
    why: 'peers are a union: what one excepts another can let in',
    policies: [
      policy(
        `{ ${DB}, ingress: [{ from: [{ ipBlock: { cidr: 203.0.113.0/24, except: [203.0.113.64/26] } }, { ipBlock: { cidr: 203.0.113.65/32 } }] }] }`,
      ),
    ],
    yes: ['203.0.113.65 -> shop/db'],
    no: ['203.0.113.64 -> shop/db'],
  },
  {
    name: 'all of IPv4 is nothing of IPv6',
    why: 'a block is of one family',
    policies: [policy(`{ ${DB}, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }] }`)],
    yes: ['shop/db -> 203.0.113.9'],
    no: ['shop/db -> 2001:db8::9', 'shop/db -> ops/web'],
  },
  {
    name: 'two policies are a union',
    why: 'a stricter policy takes nothing away from a broader one',
    policies: [policy(`{ ${DB}, ingress: [{}] }`), policy(`{ ${DB}, ingress: [{ ${FROM_WEB} }] }`)],
    yes: ['ops/mon -> shop/db', '203.0.113.9 -> shop/db'],
  },
  {
    name: 'a policy that denies all beside one that lets some in',
    why: 'isolation of several policies is one isolation',
    policies: [policy('{ podSelector: {} }'), policy(`{ ${DB}, ingress: [{ ${FROM_WEB} }] }`)],
    yes: ['shop/web -> shop/db'],
    no: ['shop/db -> shop/web', 'ops/web -> shop/db'],
  },
  {
    name: 'both ends must agree',
    why: 'the egress of one end and the ingress of the other are both asked',
    policies: [
      policy(`{ ${DB}, ingress: [{ ${FROM_WEB} }] }`),
      policy('{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress] }'),
    ],
    no: ['shop/web -> shop/db', 'ops/mon -> shop/db'],
    yes: ['shop/db -> shop/web'],
  },
  {
    name: 'egress to another namespace',
    why: 'the policy of who connects names the other end by its namespace',
    policies: [
      policy(
        '{ podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ namespaceSelector: { matchLabels: { team: b } } }], ports: [{ port: 80 }] }] }',
      ),
    ],
    yes: ['shop/web -> ops/mon TCP 80'],
    no: ['shop/web -> shop/db TCP 80', 'shop/web -> ops/mon UDP 80', 'shop/web -> 203.0.113.9 TCP 80'],
  },
  {
    name: 'a selector that matches nobody',
    why: 'the policy isolates nobody: it denies nothing',
    policies: [policy('{ podSelector: { matchLabels: { app: wbe } } }')],
    yes: ['ops/web -> shop/web'],
  },
];

describe('what NetworkPolicies mean', () => {
  for (const each of CASES) it(`${each.name}: ${each.why}`, () => assertMeaning(each));
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { auditManifests } from './clusters.ts';

/** The manifests of sections 4 and 6, as the requirements have them. */
function fixture(name: string): string {
  return readFileSync(new URL(`requirements/${name}.yaml`, import.meta.url), 'utf8');
}

/** What is wrong with each, as the corrections of the requirements list it, and what must say so. */
const FAULTS: Readonly<Record<string, readonly (readonly [fault: string, code: string, words: RegExp])[]>> = {
  'kubernetes-section4': [
    [
      'DNS `to: podSelector: {}` is the same namespace only: it is blocked',
      'A4131',
      /own namespace only .*`kube-system`/,
    ],
    ['HTTPS to `namespaceSelector: {}` is every pod, never Discord', 'A4133', /rule 2 opens TCP 443 to every pod/],
    ['so is NTP', 'A4133', /rule 3 opens UDP 123 to every pod/],
    [
      'default deny only for `app: openclaw-agent`: others may come in',
      'A4123',
      /ingress .* `openclaw`; not openclaw\/\{any pod\}/,
    ],
    ['and go out', 'A4123', /egress .* `openclaw`; not openclaw\/\{any pod\}/],
    ['`prometheus` by podSelector only is the same namespace', 'A4104', /`app=prometheus` in its own namespace only/],
  ],
  'kubernetes-section6': [
    ['`name: kube-system` is not set by default', 'A4103', /`name=kube-system`, which Kubernetes does not set/],
    ['so that DNS is blocked', 'A4131', /`name=kube-system`, and `kube-system` is none of them/],
    ['no HTTPS: the agent cannot reach what it exists for', 'A4140', /\{app=agent\} can connect to nobody outside/],
    ['NTP to `namespaceSelector: {}` is every pod', 'A4133', /rule 3 opens UDP 123/],
  ],
  'calico-section4': [
    ['no order', 'A4113', /no `order`/],
    ['no DNS over TCP', 'A4132', /by UDP only/],
    ['DNS to anywhere', 'A4128', /udp\/53/],
    ['placeholder addresses', 'A4141', /1\.2\.3\.4, 5\.6\.7\.8/],
    ['nothing is said of what comes in', 'A4121', /`openclaw`/],
    ['nor of other pods', 'A4123', /egress/],
  ],
};

for (const [name, faults] of Object.entries(FAULTS)) {
  suite(name, () => {
    const findings = auditManifests(fixture(name));
    for (const [fault, code, words] of faults) {
      test(`${fault}: ${code}`, () => {
        const alike = findings.filter((each) => each.code === code);
        assert.ok(
          alike.some(({ message }) => words.test(message)),
          alike.map(({ message }) => message).join('\n') || 'nothing with that code',
        );
        for (const { origins } of alike) assert.ok(origins[0]?.span, 'it has a place in the file');
      });
    }
  });
}

test('nothing else is said of them than what is wrong', () => {
  const all = Object.entries(FAULTS).map(([name, faults]) => {
    const expected = new Set(faults.map(([, code]) => code));
    return auditManifests(fixture(name)).filter(({ code }) => !expected.has(code));
  });
  assert.deepEqual(
    all.flat().map(({ message }) => message),
    [],
  );
});

/** As they are meant. */
const REPAIRED = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: default-deny, namespace: openclaw }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: agent, namespace: openclaw }
spec:
  podSelector: { matchLabels: { app: openclaw-agent } }
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: monitoring } }
          podSelector: { matchLabels: { app: prometheus } }
      ports: [{ protocol: TCP, port: 9090 }]
  egress:
    - to:
        - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }
          podSelector: { matchLabels: { k8s-app: kube-dns } }
      ports: [{ protocol: UDP, port: 53 }, { protocol: TCP, port: 53 }]
    - to:
        - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: egress } }
          podSelector: { matchLabels: { app: gateway } }
      ports: [{ protocol: TCP, port: 3128 }]
`;

test('nothing is said of the same intent without its faults', () => {
  assert.deepEqual(auditManifests(REPAIRED), []);
});

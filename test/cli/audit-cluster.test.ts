import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { documentOf, portcullis, type Ran } from './cli.ts';

const text = readFileSync(new URL('../audit/requirements/kubernetes-section4.yaml', import.meta.url), 'utf8');
const files = { 'k8s/policies.yaml': text };

interface Audit {
  readonly findings: readonly { code: string; witness: string | null; origin: { file: string; line: number } }[];
}

function auditOf(ran: Ran): Audit {
  documentOf(ran, 'audit'); // as its schema has it
  return JSON.parse(ran.stdout) as Audit;
}

suite('audit of manifests', () => {
  test('a folder, in words', async () => {
    const ran = await portcullis(['audit', 'k8s'], { files });
    assert.equal(ran.exitCode, 1, ran.stderr);
    assert.match(ran.stdout, /^high +A4131 openclaw\/\{app=openclaw-agent\} cannot ask for names: /);
    assert.match(ran.stdout, /k8s\/policies\.yaml:30; udp openclaw\/\S+ -> kube-system\/\S+:53 is dropped/);
    assert.match(ran.stdout, /6 findings: 3 high, 3 medium/);
  });

  test('standard input, as JSON', async () => {
    const ran = await portcullis(['audit', '-', '--json'], { stdin: text });
    const { findings } = auditOf(ran);
    const [first] = findings.filter(({ code }) => code === 'A4133');
    assert.equal(first?.witness, 'tcp openclaw/{app=openclaw-agent} -> 203.0.113.9:443');
    assert.deepEqual(first?.origin, { file: '<stdin>', line: 36 });
  });

  test('as SARIF, with the lines to put in', async () => {
    const ran = await portcullis(['audit', 'k8s', '--format', 'sarif'], { files });
    assert.match(ran.stdout, /"uri": "k8s\/policies\.yaml"/);
    assert.match(ran.stdout, /\+ spec: \{ podSelector: \{\}, policyTypes: \[Egress\] \}/);
    assert.match(ran.stdout, /"Kubescape-C-0260"/);
  });

  test('what is accepted, and up to which severity', async () => {
    const suppress = `suppress:
  - { code: A4131, subject: "openclaw/{app=openclaw-agent}", reason: no names needed, until: 2027-03-31 }
  - { code: A4133, reason: pods are meant, until: 2027-03-31 }
`;
    const ran = await portcullis(['audit', 'k8s', '--fail-on', 'high', '--suppressions', 's.yaml'], {
      files: { ...files, 's.yaml': suppress },
      today: '2026-11-25',
    });
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.match(ran.stdout, /3 findings: 3 medium; 3 suppressed/);
  });

  test('a manifest that cannot be used is told, and ends with 2', async () => {
    const broken = `${text}---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: x, namespace: openclaw }\nspec: { podSelector: 3 }\n`;
    const ran = await portcullis(['audit', 'k8s'], { files: { 'k8s/p.yaml': broken } });
    assert.equal(ran.exitCode, 2);
    assert.equal(ran.stdout, '');
    assert.match(ran.stderr, /spec\.podSelector/);
    const anyway = await portcullis(['audit', 'k8s', '--despite-errors'], { files: { 'k8s/p.yaml': broken } });
    assert.equal(anyway.exitCode, 2);
    assert.match(anyway.stdout, /A4133/);
  });

  test('beside the firewall of a machine', async () => {
    const nft = 'table inet t { chain c { type filter hook input priority 0; policy accept; } }\n';
    const ran = await portcullis(['audit', 'k8s', 'host.nft', '--json'], { files: { ...files, 'host.nft': nft } });
    const codes = auditOf(ran).findings.map(({ code }) => code);
    assert.ok(codes.includes('A4131') && codes.includes('A1001'), codes.join());
  });
});

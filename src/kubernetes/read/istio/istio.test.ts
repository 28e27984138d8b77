import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AskedCluster, checkRow, pod, type Row } from '../../../../test/kubernetes/asked-cluster.ts';
import {
  authentication,
  authorization,
  CLUSTER,
  DB,
  entry,
  OLD_TO_DB,
  OUT,
  sidecar,
  TOOL_TO_DB,
  WEB_TO_DB,
} from '../../../../test/kubernetes/istio-manifests.ts';

const ROWS: readonly Row[] = [
  {
    name: 'a policy without rules lets nothing in',
    manifests: [authorization(DB)],
    answers: {
      [WEB_TO_DB]: 'no',
      [OUT]: 'no',
      'tcp shop/db -> shop/web 80': 'yes',
      'udp shop/web -> shop/db 53': 'yes',
    },
  },
  {
    name: 'an empty rule lets everything in',
    manifests: [authorization(`${DB}, rules: [{}]`)],
    answers: { [WEB_TO_DB]: 'yes', [OUT]: 'yes' },
  },
  {
    name: 'without a selector it holds in its namespace, in the root namespace in all',
    manifests: [authorization(''), authorization('', 'istio-system/all')],
    answers: { [WEB_TO_DB]: 'no', 'tcp shop/web -> ops/tool 80': 'no', 'tcp shop/web -> old/asked 80': 'no' },
  },
  {
    name: 'it holds for pods in the mesh alone: who has no proxy is open',
    manifests: [authorization('', 'istio-system/all')],
    answers: { 'tcp shop/web -> shop/bare 80': 'yes', 'tcp shop/web -> old/job 80': 'yes' },
  },
  {
    name: 'where the namespace is not described, nobody knows',
    manifests: [authorization('', 'istio-system/all'), pod('dark/pod', 'app: dark')],
    answers: { 'tcp shop/web -> dark/pod 80': 'maybe' },
  },
  {
    name: 'namespaces and principals mean pods of the mesh',
    manifests: [
      authorization(
        `${DB}, rules: [{ from: [{ source: { namespaces: [shop, old] } }, { source: { principals: [cluster.local/ns/ops/sa/tool] } }] }]`,
      ),
    ],
    answers: {
      [WEB_TO_DB]: 'yes',
      [TOOL_TO_DB]: 'yes',
      [OLD_TO_DB]: 'no', // it shows no certificate
      'tcp old/asked -> shop/db 80': 'yes',
      'tcp shop/bare -> shop/db 80': 'no',
      'tcp ingress-controller -> shop/db 80': 'maybe', // it may be a gateway of Istio’s
      [OUT]: 'no',
    },
  },
  {
    name: 'wildcards stand at an end; `*` is anybody with a certificate',
    manifests: [
      authorization(`${DB}, rules: [{ from: [{ source: { namespaces: ["sh*"] } }] }]`),
      authorization(
        'selector: { matchLabels: { app: tool } }, rules: [{ from: [{ source: { principals: ["*"] } }] }]',
        'ops/p',
      ),
    ],
    answers: {
      [WEB_TO_DB]: 'yes',
      [TOOL_TO_DB]: 'no',
      'tcp shop/web -> ops/tool 80': 'yes',
      'tcp old/job -> ops/tool 80': 'no',
    },
  },
  {
    name: 'service accounts, of the policy’s namespace where none is named',
    manifests: [authorization(`${DB}, rules: [{ from: [{ source: { serviceAccounts: [web, ops/tool] } }] }]`)],
    answers: { [WEB_TO_DB]: 'yes', [TOOL_TO_DB]: 'yes', 'tcp old/asked -> shop/db 80': 'no' },
  },
  {
    name: 'fields of one source go together',
    manifests: [
      authorization(
        `${DB}, rules: [{ from: [{ source: { namespaces: [shop, ops], notPrincipals: [cluster.local/ns/shop/sa/web] } }] }]`,
      ),
    ],
    answers: { [WEB_TO_DB]: 'no', [TOOL_TO_DB]: 'yes' },
  },
  {
    name: 'not being of a namespace is also true of who shows no certificate',
    manifests: [authorization(`${DB}, rules: [{ from: [{ source: { notNamespaces: [shop] } }] }]`)],
    answers: { [TOOL_TO_DB]: 'yes', [OUT]: 'yes', [OLD_TO_DB]: 'yes', [WEB_TO_DB]: 'maybe' },
  },
  {
    name: 'addresses mean who is outside, and pods as far as they may lie in them',
    manifests: [authorization(`${DB}, rules: [{ from: [{ source: { ipBlocks: [203.0.113.0/24, 10.0.0.0/8] } }] }]`)],
    answers: { [OUT]: 'yes', 'tcp 198.51.100.1 -> shop/db 80': 'no', [WEB_TO_DB]: 'maybe' },
  },
  {
    name: 'ports of an operation, and those that it leaves out',
    manifests: [
      authorization(
        `${DB}, rules: [{ to: [{ operation: { ports: ["80"] } }] }, { to: [{ operation: { notPorts: ["1", "80", "443"] } }] }]`,
      ),
    ],
    answers: { [WEB_TO_DB]: 'yes', 'tcp shop/web -> shop/db 443': 'no', 'tcp shop/web -> shop/db 444': 'yes' },
  },
  {
    name: 'requests and attributes are conditions',
    manifests: [
      authorization(
        `${DB}, rules: [{ to: [{ operation: { methods: [GET], paths: [/shop*] } }], when: [{ key: "request.headers[x]", values: [a] }] }]`,
      ),
    ],
    answers: { [WEB_TO_DB]: 'maybe' },
  },
  {
    name: 'what any policy denies is denied; one that denies isolates nobody',
    manifests: [authorization(`${DB}, action: DENY, rules: [{ from: [{ source: { namespaces: [ops] } }] }]`)],
    answers: { [TOOL_TO_DB]: 'no', [WEB_TO_DB]: 'yes', [OUT]: 'yes' },
  },
  {
    name: 'AUDIT and dry runs change nothing',
    manifests: [
      authorization(`${DB}, action: AUDIT, rules: [{}]`),
      authorization(DB, 'shop/q', ', annotations: { "istio.io/dry-run": "true" }'),
    ],
    answers: { [WEB_TO_DB]: 'yes' },
  },
  {
    name: 'STRICT lets in who shows a certificate of the mesh',
    manifests: [authentication('mtls: { mode: STRICT }')],
    answers: {
      [WEB_TO_DB]: 'yes',
      [TOOL_TO_DB]: 'yes',
      [OLD_TO_DB]: 'no',
      [OUT]: 'no',
      'tcp ingress-controller -> shop/db 80': 'maybe',
      'tcp old/job -> shop/bare 80': 'yes',
      'tcp old/job -> ops/tool 80': 'yes',
    },
  },
  {
    name: 'the most special policy decides, port by port; UNSET leaves it to the next',
    manifests: [
      authentication('mtls: { mode: STRICT }', 'istio-system/mesh'),
      authentication('mtls: { mode: PERMISSIVE }'),
      authentication(`${DB}, mtls: { mode: STRICT }, portLevelMtls: { 8080: { mode: DISABLE } }`, 'shop/db'),
      authentication('selector: { matchLabels: { app: web } }, mtls: { mode: UNSET }', 'shop/web'),
    ],
    answers: {
      [OLD_TO_DB]: 'no',
      'tcp old/job -> shop/db 8080': 'yes',
      'tcp old/job -> shop/web 80': 'yes',
      'tcp old/job -> ops/tool 80': 'no',
    },
  },
  {
    name: 'mutual TLS and authorization must both let it in',
    manifests: [
      authentication('mtls: { mode: STRICT }'),
      authorization(`${DB}, rules: [{ to: [{ operation: { ports: ["80"] } }] }]`),
    ],
    answers: { [WEB_TO_DB]: 'yes', [OLD_TO_DB]: 'no', 'tcp shop/web -> shop/db 81': 'no' },
  },
  {
    name: 'a Sidecar with REGISTRY_ONLY lets out what its hosts name',
    manifests: [
      sidecar(
        'outboundTrafficPolicy: { mode: REGISTRY_ONLY }, egress: [{ hosts: [./api.example.com, shop/db.shop.svc.cluster.local] }]',
      ),
      entry(
        'hosts: [api.example.com], location: MESH_EXTERNAL, resolution: DNS, ports: [{ number: 443, name: tls, protocol: TLS }]',
      ),
      entry('hosts: [other.example.com], ports: [{ number: 443, name: tls, protocol: TLS }]', 'shop/other'),
    ],
    answers: {
      'tcp shop/web -> api.example.com 443': 'yes',
      'tcp shop/web -> api.example.com 80': 'no',
      'tcp shop/web -> other.example.com 443': 'no',
      'tcp shop/web -> shop/db 5432': 'yes',
      [WEB_TO_DB]: 'no',
      'udp shop/web -> 203.0.113.9 53': 'yes', // its proxy takes TCP alone
      'tcp ops/tool -> other.example.com 443': 'yes', // no Sidecar holds there
      'tcp shop/bare -> other.example.com 443': 'yes',
    },
  },
  {
    name: 'hosts by namespace and wildcard, exported or not',
    manifests: [
      sidecar('outboundTrafficPolicy: { mode: REGISTRY_ONLY }, egress: [{ hosts: ["ops/*.example.com", "~/*"] }]'),
      entry('hosts: [a.example.com], ports: [{ number: 443, name: tls, protocol: TLS }]', 'ops/seen'),
      entry(
        'hosts: [b.example.com], exportTo: ["."], ports: [{ number: 443, name: tls, protocol: TLS }]',
        'ops/hidden',
      ),
    ],
    answers: {
      'tcp shop/web -> a.example.com 443': 'yes',
      'tcp shop/web -> b.example.com 443': 'no',
      [WEB_TO_DB]: 'no',
    },
  },
  {
    name: 'every host of a namespace also means its other pods, as far as Services lead there',
    manifests: [sidecar('outboundTrafficPolicy: { mode: REGISTRY_ONLY }, egress: [{ hosts: [./*] }]')],
    answers: { 'tcp shop/web -> shop/db 5432': 'yes', [WEB_TO_DB]: 'maybe', 'tcp shop/web -> ops/tool 80': 'no' },
  },
  {
    name: 'ALLOW_ANY and a Sidecar that says nothing of it hold nobody back',
    manifests: [
      sidecar('outboundTrafficPolicy: { mode: ALLOW_ANY }, egress: [{ hosts: [./*] }]'),
      sidecar('egress: [{ hosts: [./*] }]', 'old/s'),
    ],
    answers: { 'tcp shop/web -> ops/tool 80': 'yes', 'tcp old/asked -> ops/tool 80': 'yes' },
  },
];

describe('Istio', () => {
  for (const row of ROWS) test(row.name, () => checkRow(row, CLUSTER));

  const refused: readonly (readonly [manifest: string, problem: RegExp])[] = [
    [authorization('action: BLOCK'), /B0301.*`BLOCK`/],
    [authorization('rules: [{ from: [] }]'), /B0302.*`spec.rules\[0\].from`.*empty/],
    [authorization('rules: [{ from: [{ source: {} }] }]'), /B0302.*source`.*empty/],
    [authorization('rules: [{ from: [{}] }]'), /B0002.*source/],
    [authorization('rules: [{ from: [{ source: { namespaces: [""] } }] }]'), /B0302.*empty text/],
    [authorization('rules: [{ from: [{ source: { ipBlocks: [10.0.0.0/99] } }] }]'), /B0301.*`10.0.0.0\/99`/],
    [authorization('rules: [{ to: [{ operation: { ports: [http] } }] }]'), /B0301.*`http`/],
    [authorization('rules: [{ when: [{ key: source.ip }] }]'), /B0302.*needs `values`/],
    [authorization('rules: [{ form: [] }]'), /B0003.*`spec.rules\[0\].form`/],
    [authorization(`${DB}, targetRefs: []`), /B0302.*exclude each other/],
    [authentication('mtls: { mode: strict }'), /B0301.*`strict`/],
    [authentication(`${DB}, portLevelMtls: { http: { mode: STRICT } }`), /B0301.*`http`/],
    [authentication('portLevelMtls: { 80: { mode: STRICT } }'), /warning B0305/],
    [authorization('action: DENY'), /warning B0305/],
    [sidecar('egress: [{ hosts: ["*"] }]'), /B0301.*`\*`/],
    [sidecar('egress: [{}]'), /B0302.*needs `hosts`/],
    [entry('hosts: []'), /B0302.*at least one host/],
    [entry('hosts: ["*"]'), /B0301.*`\*`/],
  ];
  for (const [manifest, problem] of refused) {
    test(`refuses ${manifest.split('\n').slice(1).join(' ')}`, () => {
      const used = sidecar('outboundTrafficPolicy: { mode: REGISTRY_ONLY }', 'shop/used');
      assert.match(new AskedCluster(CLUSTER, used, manifest).problems.join('\n'), problem);
    });
  }

  test('says what it does not follow', () => {
    const asked = new AskedCluster(
      CLUSTER,
      pod('dark/pod', 'app: dark'),
      authorization(`${DB}, action: CUSTOM, provider: { name: ext }, rules: [{}]`),
      authorization('targetRefs: [{ kind: Gateway, name: g, group: gateway.networking.k8s.io }]', 'shop/q'),
      sidecar('egress: [{ hosts: [./*] }]'),
      authorization(DB, 'shop/r', ', annotations: { "istio.io/dry-run": "true" }'),
    );
    assert.deepEqual(
      asked.cluster.opaque.map(({ text, bounds }) => `${text} ${bounds}`),
      ['AuthorizationPolicy shop/p narrower', 'AuthorizationPolicy shop/q narrower', 'Sidecar shop/s narrower'],
    );
    assert.deepEqual(
      asked.problems.map((problem) => problem.slice(0, 'info B0303'.length)),
      ['info B0304', 'info B0303'],
    );
  });
});

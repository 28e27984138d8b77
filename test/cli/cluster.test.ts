import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertSchema, documentOf, portcullis, type Ran } from './cli.ts';
import { MENDED, POLICY, WORKLOADS } from './shop.ts';

const files = { 'shop/workloads.yaml': WORKLOADS, 'shop/net/policy.yml': POLICY, 'shop/values.yaml': 'replicas: 3\n' };
const AGENT = 'agents/openclaw[Deployment]';
const PROMETHEUS = 'monitoring/prometheus[Deployment]';
const DNS = 'kube-system/coredns[Deployment]';

function connectionsOf(ran: Ran): unknown[] {
  assert.equal(ran.exitCode, 0, ran.stderr);
  const { connections } = documentOf(ran, 'reach');
  assert.ok(Array.isArray(connections));
  return connections;
}

describe('reach of manifests', () => {
  test('reads every manifest below a folder', async () => {
    const connections = connectionsOf(await portcullis(['reach', '--in', 'shop', '--json'], { files }));
    const between = connections.filter((each) => JSON.stringify(each).includes(`"from":"${AGENT}"`));
    assert.deepEqual(between, [
      { from: AGENT, to: DNS, allowed: [{ protocol: 'TCP', ports: '443' }] },
      { from: AGENT, to: PROMETHEUS, allowed: [{ protocol: 'TCP', ports: '443' }] },
    ]);
  });

  test('takes the folder as its argument, files, and standard input', async () => {
    const folder = await portcullis(['reach', 'shop'], { files });
    const named = await portcullis(['reach', '--in', 'shop/workloads.yaml', '--in', 'shop/net/policy.yml'], { files });
    const piped = await portcullis(['reach', '-'], { stdin: `${WORKLOADS}---\n${POLICY}` });
    assert.equal(folder.exitCode, 0, folder.stderr);
    assert.match(folder.stdout, /agents\/openclaw\[Deployment\] +kube-system\/coredns\[Deployment\] +TCP 443/);
    assert.equal(named.stdout, folder.stdout);
    assert.equal(piped.stdout, folder.stdout);
  });

  test('keeps to one workload with --focus', async () => {
    const ran = await portcullis(['reach', 'shop', '--json', '--focus', 'prometheus'], { files });
    for (const each of connectionsOf(ran)) assert.ok(JSON.stringify(each).includes(PROMETHEUS));
  });

  test('says which workloads there are where the one of --focus is none', async () => {
    const ran = await portcullis(['reach', 'shop', '--focus', 'monitoring/promethius[Deployment]'], { files });
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /did you mean `monitoring\/prometheus\[Deployment\]`\?/);
  });

  test('names the policies and rules of every pair with --explain', async () => {
    const text = await portcullis(['reach', 'shop', '--explain', '--focus', 'prometheus'], { files });
    assert.match(
      text.stdout,
      /NetworkPolicy agents\/openclaw isolates, and no rule allows it +drop +shop\/net\/policy\.yml:/,
    );
    const json = await portcullis(['reach', 'shop', '--explain', '--json'], { files });
    assert.equal(json.exitCode, 0, json.stderr);
    const { explanations } = documentOf(json, 'reach');
    assert.ok(Array.isArray(explanations));
    assert.equal(explanations.length, 3 * 2);
  });

  for (const [option, sign] of [
    [
      '--csv',
      /^from,to,protocol,ports\n[\s\S]*agents\/openclaw\[Deployment\],monitoring\/prometheus\[Deployment\],TCP,443\n/,
    ],
    ['--markdown', /^\| from \| to \| on \|\n\| --- \| --- \| --- \|\n/],
    ['--dot', /"agents\/openclaw\[Deployment\]" -> "monitoring\/prometheus\[Deployment\]" \[label = "TCP 443"\];/],
    ['--svg', /<svg [\s\S]*agents\/openclaw\[Deployment\][\s\S]*<\/svg>/],
  ] as const) {
    test(`writes ${option}`, async () => {
      const ran = await portcullis(['reach', 'shop', option], { files });
      assert.equal(ran.exitCode, 0, ran.stderr);
      assert.match(ran.stdout, sign);
    });
  }

  test('answers nothing where a policy cannot be used, and all the rest with --despite-errors', async () => {
    const broken = {
      ...files,
      'shop/broken.yaml': POLICY.replace('name: openclaw', 'name: other').replace('port: 443', 'port: 0'),
    };
    const refused = await portcullis(['reach', 'shop', '--json'], { files: broken });
    assert.equal(refused.exitCode, 2);
    assertSchema(JSON.parse(refused.stdout), 'failure');
    const told = await portcullis(['reach', 'shop', '--json', '--despite-errors'], { files: broken });
    assert.equal(told.exitCode, 2);
    const { problems, connections } = documentOf(told, 'reach');
    assert.ok(Array.isArray(problems) && problems.length > 0);
    assert.ok(Array.isArray(connections) && connections.length > 0);
  });

  test('tells with --exposure what pods that do not exist yet could do', async () => {
    const ran = await portcullis(['reach', 'shop', '--exposure', '--json'], { files });
    assert.equal(ran.exitCode, 0, ran.stderr);
    const { exposure } = documentOf(ran, 'reach');
    assert.ok(Array.isArray(exposure));
    assert.deepEqual(
      exposure.filter(({ workload }) => workload === AGENT),
      [
        {
          workload: AGENT,
          direction: 'ingress',
          peers: 'app=prometheus in the namespace agents',
          allowed: 'TCP 18789',
        },
        { workload: AGENT, direction: 'egress', peers: 'any pod of the cluster', allowed: 'TCP 443' },
      ],
    );
    const text = await portcullis(['reach', 'shop', '--exposure'], { files });
    assert.match(text.stdout, /app=prometheus in the namespace agents +agents\/openclaw\[Deployment\] +TCP 18789/);
  });

  test('does not mix manifests with the firewall of a machine', async () => {
    const ran = await portcullis(['reach', '--in', 'shop', '--in', 'node.nft'], {
      files: { ...files, 'node.nft': NODE },
    });
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /manifests and a machine's firewall at once/);
  });

  test('says of a folder without manifests what could be there', async () => {
    const ran = await portcullis(['reach', 'empty'], { files: { 'empty/readme.md': 'nothing' } });
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /no file of this folder is a manifest/);
  });
});

const NODE = `table inet node {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ip daddr 203.0.113.9 tcp dport 443 accept
  }
}
`;

describe('why of manifests', () => {
  const why = (flow: string, ...more: readonly string[]): Promise<Ran> =>
    portcullis(['why', flow, '--in', 'shop', ...more], { files: { ...files, 'node.nft': NODE } });

  for (const [flow, verdict, reason] of [
    [`tcp ${AGENT} -> ${PROMETHEUS}:443`, 'accept', 'NetworkPolicy agents/openclaw, rule 2 of 2'],
    [`udp ${AGENT} -> ${DNS}:53`, 'drop', 'NetworkPolicy agents/openclaw isolates, and no rule allows it'],
    ['tcp agents/openclaw -> 203.0.113.9:443', 'drop', 'NetworkPolicy agents/openclaw isolates, and no rule allows it'],
    [
      `tcp ${PROMETHEUS} -> openclaw.agents.svc:80`,
      'drop',
      'NetworkPolicy agents/openclaw isolates, and no rule allows it',
    ],
    [`tcp ${AGENT} -> api.example.com:443`, 'drop', 'NetworkPolicy agents/openclaw isolates, and no rule allows it'],
    [`tcp ${PROMETHEUS} -> 203.0.113.9:443`, 'accept', 'no policy selects it'],
    [
      'tcp node -> agents/openclaw[Service]:80',
      'drop',
      'NetworkPolicy agents/openclaw isolates, and no rule allows it',
    ],
  ] as const) {
    test(`${verdict}: ${flow}`, async () => {
      const ran = await why(flow, '--json');
      assert.equal(ran.exitCode, 0, ran.stderr);
      const answer = documentOf(ran, 'why');
      assert.equal(answer.verdict, verdict, ran.stdout);
      assert.ok(JSON.stringify(answer.path).includes(reason), ran.stdout);
    });
  }

  test('tells ports apart that fare otherwise', async () => {
    const ran = await why(`tcp ${AGENT} -> ${PROMETHEUS}`, '--json');
    const answer = documentOf(ran, 'why');
    assert.equal(answer.verdict, 'depends');
    assert.match(JSON.stringify(answer.cases), /TCP 443"/);
    assert.match(JSON.stringify(answer.cases), /TCP 1-442,444-65535"/);
  });

  test('goes on to the firewall of the node, where the addresses are known', async () => {
    const open = { ...files, 'shop/net/policy.yml': MENDED, 'node.nft': NODE };
    const pod = open['shop/workloads.yaml'].replace(
      /apiVersion: apps\/v1\nkind: Deployment\nmetadata: \{ name: openclaw[\s\S]*?---\n/,
      'apiVersion: v1\nkind: Pod\nmetadata: { name: openclaw, namespace: agents, labels: { app: openclaw } }\nspec: { containers: [{ name: c, image: c }] }\nstatus: { podIP: 10.1.2.3, podIPs: [{ ip: 10.1.2.3 }] }\n---\n',
    );
    const args = ['why', 'tcp agents/openclaw[Pod] -> 203.0.113.9:443', '--in', 'shop', '--in', 'node.nft'];
    const ran = await portcullis([...args, '--json'], { files: { ...open, 'shop/workloads.yaml': pod } });
    assert.equal(ran.exitCode, 0, ran.stderr);
    const answer = documentOf(ran, 'why');
    assert.equal(answer.verdict, 'accept', ran.stdout);
    assert.match(JSON.stringify(answer.path), /NetworkPolicy agents\/openclaw.*inet node/);
    const unknown = await portcullis(args.with(1, 'tcp agents/openclaw -> 203.0.113.9:443'), { files: open });
    assert.equal(unknown.exitCode, 2);
    assert.match(unknown.stderr, /nobody here knows the address of `agents\/openclaw\[Deployment\]`/);
  });

  for (const [flow, said] of [
    ['tcp agents/openclew[Deployment] -> 192.0.2.1:443', /did you mean `agents\/openclaw\[Deployment\]`\?/],
    ['tcp agents/openclaw -> agents/openclaw[Service]:81', /leads to no workload: it has no such port/],
    ['tcp agents/openclaw -> 192.0.2.1:443 uid root', /means nothing to the policies of a cluster/],
    ['tcp agents/openclaw', /no flow expression/],
  ] as const) {
    test(`refuses: ${flow}`, async () => {
      const ran = await why(flow);
      assert.equal(ran.exitCode, 2);
      assert.match(ran.stderr, said);
    });
  }

  test('answers files of flows', async () => {
    const flows = `# who\ntcp ${AGENT} -> ${PROMETHEUS}:443\n\ntcp nobody/here -> ${DNS}:53\n`;
    const ran = await portcullis(['why', '--flows', '-', '--in', 'shop'], { files, stdin: flows });
    assert.equal(ran.exitCode, 2);
    const [first, second] = ran.stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    assertSchema(first, 'why-line');
    assertSchema(second, 'why-line');
  });
});

test('other commands say that manifests are none of theirs', async () => {
  for (const args of [
    ['matrix', '--in', 'shop', '--service', 'tcp/22'],
    ['check', '--in', 'shop'],
  ]) {
    const ran = await portcullis(args, { files: { ...files, 'portcullis.yaml': 'portcullis: 1\nname: x\n' } });
    assert.equal(ran.exitCode, 2, args.join(' '));
    assert.match(ran.stderr, /holds manifests of a cluster, which cannot be asked about here/, args.join(' '));
  }
});

describe('diff of manifests', () => {
  const both = {
    'web/workloads.yaml': WORKLOADS,
    'web/policy.yaml': POLICY,
    'mended/workloads.yaml': WORKLOADS,
    'mended/policy.yaml': MENDED,
    'new/workloads.yaml': WORKLOADS.replace('name: prometheus, namespace', 'name: grafana, namespace'),
    'new/policy.yaml': MENDED,
  };
  const diff = (a: string, b: string, ...more: readonly string[]) =>
    portcullis(['diff', a, b, ...more], { files: both });

  test('tells what is let through on one side only, each with a flow', async () => {
    const ran = await diff('web', 'mended', '--json');
    assert.equal(ran.exitCode, 1, ran.stderr);
    const { equal, wider, narrower } = documentOf(ran, 'diff');
    assert.equal(equal, false);
    assert.ok(Array.isArray(wider) && Array.isArray(narrower));
    assert.deepEqual(
      wider.find(({ from }) => from === PROMETHEUS),
      {
        packets: `${PROMETHEUS} -> ${AGENT}: TCP 18789`,
        witness: `tcp ${PROMETHEUS} -> ${AGENT}:18789`,
        from: PROMETHEUS,
        to: AGENT,
        allowed: [{ protocol: 'TCP', ports: '18789' }],
      },
    );
    assert.deepEqual(
      narrower.map(({ to }) => to),
      [DNS, PROMETHEUS],
    );
  });

  test('tells of workloads that one side does not have', async () => {
    const { wider } = documentOf(await diff('mended', 'new', '--json'), 'diff');
    assert.ok(Array.isArray(wider));
    for (const { workload } of wider) assert.equal(workload, 'monitoring/grafana[Deployment]');
    const text = await diff('mended', 'new');
    assert.match(text.stdout, /\(monitoring\/prometheus\[Deployment\] is only in mended\)/);
  });

  test('ends with 0 where they let the same through', async () => {
    const ran = await diff('mended', 'mended');
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.match(ran.stdout, /mended and mended let the same connections through/);
  });

  test('holds manifests against a policy, for pods that need not exist', async () => {
    const policy = `portcullis: 1
name: agents
zones:
  agent: { kubernetes: { namespace: agents, podSelector: { app: openclaw } } }
  prometheus: { kubernetes: { namespace: monitoring, podSelector: { app: prometheus } } }
flows:
  - { name: metrics, from: prometheus, to: agent, service: tcp/18789 }
`;
    const args = ['diff', 'policy.yaml', 'mended', '--namespace', 'agents'];
    const ran = await portcullis([...args, '--json'], { files: { ...both, 'policy.yaml': policy } });
    assert.equal(ran.exitCode, 1, ran.stderr);
    const { wider } = documentOf(ran, 'diff');
    assert.match(JSON.stringify(wider), /pods app=openclaw of agents.* -> 203\.0\.113\.0\/24: TCP 443/);
    assert.match(JSON.stringify(wider), /pods without labels of agents.*everything/);
  });

  test('has no word for manifests beside the firewall of a machine', async () => {
    const ran = await portcullis(['diff', 'web', 'node.nft'], { files: { ...both, 'node.nft': NODE } });
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /holds manifests of a cluster/);
  });
});

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { assertSchema, documentOf, POLICY, portcullis, type Ran, type Situation } from './cli.ts';

const files = { 'portcullis.yaml': POLICY };

function why(...args: readonly string[]): Promise<Ran> {
  return portcullis(['why', ...args], { files });
}

suite('why', () => {
  test('an allowed flow: the verdict and the rule, with its place', async () => {
    const ran = await why('tcp agent -> backend.example.com:443');
    assert.equal(ran.exitCode, 0);
    assert.match(ran.stdout, /^tcp agent -> backend\.example\.com:443\n\naccept: allowed\n/);
    assert.match(ran.stdout, /policy {2}output {2}report {2}accept {3}portcullis\.yaml:10/);
  });

  test('a denied flow: what to add to the policy to allow it', async () => {
    const ran = await why('tcp agent -> 198.51.100.7:443');
    assert.equal(ran.exitCode, 0);
    assert.match(ran.stdout, /reject: denied, the sender is told at once/);
    assert.match(ran.stdout, /\{ name: choose-a-name, from: agent, to: 198\.51\.100\.7, service: tcp\/443 \}/);
  });

  test('the flow that is proposed allows it', async () => {
    const { stdout } = await why('tcp agent -> 198.51.100.7:443');
    const flow = /- \{.*\}/.exec(stdout)?.[0];
    const mended = { 'portcullis.yaml': POLICY.replace('flows:\n', `flows:\n  ${flow}\n`) };
    const ran = await portcullis(['why', 'tcp agent -> 198.51.100.7:443', '--json'], { files: mended });
    assert.equal(documentOf(ran, 'why').verdict, 'accept');
  });

  test('as JSON, in exactly the shape that other programs read', async () => {
    const ran = await why('--json', 'tcp bastion -> host:22');
    assert.deepEqual(documentOf(ran, 'why'), {
      flow: 'tcp bastion -> host:22',
      verdict: 'accept',
      path: [
        {
          layer: 'policy',
          chain: 'input',
          rule: 'ssh',
          origin: { file: 'portcullis.yaml', line: 9 },
          verdict: 'accept',
        },
      ],
    });
  });

  test('packets that do not all fare alike: every case, each with a witness', async () => {
    const ran = await why('--json', 'tcp host -> backend.example.com:443');
    const { verdict, path, cases } = documentOf(ran, 'why');
    assert.deepEqual([verdict, path], ['depends', []]);
    assert.deepEqual(Array.isArray(cases) && cases.map((each) => [each.verdict, each.packets]), [
      ['accept', ['uid 998']],
      ['reject', ['uid not 998']],
    ]);
  });

  test('a flow in words of the shell, its arrow quoted', async () => {
    assert.equal(documentOf(await why('--json', 'tcp', 'bastion', '->', 'host:22'), 'why').verdict, 'accept');
  });

  test('where the packet stands', async () => {
    assert.equal(
      documentOf(await why('--json', '--at', 'input', 'tcp 10.0.5.10 -> 10.0.0.1:22'), 'why').verdict,
      'accept',
    );
    assert.equal(
      documentOf(await why('--json', '--at', 'forward', 'tcp 10.0.5.10 -> 10.0.0.1:22'), 'why').verdict,
      'drop',
    );
    assert.equal((await why('--at', 'nowhere', 'tcp 10.0.5.10 -> 10.0.0.1:22')).exitCode, 2);
  });

  const mistakes: readonly (readonly [flow: string, said: RegExp])[] = [
    ['', /one flow is needed/],
    ['tcp 10.0.0.1 host:22', /there is no `->`/],
    ['tpc 10.0.0.1 -> host:22', /unknown protocol `tpc`\n.*\n.*\n.*\n.*did you mean `tcp`\?/],
    ['tcp 10.0.0.1 -> host:99999', /`99999` is no port\n.*<flow>:1:22/],
    ['tcp 10.0.0.1/8 -> host:22', /`10\.0\.0\.1\/8` has bits set behind its length\n.*\n.*\n.*\n.*`10\.0\.0\.0\/8`/],
    ['tcp bastoin -> host:22', /there is no zone `bastoin`\n.*\n.*\n.*\n.*did you mean `bastion`\?/],
    ['tcp cluster -> host:9090', /no way to recognise the zone `cluster`/],
    ['tcp backend.example.com -> host:22', /the name `backend\.example\.com` cannot be a source/],
    ['tcp 10.0.0.1 -> [2001:db8::1]:22', /no address family in common/],
    ['icmp echo-request [2001:db8::1] -> host', /icmp does not travel over IPv6/],
    ['icmp eco-request 10.0.0.1 -> host', /`eco-request` is no icmp type\n.*\n.*\n.*\n.*did you mean `echo-request`\?/],
    ['icmp 10.0.0.1 -> host:22', /icmp has no ports/],
    ['tcp 10.0.0.1 -> host:22 iff eth0', /unknown suffix `iff`\n.*\n.*\n.*\n.*did you mean `iif`\?/],
    ['tcp 10.0.0.1 -> host:22 iif', /`iif` lacks its value/],
    ['tcp 10.0.0.1 -> host:22 iif eth0 iif eth1', /`iif` is given twice/],
    ['tcp 10.0.0.1 -> host:22 state newish', /unknown conntrack state `newish`/],
    ['tcp host -> 1.1.1.1:22 uid nobody-here', /no account `nobody-here`/],
    ['tcp bastion -> host:22 uid 0', /`uid 0` does not fit the source `bastion`/],
    [
      'tcp agent -> catalog:discrod:443',
      /the catalogue has no entry `discrod`\n.*\n.*\n.*\n.*did you mean `catalog:discord`\?/,
    ],
    ['tcp shop/web[Deployment] -> host:22', /`shop\/web\[Deployment\]` is a Kubernetes workload/],
    ['tcp \u001b[31magent -> host:22', /\\u\{1b\}/],
  ];
  for (const [flow, said] of mistakes) {
    test(`not usable: ${JSON.stringify(flow)}`, async () => {
      const ran = await why(flow);
      assert.equal(ran.exitCode, 2);
      assert.match(ran.stderr, said);
      assert.equal(ran.stdout, '');
    });
  }
});

suite('why --flows', () => {
  const flows = `# a comment
tcp bastion -> host:22
tcp 10.0.5.11 -> host:22

no flow at all
udp agent -> 9.9.9.9:53\r
`;

  async function lines(situation: Situation, path: string): Promise<{ ran: Ran; verdicts: unknown[] }> {
    const ran = await portcullis(['why', '--flows', path], { ...situation, files: { ...files, ...situation.files } });
    const documents = ran.stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    for (const document of documents) assertSchema(document, 'why-line');
    return {
      ran,
      verdicts: documents.map((document) =>
        document instanceof Object && 'verdict' in document ? document.verdict : 'error',
      ),
    };
  }

  test('one line each, in order; a bad line is answered in its place and ends with exit code 2', async () => {
    const { ran, verdicts } = await lines({ files: { 'flows.txt': flows } }, 'flows.txt');
    assert.deepEqual(verdicts, ['accept', 'drop', 'error', 'accept']);
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stdout, /"flow":"no flow at all","error":.*"file":"flows\.txt","line":5/);
  });

  test('from standard input; without a bad line exit code 0', async () => {
    const { ran, verdicts } = await lines({ stdin: 'tcp bastion -> host:22' }, '-');
    assert.deepEqual(verdicts, ['accept']);
    assert.equal(ran.exitCode, 0);
  });

  test('says the same as one question after the other', async () => {
    const asked = ['tcp bastion -> host:22', 'tcp host -> 9.9.9.9:53', 'udp [2001:db8::1] -> host:53 iif eth0'];
    const { ran } = await lines({ stdin: asked.join('\n') }, '-');
    const alone = await Promise.all(asked.map(async (flow) => JSON.parse((await why('--json', flow)).stdout)));
    assert.deepEqual(
      ran.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
      alone,
    );
  });
});

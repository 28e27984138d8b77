import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { documentOf, inFolder, POLICY, portcullis, portcullisIn } from './cli.ts';

const files = { 'portcullis.yaml': POLICY };

suite('render', () => {
  test('the configuration alone on standard output, what to know of it on standard error', async () => {
    const ran = await portcullis(['render', 'nftables'], { files });
    assert.equal(ran.exitCode, 0);
    assert.match(ran.stdout, /table inet portcullis/);
    assert.match(ran.stderr, /approximation, wider than the policy: .*`report`/);
    assert.match(
      ran.stderr,
      /proven: this lets through exactly what the policy allows, but for the (?:\d+ approximations|approximation) above\n$/,
    );
  });

  test('as JSON, with its approximations and a packet for each', async () => {
    const { approximations, target } = documentOf(
      await portcullis(['render', 'nftables', '--json'], { files }),
      'render',
    );
    assert.equal(target, 'nftables');
    assert.ok(Array.isArray(approximations) && approximations.length > 0);
  });

  test('into a folder', async () => {
    await inFolder(files, async (folder) => {
      const ran = await portcullisIn(folder, ['render', 'nftables', '-o', 'out/here']);
      assert.equal(ran.exitCode, 0, ran.stderr);
      assert.equal(ran.stdout, '');
      assert.match(ran.stderr, /wrote out\/here\/portcullis\.nft/);
      const again = await portcullisIn(folder, ['diff', 'portcullis.yaml', 'out/here/portcullis.nft', '--json']);
      assert.equal(documentOf(again, 'diff').equal, false); // the approximations
    });
  });

  test('for iptables: files of both families, which answer as the policy does', async () => {
    await inFolder(files, async (folder) => {
      const ran = await portcullisIn(folder, ['render', 'iptables-ipset', '-o', 'out']);
      assert.equal(ran.exitCode, 0, ran.stderr);
      const names = ['ipset', 'iptables', 'iptables-hooks', 'ip6tables', 'ip6tables-hooks'];
      const written = names.map((name) => `out/${name}.rules`);
      assert.deepEqual(
        [...ran.stderr.matchAll(/^wrote (.*)$/gm)].map(([, name]) => name),
        written,
      );
      const why = ['why', ...written.flatMap((name) => ['--in', name])];
      for (const [flow, verdict] of [
        ['tcp 10.0.5.10:40000 -> 10.0.0.5:22', 'accept'],
        ['tcp [2001:db8:5::10]:40000 -> [2001:db8::5]:22', 'accept'],
        ['tcp 10.0.5.11:40000 -> 10.0.0.5:22', 'drop'],
        ['tcp [2001:db8:5::11]:40000 -> [2001:db8::5]:22', 'drop'],
      ] as const) {
        const { verdict: found } = documentOf(
          await portcullisIn(folder, [...why, '--at', 'input', '--json', flow]),
          'why',
        );
        assert.equal(found, verdict, flow);
      }
      const printed = await portcullisIn(folder, ['render', 'iptables']);
      assert.match(printed.stdout, /^\*filter\n(?:.*\n)*-I INPUT 1 -j PORTCULLIS-INPUT$/m);
      assert.match(printed.stderr, /approximation, narrower than the policy: .*rules of iptables hold addresses/);
    });
  });

  test('an account that is not there: nothing printed, exit code 2, and what to do', async () => {
    const unknown = { 'portcullis.yaml': POLICY.replace('users: [998]', 'users: [no-such-account]') };
    const ran = await portcullis(['render', 'nftables'], { files: unknown });
    assert.equal(ran.exitCode, 2);
    assert.equal(ran.stdout, '');
    assert.match(ran.stderr, /no-such-account/);
    const said = await portcullis(['render', 'nftables', '--account', 'no-such-account=998'], { files: unknown });
    assert.equal(said.exitCode, 0, said.stderr);
    assert.equal((await portcullis(['render', 'nftables', '--account', 'nonsense'], { files })).exitCode, 2);
  });

  test('an unknown target: those that there are', async () => {
    const ran = await portcullis(['render', 'nftabels'], { files });
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /nftables/);
  });

  test('a folder that cannot be written to', async () => {
    const ran = await portcullis(['render', 'nftables', '-o', 'portcullis.yaml/below'], { files });
    assert.equal(ran.exitCode, 4);
    assert.match(ran.stderr, /cannot write `portcullis\.yaml\/below\/portcullis\.nft`/);
  });
});

suite('explain', () => {
  test('tells whom a gateway asks for names, and which it answers itself', async () => {
    const gateway = `gateway:
  upstream: ["tls://9.9.9.9#dns.quad9.net", "[2620:fe::fe]:5353"]
  hosts: { nas.home.arpa: [192.168.1.10, "fd00::10"] }
  domains: { corp.example: 10.0.0.53 }
  tls: { listen: "10.0.0.1:3130", certificate: /etc/gateway.pem, key: /etc/gateway.key }
`;
    const policy = `portcullis: 1
${gateway}zones: { agent: { host: { users: [1000] } } }
flows: [{ name: nas, from: agent, to: [nas.home.arpa, "*.corp.example"], service: https }]
`;
    const { stdout } = await portcullis(['explain'], { files: { 'portcullis.yaml': policy } });
    const [, told = ''] = /The egress gateway\n([\s\S]*?)\n\n/.exec(stdout) ?? [];
    assert.equal(
      told,
      [
        '  runs as portcullis-gateway, which alone leaves this machine for others',
        '  listens as HTTP proxy: 127.0.0.1:3128, [::1]:3128',
        '  listens as HTTP proxy behind TLS: 10.0.0.1:3130',
        '  listens as SOCKS5 proxy: 127.0.0.1:1080, [::1]:1080',
        '  listens as proxy of programs that know of none: 127.0.0.1:3129, [::1]:3129',
        '  listens as resolver: 127.0.0.1:5300, [::1]:5300',
        '  answers nas.home.arpa itself: 192.168.1.10, fd00::10',
        '  asks for corp.example and names below it: 10.0.0.53:53',
        '  asks for other names: tls://9.9.9.9:853#dns.quad9.net, [2620:fe::fe]:5353',
      ].join('\n'),
    );
    documentOf(await portcullis(['explain', '--json'], { files: { 'portcullis.yaml': policy } }), 'explain');
  });

  test('in plain words', async () => {
    const { stdout } = await portcullis(['explain'], { files });
    assert.match(stdout, /cluster: not recognised by this machine/);
    assert.match(stdout, /ssh: bastion -> host on tcp\/22\n {4}why: maintenance; at most 6\/minute per source/);
    assert.match(
      stdout,
      /resolver: agent -> 9\.9\.9\.9 on udp\/53, tcp\/53|resolver: agent -> 9\.9\.9\.9 on tcp\/53, udp\/53/,
    );
    assert.match(stdout, /loopback: programs of this machine/);
  });

  test('as JSON', async () => {
    const { flows, baseline } = documentOf(await portcullis(['explain', '--json'], { files }), 'explain');
    assert.equal(Array.isArray(flows) && flows.length, 3);
    assert.ok(Array.isArray(baseline) && baseline.some((piece) => piece.on === false));
  });
});

suite('reach', () => {
  test('as a matrix', async () => {
    const { stdout } = await portcullis(['reach'], { files });
    const row = stdout.split('\n').find((line) => line.startsWith('bastion'));
    assert.match(row ?? '', /tcp\/22/);
    assert.match(stdout, /nothing to or from: cluster/);
  });

  test('as JSON, Markdown and DOT', async () => {
    const { connections } = documentOf(await portcullis(['reach', '--json'], { files }), 'reach');
    assert.ok(Array.isArray(connections));
    const found = connections.find((each) => each.from === 'bastion' && each.to === 'host');
    assert.deepEqual(found, { from: 'bastion', to: 'host', allowed: [{ protocol: 'TCP', ports: '22' }] });
    const markdown = (await portcullis(['reach', '--markdown'], { files })).stdout.split('\n');
    assert.equal(new Set(markdown.filter((line) => line !== '').map((line) => line.split('|').length)).size, 1);
    const { stdout } = await portcullis(['reach', '--dot'], { files });
    assert.match(stdout, /^digraph reach \{\n[\s\S]*"bastion" -> "host" \[label = "tcp\/22"\];[\s\S]*\}\n$/);
  });

  test('a firewall is asked about the zones of the policy', async () => {
    await inFolder(files, async (folder) => {
      await portcullisIn(folder, ['render', 'nftables', '-o', '.']);
      const asked = await portcullisIn(folder, ['reach', 'portcullis.yaml', '--in', 'portcullis.nft', '--json']);
      const { connections } = documentOf(asked, 'reach');
      assert.ok(
        Array.isArray(connections) && connections.some((each) => each.from === 'bastion' && each.to === 'host'),
      );
    });
  });
});

suite('matrix', () => {
  test('of the policy', async () => {
    const ran = await portcullis(['matrix', '--service', 'ssh', '--family', '4', '--json'], { files });
    assert.deepEqual(documentOf(ran, 'matrix'), {
      groups: [
        { id: 'g1', addresses: ['0.0.0.0-10.0.5.9', '10.0.5.11-255.255.255.255'] },
        { id: 'g2', addresses: ['10.0.5.10'] },
      ],
      edges: [
        { from: 'g2', to: 'g1' },
        { from: 'g2', to: 'g2' },
      ],
    });
  });

  test('what is no service', async () => {
    const any = await portcullis(['matrix', '--service', 'any'], { files });
    assert.equal(any.exitCode, 2);
    assert.equal((await portcullis(['matrix', '--service', 'tcp/999999'], { files })).exitCode, 2);
    assert.match(
      (await portcullis(['matrix'], { files })).stderr,
      /required option `--service <service>` not specified/,
    );
  });
});

suite('diff', () => {
  const wider = POLICY.replace(
    'service: tcp/9090',
    'service: tcp/9090 }\n  - { name: web, from: bastion, to: host, service: tcp/80',
  );

  test('equal policies: exit code 0', async () => {
    const ran = await portcullis(['diff', 'a.yaml', 'b.yaml', '--json'], {
      files: { 'a.yaml': POLICY, 'b.yaml': `# same\n${POLICY}` },
    });
    assert.deepEqual(documentOf(ran, 'diff'), { equal: true, wider: [], narrower: [], opaque: [] });
    assert.equal(ran.exitCode, 0);
  });

  test('a wider one: what, and a packet that shows it, exit code 1', async () => {
    const ran = await portcullis(['diff', 'a.yaml', 'b.yaml', '--new', '--json'], {
      files: { 'a.yaml': POLICY, 'b.yaml': wider },
    });
    assert.equal(ran.exitCode, 1);
    const found = documentOf(ran, 'diff');
    assert.deepEqual([found.equal, found.narrower], [false, []]);
    assert.ok(Array.isArray(found.wider) && found.wider.length === 2);
    assert.equal(found.wider[0].witness, 'tcp 10.0.5.10:40000 -> 10.0.0.5:80 iif eth0');
    for (const { witness } of found.wider) {
      const [before, after] = await Promise.all(
        [POLICY, wider].map((text) => portcullis(['why', '--json', '-p', '-', witness], { stdin: text })),
      );
      assert.deepEqual([documentOf(before!, 'why').verdict, documentOf(after!, 'why').verdict], ['drop', 'accept']);
    }
  });

  test('a file that is neither', async () => {
    const ran = await portcullis(['diff', 'a.yaml', 'b.txt'], { files: { 'a.yaml': POLICY, 'b.txt': 'hello\n' } });
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /`b\.txt` is neither a policy nor a firewall configuration/);
  });
});

suite('the other documents', () => {
  test('test', async () => {
    const ran = await portcullis(['test', '--probes', '50', '--json'], { files });
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.equal(documentOf(ran, 'test').ok, true);
  });

  test('init', async () => {
    const ran = await portcullis(['init', '--no-openclaw', '-o', '-', '--json']);
    assert.equal(ran.exitCode, 0, ran.stderr);
    documentOf(ran, 'init');
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { Ajv, type AnySchema } from 'ajv';
import { publishedPorts } from '../../src/cli/audit/machine-facts.ts';
import { formatAddress } from '../../src/net/index.ts';
import { documentOf, inFolder, POLICY, portcullis, portcullisIn } from './cli.ts';

const RULES = `table inet host {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname "lo" accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, packet-too-big } accept
    icmp type destination-unreachable icmp code 4 accept
    tcp dport 22 accept
    tcp dport 443 accept
    log prefix "in "
  }
  chain output {
    type filter hook output priority 0; policy drop;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    log prefix "out "
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    log prefix "fwd "
  }
}
`;
const files = { 'host.nft': RULES };

suite('audit', () => {
  test('the worst first, two lines each', async () => {
    const ran = await portcullis(['audit', 'host.nft'], { files });
    assert.equal(ran.exitCode, 1);
    assert.equal(
      ran.stdout,
      `high      A1003 tcp/22 (ssh) is open to the whole world
          host.nft:9: tcp dport 22 accept; tcp 203.0.113.9:40000 -> 10.0.0.5:22 iif eth0 passes
medium    A1007 nothing limits how often a stranger may try tcp/22 (ssh)
          host.nft:9: tcp dport 22 accept; tcp 203.0.113.9:40000 -> 10.0.0.5:22 iif eth0 passes
info      A1005 tcp/443 (https) is open to the whole world
          host.nft:10: tcp dport 443 accept; tcp 203.0.113.9:40000 -> 10.0.0.5:443 iif eth0 passes

3 findings: 1 high, 1 medium, 1 info; \`--verbose\` says what to do about each
`,
    );
  });

  test('with what to do, the fix and the controls', async () => {
    const { stdout } = await portcullis(['audit', 'host.nft', '--verbose'], { files });
    assert.match(stdout, /help: allow it from the addresses that you administer from/);
    assert.match(stdout, /\+ insert rule inet host input tcp dport 22 ct state new meter ssh-4 \{ ip saddr limit rate/);
    assert.match(stdout, /controls: NIST-AC-17, .*SOC2-CC6\.6/);
  });

  test('as JSON', async () => {
    const ran = await portcullis(['audit', '-', '--json'], { stdin: RULES });
    const { ok, findings, counts } = documentOf(ran, 'audit');
    assert.deepEqual([ran.exitCode, ok], [1, false]);
    assert.deepEqual(counts, { critical: 0, high: 1, medium: 1, low: 0, info: 1 });
    assert.ok(Array.isArray(findings));
    assert.deepEqual(
      findings.map(({ code, severity, subject, origin, witness, verdict }) => [
        code,
        severity,
        subject,
        origin.line,
        witness,
        verdict,
      ]),
      [
        ['A1003', 'high', 'tcp/22', 9, 'tcp 203.0.113.9:40000 -> 10.0.0.5:22 iif eth0', 'accept'],
        ['A1007', 'medium', 'tcp/22', 9, 'tcp 203.0.113.9:40000 -> 10.0.0.5:22 iif eth0', 'accept'],
        ['A1005', 'info', 'tcp/443', 10, 'tcp 203.0.113.9:40000 -> 10.0.0.5:443 iif eth0', 'accept'],
      ],
    );
  });

  test('the witness of a finding can be asked again', async () => {
    await inFolder(files, async (folder) => {
      const { findings } = documentOf(await portcullisIn(folder, ['audit', 'host.nft', '--json']), 'audit');
      assert.ok(Array.isArray(findings));
      for (const { witness, verdict } of findings) {
        const asked = await portcullisIn(folder, ['why', '--in', 'host.nft', '--json', witness]);
        assert.equal(documentOf(asked, 'why').verdict, verdict, witness);
      }
    });
  });

  test('ends by severity', async () => {
    const exit = async (limit: string): Promise<number> =>
      (await portcullis(['audit', 'host.nft', '--fail-on', limit], { files })).exitCode;
    assert.deepEqual(
      [await exit('critical'), await exit('high'), await exit('low'), await exit('info'), await exit('never')],
      [0, 1, 1, 1, 0],
    );
  });

  test('without findings, exit code 0', async () => {
    const sound = RULES.replace(/ {4}tcp dport .*\n/g, '');
    const ran = await portcullis(['audit', '-'], { stdin: sound });
    assert.deepEqual([ran.exitCode, ran.stdout], [0, 'nothing found\n']);
  });

  test('input that cannot be used ends with 2 and says why', async () => {
    assert.equal((await portcullis(['audit', 'gone.nft'])).exitCode, 2);
    const neither = await portcullis(['audit', 'x'], { files: { x: 'hello' } });
    assert.deepEqual([neither.exitCode, /C0006/.test(neither.stderr)], [2, true]);
    const broken = await portcullis(['audit', 'x', '--json'], { files: { x: 'table inet t { chain c { frob } }' } });
    assert.equal(broken.exitCode, 2);
    documentOf(broken, 'failure');
  });
});

suite('audit of a policy', () => {
  test('an expired flow is a finding, not an error', async () => {
    const expired = POLICY.replace('service: https }', 'service: https, expires: 2026-11-01 }');
    const ran = await portcullis(['audit', '--json'], { files: { 'portcullis.yaml': expired } });
    const { findings } = documentOf(ran, 'audit');
    assert.ok(Array.isArray(findings));
    assert.deepEqual(
      findings.map(({ code, subject }) => `${code} ${subject}`),
      ['A2001 report', 'A2003 report', 'A2003 resolver'],
    );
    assert.equal(findings[0].origin.line, 10);
  });

  test('a policy and the firewall that enforces it, together', async () => {
    const both = { 'portcullis.yaml': POLICY, 'host.nft': RULES };
    const { findings } = documentOf(
      await portcullis(['audit', 'portcullis.yaml', 'host.nft', '--json'], { files: both }),
      'audit',
    );
    assert.ok(Array.isArray(findings));
    assert.deepEqual([...new Set(findings.map(({ origin }) => origin?.file))].sort(), ['host.nft', 'portcullis.yaml']);
  });
});

suite('suppressions', () => {
  const suppress = (text: string) => ({ ...files, 'portcullis-audit.yaml': `suppress:\n${text}` });
  const accepted =
    suppress(`  - { code: A1003, subject: tcp/22, reason: moved behind the VPN in June, until: 2027-06-30 }
  - { code: A1007, reason: moved behind the VPN in June, until: 2027-06-30 }
`);

  test('take findings out, with their reason, and are told', async () => {
    const ran = await portcullis(['audit', 'host.nft', '--json'], { files: accepted });
    const { ok, findings, suppressed } = documentOf(ran, 'audit');
    assert.ok(Array.isArray(findings) && Array.isArray(suppressed));
    assert.deepEqual([ran.exitCode, ok], [0, true]);
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['A1005'],
    );
    assert.deepEqual(
      suppressed.map(({ code, suppression }) => [code, suppression.until]),
      [
        ['A1003', '2027-06-30'],
        ['A1007', '2027-06-30'],
      ],
    );
    const text = await portcullis(['audit', 'host.nft'], { files: accepted });
    assert.match(text.stdout, /1 finding: 1 info; 2 suppressed/);
  });

  test('that are over count no more, and are findings themselves', async () => {
    const ran = await portcullis(['audit', 'host.nft', '--json'], { files: accepted, today: '2027-07-01' });
    const { findings } = documentOf(ran, 'audit');
    assert.ok(Array.isArray(findings));
    assert.deepEqual(
      findings.map(({ code, subject }) => `${code} ${subject}`),
      ['A1003 tcp/22', 'A1007 tcp/22', 'A9001 A1003 for tcp/22', 'A9001 A1007', 'A1005 tcp/443'],
    );
  });

  test('that hit nothing are told', async () => {
    const idle = suppress('  - { code: A1002, reason: none such, until: 2027-06-30 }\n');
    const { findings } = documentOf(await portcullis(['audit', 'host.nft', '--json'], { files: idle }), 'audit');
    assert.ok(Array.isArray(findings));
    assert.ok(findings.some(({ code, origin }) => code === 'A9002' && origin.file === 'portcullis-audit.yaml'));
  });

  test('need a code, a reason and an end: everything that is wrong is said at once', async () => {
    const wrong = suppress(
      '  - { code: ssh, why: because }\n  - { code: A1003, reason: x, until: 2027-02-30, extra: 1 }\n',
    );
    const ran = await portcullis(['audit', 'host.nft'], { files: wrong });
    assert.equal(ran.exitCode, 2);
    assert.deepEqual(
      [...ran.stderr.matchAll(/\[(P\d+)\]/g)].map(([, code]) => code),
      ['P0022', 'P0022', 'P0063', 'P0021', 'P0051', 'P0021'],
    );
  });
});

suite('SARIF', () => {
  const path = new URL('../../node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json', import.meta.url);
  const { $schema: _draft, id: _id, ...schema } = JSON.parse(readFileSync(path, 'utf8'));
  // The official schema is of draft 4, whose words mean the same in draft 7 but for `id`.
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false }).compile(
    schema as AnySchema,
  );

  test('is valid, with places, suppressions and stable fingerprints', async () => {
    const suppressions = { 'portcullis-audit.yaml': 'suppress: [{ code: A1007, reason: VPN, until: 2027-06-30 }]' };
    const ran = await portcullis(['audit', 'host.nft', '--format', 'sarif'], { files: { ...files, ...suppressions } });
    const log = JSON.parse(ran.stdout);
    assert.ok(validate(log), JSON.stringify(validate.errors, undefined, 1));
    const [run] = log.runs;
    assert.deepEqual(
      run.results.map((each: { ruleId: string; level: string }) => [each.ruleId, each.level]),
      [
        ['A1003', 'error'],
        ['A1005', 'note'],
        ['A1007', 'warning'],
      ],
    );
    const [ssh, , limit] = run.results;
    assert.deepEqual(ssh.locations[0].physicalLocation, {
      artifactLocation: { uri: 'host.nft' },
      region: { startLine: 9, startColumn: 5 },
    });
    assert.equal(run.tool.driver.rules[ssh.ruleIndex].id, 'A1003');
    assert.equal(limit.suppressions[0].justification, 'VPN (until 2027-06-30)');
    const moved = await portcullis(['audit', 'host.nft', '--format', 'sarif'], {
      files: { 'host.nft': `# new\n${RULES}` },
    });
    const fingerprints = (text: string): unknown[] =>
      JSON.parse(text).runs[0].results.map((each: { partialFingerprints: unknown }) =>
        JSON.stringify(each.partialFingerprints),
      );
    assert.deepEqual(new Set(fingerprints(moved.stdout)), new Set(fingerprints(ran.stdout)));
  });

  test('of nothing, and of what has no place, is valid too', async () => {
    for (const stdin of ['table inet t { }', RULES]) {
      const ran = await portcullis(['audit', '-', '--format', 'sarif'], { stdin });
      assert.ok(validate(JSON.parse(ran.stdout)), JSON.stringify(validate.errors));
    }
  });

  test('the check can fail', () => {
    assert.ok(!validate({ version: '2.1.0', runs: [{ tool: {} }] }));
  });
});

suite('facts about the machine', () => {
  const facts = `listeners:
  - { protocol: tcp, port: 22, program: sshd }
  - { protocol: tcp, port: 443, address: 192.0.2.5, program: nginx }
persistence: [{ name: nftables.service, enabled: false }]
dockerPorts: []
`;

  test('from a file', async () => {
    const ran = await portcullis(['audit', 'host.nft', '--facts', 'facts.yaml', '--json'], {
      files: { ...files, 'facts.yaml': facts },
    });
    const { findings } = documentOf(ran, 'audit');
    assert.ok(Array.isArray(findings));
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['A1003', 'A3008', 'A1007', 'A1005'],
    );
    assert.equal(findings[0].message, 'tcp/22 (ssh) is open to the whole world: sshd listens there');
  });

  test('that are wrong end with 2', async () => {
    const wrong = 'listeners: [{ protocol: icmp, port: 70000 }]\nbogus: 1\n';
    const ran = await portcullis(['audit', 'host.nft', '--facts', 'f'], { files: { ...files, f: wrong } });
    assert.equal(ran.exitCode, 2);
    assert.deepEqual([...ran.stderr.matchAll(/\[(P\d+)\]/g)].map(([, code]) => code).sort(), [
      'P0021',
      'P0024',
      'P0064',
    ]);
  });

  test('of this machine can be saved and used elsewhere', async () => {
    // Facts hold no more of containers than their ports, so that those of whoever runs the tests are left out.
    await inFolder({ ...files, 'none.json': '[]' }, async (folder) => {
      const looking = ['audit', 'host.nft', '--host', '--docker', 'none.json', '--save-facts', 'facts.json', '--json'];
      const here = await portcullisIn(folder, looking);
      const there = await portcullisIn(folder, ['audit', 'host.nft', '--facts', 'facts.json', '--json']);
      assert.deepEqual(documentOf(there, 'audit').counts, documentOf(here, 'audit').counts);
    });
  });

  test('published ports, from Docker’s own record of a container', () => {
    const record = {
      Name: '/web',
      State: { Running: true },
      NetworkSettings: {
        Ports: {
          '80/tcp': [
            { HostIp: '0.0.0.0', HostPort: '8080' },
            { HostIp: '::', HostPort: '8080' },
          ],
          '9/udp': null,
        },
        Networks: { 'openclaw-net': { IPAddress: '172.31.0.2', NetworkID: '0123456789abcdef' } },
      },
    };
    const [port, ...more] = publishedPorts(JSON.stringify(record));
    assert.deepEqual(more, []);
    assert.deepEqual(
      { ...port, containerAddress: port && formatAddress(port.containerAddress) },
      {
        protocol: 'tcp',
        port: 8080,
        container: 'web',
        containerAddress: '172.31.0.2',
        containerPort: 80,
        bridge: 'br-0123456789ab',
      },
    );
    for (const odd of ['not JSON', '7', 'null', '{"NetworkSettings":7}', '{"State":{"Running":true}}'])
      assert.deepEqual(publishedPorts(odd), [], odd);
    const ports = {
      ...record,
      NetworkSettings: { ...record.NetworkSettings, Ports: { '80/tcp': 'x', '81/tcp': [7] } },
    };
    assert.deepEqual(publishedPorts(JSON.stringify(ports)), []);
    assert.deepEqual(publishedPorts(JSON.stringify({ ...record, State: { Running: false } })), []);
  });
});

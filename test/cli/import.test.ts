import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { documentOf, inFolder, POLICY, portcullis, portcullisIn } from './cli.ts';

const OFFICE = `table inet office {
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    ip saddr { 10.0.5.10, 10.0.5.20 } tcp dport 22 accept comment "SSH for the bastions"
    tcp dport { 80, 443 } accept comment "web server"
    iifname "wg0" tcp dport 9100 accept
    ip saddr 10.0.0.66 drop
    ip saddr 10.0.0.0/16 tcp dport 5432 accept
    tcp dport 2222 limit rate 6/minute accept comment "sftp"
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oif lo accept
    ct state established,related accept
    ct state invalid drop
    ip daddr { 9.9.9.9, 149.112.112.112 } udp dport 53 accept
    ip daddr { 9.9.9.9, 149.112.112.112 } tcp dport 53 accept
    meta skuid 998 tcp dport 443 accept comment "the agent"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname "docker0" oifname "eth0" tcp dport 443 accept
  }
}
`;
const files = { 'office.nft': OFFICE };

suite('import', () => {
  test('a policy with zones and flows named after what is there, proven equal', async () => {
    const ran = await portcullis(['import', 'office.nft', '--account', 'openclaw=998'], { files });
    assert.equal(ran.stderr, 'proven: the policy and the firewall let the same packets through\n');
    assert.equal(ran.exitCode, 0);
    const body = ran.stdout.slice(ran.stdout.indexOf('zones:'), ran.stdout.indexOf('\nbaseline:'));
    assert.equal(
      body,
      `zones:
  behind-wg0: { host: { interfaces: [wg0] } }
  sftp-clients: { addresses: [0.0.0.0/0, "::/0"], except: [10.0.0.66] }
  openclaw: { host: { users: [openclaw] } }
  behind-docker0: { host: { interfaces: [docker0] } }
  behind-eth0: { host: { interfaces: [eth0] } }

flows:
  - name: web-server
    from: any
    to: host
    service: [http, https]
    purpose: "web server"
  - name: postgresql
    from: ["10.0.0.0-10.0.0.65", "10.0.0.67-10.0.255.255"]
    to: host
    service: postgresql
  - name: ssh-for-the-bastions
    from: [10.0.5.10, 10.0.5.20]
    to: host
    service: ssh
    purpose: "SSH for the bastions"
  - name: node-exporter
    from: behind-wg0
    to: host
    service: node-exporter
  - name: sftp
    from: sftp-clients
    to: host
    service: tcp/2222
    purpose: "sftp"
    rate: 6/minute
  - name: dns-out
    from: host
    to: [9.9.9.9, 149.112.112.112]
    service: dns
  - name: the-agent
    from: openclaw
    to: any
    service: https
    purpose: "the agent"
  - name: https-routed
    from: behind-docker0
    to: behind-eth0
    service: https
`,
    );
  });

  test('what is written is a sound policy that diff calls equal, but for limits that each side knows by other names', async () => {
    const unlimited = { 'office.nft': OFFICE.replace('limit rate 6/minute ', '') };
    await inFolder(unlimited, async (folder) => {
      const ran = await portcullisIn(folder, ['import', 'office.nft', '-o', 'new.yaml']);
      assert.deepEqual([ran.exitCode, ran.stdout], [0, '']);
      assert.equal((await portcullisIn(folder, ['check', 'new.yaml'])).exitCode, 0);
      const { wider } = documentOf(
        await portcullisIn(folder, ['diff', '--new', '--json', 'office.nft', 'new.yaml']),
        'diff',
      );
      assert.deepEqual(wider, []);
    });
  });

  test('what the language cannot say is left out or listed, never let through in silence', async () => {
    const odd = `table inet t { chain i { type filter hook input priority 0; policy drop;
      ip daddr 10.0.0.5 tcp dport 22 accept
      tcp sport 1024 udp dport 1 accept
      ip daddr 224.0.0.251 udp dport 5353 accept
      meta mark 7 tcp dport 99 accept; }
      chain o { type filter hook output priority 0; policy drop; } chain f { type filter hook forward priority 0; policy drop; } }`.replace(
      'tcp sport 1024 udp',
      'udp sport 1024 udp',
    );
    const lined = odd.replaceAll('} chain', '}\n chain');
    const ran = await portcullis(['import', '-', '--json'], { stdin: lined });
    const { equal, wider, narrower, policy } = documentOf(ran, 'import');
    assert.deepEqual([ran.exitCode, equal], [1, false]);
    assert.ok(Array.isArray(wider) && Array.isArray(narrower) && typeof policy === 'string');
    assert.match(wider.map(({ packets }) => packets).join('\n'), /to not 10\.0\.0\.5 port 22/);
    const less = narrower.map(({ packets }) => packets).join('\n');
    assert.match(less, /source port 1024 .*port 1 /);
    assert.match(less, /to 224\.0\.0\.251 port 5353/);
    assert.match(less, /port 99 .*mark/);
  });

  test('two flows that both have the addresses of a family do not leave them to each other', async () => {
    const save = (family: string, rules: readonly string[]): string =>
      [
        `# Generated by ${family}-save`,
        '*filter',
        ...['INPUT', 'OUTPUT', 'FORWARD'].map((chain) => `:${chain} DROP [0:0]`),
        '-A FORWARD -m conntrack --ctstate INVALID -j DROP',
        ...['INPUT', 'OUTPUT', 'FORWARD'].map(
          (chain) => `-A ${chain} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
        ),
        ...rules.map((rule) => `-A FORWARD -i eth1 -o eth2 ${rule} -j ACCEPT`),
        'COMMIT',
        '',
      ].join('\n');
    const v4 = save('iptables', ['-s 10.16.16.90 -d 10.32.27.128/25', '-s 10.16.24.160/27 -d 10.32.20.1']);
    const v6 = save('ip6tables', [
      '-s 2001:db8:16:16::/64 -d 2001:db8:32:46::52 -p tcp -m multiport --dports 139,445',
      '-s 2001:db8:16:56::/64 -d 2001:db8:32:31::/64',
    ]);
    const ran = await portcullis(['import', 'v4.rules', 'v6.rules'], { files: { 'v4.rules': v4, 'v6.rules': v6 } });
    assert.match(ran.stderr, /^proven: the policy and the firewall let the same packets through$/m);
    assert.equal(ran.exitCode, 0);
  });

  test('names of hosts come from a policy', async () => {
    await inFolder({ 'p.yaml': POLICY }, async (folder) => {
      const rendered = await portcullisIn(folder, ['render', 'nftables', 'p.yaml', '-o', '.']);
      assert.equal(rendered.exitCode, 0, rendered.stderr);
      const without = await portcullisIn(folder, ['import', 'portcullis.nft', '--json']);
      const { leftOut } = documentOf(without, 'import');
      assert.ok(Array.isArray(leftOut));
      assert.match(leftOut[0].reason, /holds addresses for `backend` but not the names/);
      assert.equal(without.exitCode, 1);
      const with_ = await portcullisIn(folder, ['import', 'portcullis.nft', '--names', 'p.yaml']);
      assert.equal(with_.exitCode, 0, with_.stderr);
      assert.match(with_.stdout, /backend: \{ domains: \[backend\.example\.com\] \}/);
      assert.match(
        with_.stdout,
        /- name: ssh\n {4}from: \[10\.0\.5\.10, "2001:db8:5::10"\]\n.*\n.*\n {4}rate: 6\/minute per source/,
      );
    });
  });

  test('a limit that several flows share is told', async () => {
    const shared = OFFICE.replace(
      'tcp dport 2222 limit',
      'tcp dport 2222 accept\n    ip saddr . tcp dport { 192.0.2.1 . 71, 192.0.2.2 . 72 } limit',
    );
    const ran = await portcullis(['import', '-'], { stdin: shared });
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /the limit of 6\/minute holds for several flows together/);
  });

  test('a policy, a file that is there and what is none of all are refused by name', async () => {
    const refusals: readonly (readonly [args: readonly string[], exitCode: number, code: string])[] = [
      [['import', 'p.yaml'], 2, 'X0001'],
      [['import', 'office.nft', '-o', 'p.yaml'], 3, 'X0003'],
      [['import', 'gone'], 2, 'C0002'],
    ];
    for (const [args, exitCode, code] of refusals) {
      const ran = await portcullis(args, { files: { ...files, 'p.yaml': POLICY } });
      assert.deepEqual([ran.exitCode, ran.stderr.includes(`[${code}]`)], [exitCode, true], ran.stderr);
    }
    const forced = await portcullis(['import', 'office.nft', '-o', 'p.yaml', '--force'], {
      files: { ...files, 'p.yaml': POLICY },
    });
    assert.equal(forced.exitCode, 0);
  });
});

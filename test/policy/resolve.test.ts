import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FIRST_PLACEHOLDER_UID, type Intent, type Peer } from '../../src/ir/index.ts';
import { formatDnsPattern, formatRange } from '../../src/net/index.ts';
import { loadPolicyText } from '../../src/policy/index.ts';
import { EVERY_SERVICE, resolvePolicy } from '../../src/resolve/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { context, readerOfTexts } from './support.ts';

function intentOf(policy: string): Intent {
  const file = new SourceFile('policy.yaml', `portcullis: 1\n${policy}`);
  const loaded = loadPolicyText(file, readerOfTexts({}));
  assert.ok(loaded.policy);
  const { intent, diagnostics } = resolvePolicy(loaded.policy, context);
  assert.ok(intent, JSON.stringify([...loaded.diagnostics, ...diagnostics].map(({ message }) => message)));
  return intent;
}

/** A peer in one line. */
function show(peer: Peer): string {
  switch (peer.kind) {
    case 'local': {
      const accounts = peer.accounts?.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
      const parts = [accounts === undefined ? '' : `uid ${accounts.join()}`, peer.cgroup ?? ''].filter(
        (part) => part !== '',
      );
      return `local ${parts.join(' in ')}`.trim();
    }
    case 'remote': {
      const through = peer.interfaces?.map(({ name, wildcard }) => (wildcard ? `${name}*` : name));
      return `${peer.ranges.map(formatRange).join()}${through === undefined ? '' : ` via ${through.join()}`}`;
    }
    case 'named':
      return `names of ${peer.group}`;
  }
}

describe('a zone becomes peers', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['an account', '{ host: { users: openclaw } }', ['local uid 998']],
    ['accounts of all kinds', '{ host: { users: [root, 998, 1000-1999, 999] } }', ['local uid 0,998-1999']],
    ['a cgroup', '{ host: { cgroups: /system.slice/a.service } }', ['local system.slice/a.service']],
    ['an account or a cgroup', '{ host: { users: root, cgroups: a.slice } }', ['local uid 0', 'local a.slice']],
    ['addresses', '{ addresses: [10.0.0.1, 10.0.0.0/24, "2001:db8::/64"] }', ['10.0.0.0/24,2001:db8::/64']],
    ['adjacent addresses', '{ addresses: [10.0.0.0/25, 10.0.0.128-10.0.0.255] }', ['10.0.0.0/24']],
    ['an interface', '{ host: { interfaces: "br-*" } }', ['0.0.0.0/0,::/0 via br-*']],
    ['addresses behind an interface', '{ addresses: 10.0.0.1, host: { interfaces: eth1 } }', ['10.0.0.1 via eth1']],
    ['names', '{ domains: [example.com, "*.example.com"] }', ['names of it']],
    ['an account and addresses', '{ host: { users: root }, addresses: 10.0.0.1 }', ['local uid 0', '10.0.0.1']],
    ['other zones', '{ zones: [one, two, host] }', ['local', '10.0.0.0/24,192.0.2.1']],
    ['the same twice', '{ zones: [one, one] }', ['10.0.0.0/24']],
    ['loopback', '{ zones: loopback }', ['127.0.0.0/8,::1 via lo']],
    ['private addresses', '{ zones: private }', ['10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7']],
    ['all but an address', '{ zones: one, except: 10.0.0.7 }', ['10.0.0.0-10.0.0.6,10.0.0.8-10.0.0.255']],
    ['all but a zone', '{ addresses: [10.0.0.0/23], except: one }', ['10.0.1.0/24']],
    ['addresses, the exception being accounts', '{ zones: one, except: admins }', ['10.0.0.0/24']],
    ['every account but some', '{ zones: host, except: admins }', ['local uid 1-997,999-4294967294']],
    [
      'a cgroup but for an account',
      '{ host: { cgroups: a }, except: admins }',
      ['local uid 1-997,999-4294967294 in a'],
    ],
    ['a cgroup but for one above it', '{ addresses: 10.0.0.9, host: { cgroups: a/b }, except: cg }', ['10.0.0.9']],
    ['an interface but for another', '{ host: { interfaces: [eth0] }, except: behind }', ['0.0.0.0/0,::/0 via eth0']],
    [
      'names and accounts, but for accounts',
      '{ domains: a.example, host: { users: [0, 5] }, except: admins }',
      ['local uid 5', 'names of it'],
    ],
    ['only other layers', '{ docker: { network: x } }', []],
  ];
  for (const [what, zone, expected] of cases) {
    test(what, () => {
      const others = [
        'one: { addresses: 10.0.0.0/24 }',
        'two: { addresses: 192.0.2.1 }',
        'admins: { host: { users: [root, openclaw] } }',
        'cg: { host: { cgroups: a } }',
        'behind: { host: { interfaces: eth1 } }',
      ];
      const intent = intentOf(`zones:\n  ${others.join('\n  ')}\n  it: ${zone}`);
      assert.deepEqual(intent.zones.get('it')?.map(show), expected);
    });
  }

  test('the internet has no address with a special purpose', () => {
    const ranges = intentOf('zones: {}')
      .zones.get('internet')
      ?.flatMap((peer) => (peer.kind === 'remote' ? peer.ranges : []));
    assert.ok(ranges);
    const text = ranges.map(formatRange);
    assert.ok(text.includes('1.0.0.0-9.255.255.255'), text.join());
    for (const [name, family, value, expected] of [
      ['8.8.8.8', 4, 0x08080808n, true],
      ['169.254.169.254', 4, 0xa9fea9fen, false],
      ['100.64.0.1', 4, 0x64400001n, false],
      ['203.0.113.5', 4, 0xcb007105n, false],
      ['224.0.0.1', 4, 0xe0000001n, false],
      ['255.255.255.255', 4, 0xffffffffn, false],
      ['2606:4700::1', 6, 0x26064700n << 96n, true],
      ['2001:db8::1', 6, 0x20010db8n << 96n, false],
      ['2002::1', 6, 0x2002n << 112n, false],
      ['64:ff9b::1', 6, 0x0064ff9bn << 96n, false],
      ['fe80::1', 6, 0xfe80n << 112n, false],
      ['::1', 6, 1n, false],
      ['::ffff:8.8.8.8', 6, 0xffff08080808n, false],
    ] as const) {
      const has = ranges.some((range) => range.family === family && range.first <= value && value <= range.last);
      assert.equal(has, expected, name);
    }
  });
});

describe('an intent', () => {
  const POLICY = `
name: sample
zones:
  agent: { host: { users: [openclaw, ghost] } }
  site: { domains: [a.example, b.example], enforce: resolved }
enforce: ranges
services: { web: [http, https, tcp/443], all: [web, dns] }
catalog: { discord: { add: media.example, remove: discord.com }, own: { domains: [c.example] } }
baseline: { dhcp: false, forwarding: true }
flows:
  - { name: one, from: agent, to: [site, catalog:discord, d.example, 192.0.2.1], service: all, rate: 6/minute per source, owner: me, purpose: p, risk: r, required: true, expires: 2099-01-01 }
  - { name: two, from: [192.0.2.0/24, agent], to: host, service: icmp/echo-request }
tests:
  - { from: agent, allow: ["b.example:443/tcp", "site:https"], deny: ["discord.com:443/tcp", 192.0.2.9] }
  - { from: any, to: [host, agent], deny: tcp/1-65535 }
`;
  const intent = intentOf(POLICY);

  test('has the grants of its flows', () => {
    const [one, two] = intent.grants;
    assert.ok(one && two);
    const { from, to, services, origin, ...rest } = one;
    assert.deepEqual(rest, {
      name: 'one',
      rate: { count: 6, per: 'minute', perSource: true },
      purpose: 'p',
      risk: 'r',
      owner: 'me',
      required: true,
      expires: '2099-01-01',
    });
    assert.deepEqual(from.map(show), [`local uid 998,${FIRST_PLACEHOLDER_UID}`]);
    assert.deepEqual(to.map(show), ['192.0.2.1', 'names of site', 'names of catalog:discord', 'names of d.example']);
    assert.deepEqual(
      services.map(({ protocol, ports }) => `${protocol}/${ports?.first}`),
      ['6/80', '6/443', '17/53', '6/53'],
    );
    assert.equal(origin.span?.file.text.slice(origin.span.start, origin.span.start + 7), '{ name:');
    assert.deepEqual(two.from.map(show), [`local uid 998,${FIRST_PLACEHOLDER_UID}`, '192.0.2.0/24']);
    assert.deepEqual(two.to.map(show), ['local']);
  });

  test('keeps names in groups, as the policy overrides them', () => {
    assert.deepEqual(
      intent.groups.map(
        ({ key, patterns, enforcement }) => `${key} ${enforcement}: ${patterns.map(formatDnsPattern).join()}`,
      ),
      [
        'site resolved: a.example,b.example',
        'catalog:discord ranges: *.discord.gg,media.example',
        'd.example ranges: d.example',
      ],
    );
  });

  test('gives unknown accounts placeholders', () => {
    assert.deepEqual([...intent.unknownAccounts], [[FIRST_PLACEHOLDER_UID, 'ghost']]);
  });

  test('switches pieces of the baseline', () => {
    const names = intent.baseline.map(({ name }) => name);
    assert.ok(!names.includes('dhcp') && names.includes('forwarding') && names.includes('established'));
  });

  test('has its tests, one for each claim', () => {
    assert.deepEqual(
      intent.tests.map(({ text, expect, to, services }) => [
        text,
        expect,
        to.map((peer) => (peer.kind === 'name' ? `${peer.name} of ${peer.groups.join()}` : show(peer))).join(' + '),
        services === EVERY_SERVICE
          ? 'any'
          : services.map(({ protocol, ports }) => `${protocol}/${ports?.first}-${ports?.last}`).join(),
      ]),
      [
        ['from agent allow b.example:443/tcp', 'allow', 'b.example of site', '6/443-443'],
        ['from agent allow site:https', 'allow', 'names of site', '6/443-443'],
        ['from agent deny discord.com:443/tcp', 'deny', 'discord.com of ', '6/443-443'],
        ['from agent deny 192.0.2.9', 'deny', '192.0.2.9', 'any'],
        ['from any deny tcp/1-65535', 'deny', 'local', '6/1-65535'],
      ],
    );
  });

  test('says every zone, the built-in ones too', () => {
    assert.deepEqual([...intent.zones.keys()].sort(), [
      'agent',
      'any',
      'host',
      'internet',
      'loopback',
      'private',
      'site',
    ]);
  });

  test('`any` is every protocol but the control messages of ICMP', () => {
    assert.equal(EVERY_SERVICE.length, 256);
    assert.deepEqual(
      EVERY_SERVICE.filter(({ icmp }) => icmp !== undefined).map(({ protocol, family, icmp }) => [
        protocol,
        family,
        icmp?.type,
      ]),
      [
        [1, 4, 8],
        [58, 6, 128],
      ],
    );
  });

  test('a flow that only other layers enforce is left out, and the rest stays', () => {
    const partly = intentOf(
      'zones: { pod: { kubernetes: { namespace: x } } }\nflows:\n  - { name: a, from: pod, to: host, service: ssh }\n  - { name: b, from: [pod, 192.0.2.1], to: host, service: ssh }',
    );
    assert.deepEqual(
      partly.grants.map(({ name, from }) => [name, from.map(show)]),
      [['b', ['192.0.2.1']]],
    );
    assert.deepEqual(partly.zones.get('pod'), []);
  });
});

describe('bounds', () => {
  const codes = (policy: string): Set<string> => {
    const file = new SourceFile('policy.yaml', `portcullis: 1\n${policy}`);
    const loaded = loadPolicyText(file, readerOfTexts({}));
    assert.ok(loaded.policy);
    return new Set(
      resolvePolicy(loaded.policy, context)
        .diagnostics.filter(({ severity }) => severity === 'error')
        .map(({ code }) => code),
    );
  };

  test('zones that are nested too deeply', () => {
    const zones = Array.from({ length: 20_000 }, (_, index) => `  z${index}: { zones: z${index + 1} }`);
    assert.deepEqual(codes(`zones:\n${zones.join('\n')}\n  z20000: { addresses: 10.0.0.1 }`), new Set(['R0006']));
  });

  test('services that are nested too deeply', () => {
    const services = Array.from({ length: 20_000 }, (_, index) => `  s${index}: s${index + 1}`);
    assert.deepEqual(codes(`services:\n${services.join('\n')}\n  s20000: tcp/1`), new Set(['R0006']));
  });

  test('services that repeat each other do not multiply', () => {
    const services = Array.from(
      { length: 30 },
      (_, index) => `  s${index}: [s${index + 1}, s${index + 1}, tcp/${index + 1}]`,
    );
    const intent = intentOf(
      `services:\n${services.join('\n')}\n  s30: tcp/99\nflows: [{ name: a, from: 192.0.2.1, to: host, service: s0 }]`,
    );
    assert.equal(intent.grants[0]?.services.length, 31);
  });
});

test('credentials belong to the accounts and the addresses of their zone', () => {
  const digest = 'AB'.repeat(32);
  const { gateway } = intentOf(`gateway:
  upstream: 9.9.9.9
  credentials:
    - { user: box, zone: containers, digest: "${digest}" }
    - { user: own, zone: agent, digest: "${digest}" }
zones:
  containers: { addresses: [172.20.0.0/16, "fd00:20::/64"] }
  agent: { host: { users: [1000-1002] } }
flows: [{ name: a, from: [containers, agent], to: host, service: tcp/1 }]`);
  assert.deepEqual(
    gateway?.credentials.map(({ user, digest: kept, accounts, addresses }) => [
      user,
      kept,
      accounts,
      addresses.map(formatRange),
    ]),
    [
      ['box', digest.toLowerCase(), [], ['172.20.0.0/16', 'fd00:20::/64']],
      ['own', digest.toLowerCase(), [{ first: 1000, last: 1002 }], []],
    ],
  );
});

test('a flow to a name that the policy gives addresses is a flow to these', () => {
  const { grants, gateway } = intentOf(`gateway:
  upstream: 9.9.9.9
  hosts: { nas.home.arpa: [192.168.1.10, "fd00::10"], b.wild.example: 192.168.1.11, c.wild.example: 192.168.1.12 }
flows:
  - { name: nas, from: host, to: [nas.home.arpa, 10.0.0.1], service: https }
  - { name: wild, from: host, to: "*.wild.example", service: https }
  - { name: other, from: host, to: other.example, service: https }`);
  assert.deepEqual(
    grants.map(({ name, to }) => [name, to.map(show)]),
    [
      ['nas', ['10.0.0.1', 'names of nas.home.arpa', '192.168.1.10,fd00::10']],
      ['wild', ['names of *.wild.example', '192.168.1.11-192.168.1.12']],
      ['other', ['names of other.example']],
    ],
  );
  assert.equal(gateway?.hosts.length, 3);
});

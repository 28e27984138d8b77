import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Grant, Intent, Peer, Service } from '../ir/index.ts';
import { type Address, parseAddress, parseDnsName, parseDnsPattern, parseHost, range } from '../net/index.ts';
import { type EgressClient, type EgressDecision, EgressPolicy } from './egress.ts';

const agent: Peer = { kind: 'local', accounts: [{ first: 1000, last: 1000 }] };
const other: Peer = { kind: 'local', accounts: [{ first: 1001, last: 1001 }] };
const crawler: Peer = { kind: 'local', accounts: [{ first: 1002, last: 1002 }] };
const process6: Peer = { kind: 'local', accounts: [{ first: 1003, last: 1003 }] };
const INTERNET = [range('1.0.0.0/8'), range('8.0.0.0/8'), range('2000::/3')]; // enough of it
const internet: Peer = { kind: 'remote', ranges: INTERNET };
const remote = (text: string): Peer => ({ kind: 'remote', ranges: [range(text)] });
const tcp = (port: number): Service => ({ protocol: 6, ports: { first: port, last: port } });
const flow = (name: string, from: Peer, to: Peer, ...services: Service[]): Grant => ({
  name,
  from: [from],
  to: [to],
  services,
  required: false,
  origin: {},
});
const group = (key: string, ...patterns: string[]) => ({
  key,
  patterns: patterns.map((pattern) => parseDnsPattern(pattern)!),
  enforcement: 'gateway' as const,
  origin: {},
});

const intent: Intent = {
  name: 'example',
  baseline: [],
  grants: [
    flow('discord', agent, { kind: 'named', group: 'discord' }, tcp(443)),
    flow('mail', other, { kind: 'named', group: 'mail' }, tcp(465)),
    flow('model', agent, remote('192.168.7.7'), tcp(11434)),
    flow('lan-name', agent, { kind: 'named', group: 'lan' }, tcp(11434)),
    flow('web', crawler, internet, tcp(443)),
    flow('six', process6, remote('::/0'), tcp(443)),
    flow('own-api', agent, { kind: 'local' }, tcp(8080)),
    flow('containers', remote('172.30.0.0/24'), { kind: 'named', group: 'discord' }, tcp(443)),
    flow('beta', agent, { kind: 'named', group: 'beta' }, tcp(443), tcp(8443)),
    flow('alpha', agent, { kind: 'named', group: 'alpha' }, tcp(443), tcp(8443)),
  ],
  groups: [
    group('discord', 'discord.com', '*.discord.gg'),
    group('mail', 'smtp.example.com'),
    group('lan', 'ollama.lan'),
    group('alpha', 'both.two.test'), // exact names are found before wildcards, the policy's order is the other
    group('beta', '*.two.test'),
  ],
  tests: [],
  zones: new Map([['internet', [internet]]]),
  unknownAccounts: new Map(),
};
const policy = new EgressPolicy(intent);
const address = (text: string): Address => parseAddress(text)!;
const process = (account: number): EgressClient => ({ address: address('127.0.0.1'), account });
const AGENT = process(1000);

function ask(client: EgressClient, text: string, port: number): EgressDecision {
  const host = parseHost(text, { bracketed: true });
  assert.notEqual(host.kind, 'none');
  return host.kind === 'none' ? assert.fail() : policy.ask({ client, host, protocol: 6, port });
}

function said(decision: EgressDecision): string {
  return decision.verdict === 'allow'
    ? `${decision.grant.name} by ${decision.by}`
    : [decision.denial, ...decision.near.map(({ name }) => name)].join(' ');
}

describe('what the gateway is told of a question', () => {
  const CONTAINER: EgressClient = { address: address('172.30.0.5') };
  const cases: readonly (readonly [EgressClient, string, number, string])[] = [
    [AGENT, 'discord.com', 443, 'discord by name'],
    [AGENT, 'gateway.discord.gg', 443, 'discord by name'],
    [AGENT, 'a.b.discord.gg', 443, 'discord by name'],
    [AGENT, 'discord.gg', 443, 'unlisted-name'],
    [AGENT, 'evildiscord.com', 443, 'unlisted-name'],
    [AGENT, 'discord.com.evil.example', 443, 'unlisted-name'],
    [AGENT, 'discord.com', 22, 'other-service discord'],
    [AGENT, 'smtp.example.com', 465, 'unlisted-name'], // somebody else's flow
    [process(1001), 'smtp.example.com', 465, 'mail by name'],
    [process(1001), 'discord.com', 443, 'unlisted-name'],
    [AGENT, '192.168.7.7', 11434, 'model by address'],
    [AGENT, '192.168.7.8', 11434, 'unlisted-address'],
    [AGENT, '192.168.7.7', 22, 'other-service model'],
    [AGENT, '1.2.3.4', 443, 'unlisted-address'],
    [process(1002), '1.2.3.4', 443, 'web by address'],
    [process(1002), 'anything.example', 443, 'web by address'],
    [process(1002), 'anything.example', 25, 'unlisted-name'],
    [process(4242), 'discord.com', 443, 'unknown-client'],
    [CONTAINER, 'discord.com', 443, 'containers by name'],
    [AGENT, 'both.two.test', 443, 'beta by name'], // the policy's first of both
    [AGENT, 'both.two.test', 22, 'other-service beta alpha'],
    [{ address: address('172.31.0.5') }, 'discord.com', 443, 'unknown-client'],
  ];
  for (const [client, host, port, expected] of cases) {
    test(`${client.account ?? 'a container'} -> ${host}:${port}`, () =>
      assert.equal(said(ask(client, host, port)), expected));
  }
});

describe('the addresses that are behind a name', () => {
  const cases: readonly (readonly [EgressClient, string, number, string, boolean, string])[] = [
    [AGENT, 'discord.com', 443, '8.8.8.8', false, 'discord by name'],
    [AGENT, 'discord.com', 443, '2001:4860::1', false, 'discord by name'],
    [AGENT, 'discord.com', 443, '127.0.0.1', true, 'own-address own-api'],
    [AGENT, 'discord.com', 443, '8.8.8.8', true, 'own-address own-api'], // the machine's own public address
    [AGENT, 'discord.com', 443, '169.254.169.254', false, 'special-address'],
    [AGENT, 'discord.com', 443, '::ffff:8.8.8.8', false, 'special-address'],
    [AGENT, 'discord.com', 443, '64:ff9b::808:808', false, 'special-address'],
    [AGENT, 'discord.com', 443, '192.168.7.7', false, 'special-address model'],
    [AGENT, 'ollama.lan', 11434, '192.168.7.7', false, 'model by address'], // the policy says so by the address itself
    [AGENT, 'ollama.lan', 11434, '192.168.7.8', false, 'special-address'],
    [process(1002), 'anything.example', 443, '1.2.3.4', false, 'web by address'],
    [process(1002), 'anything.example', 443, '10.0.0.1', false, 'unlisted-address'],
    [process(1002), 'anything.example', 443, '1.2.3.4', true, 'own-address'],
    [process(1003), 'anything.example', 443, '2001:4860::1', false, 'six by address'],
    [process(1003), 'anything.example', 443, '::ffff:10.0.0.1', false, 'special-address'], // the kernel would go there by IPv4
    [process(1003), 'anything.example', 443, '::10.0.0.1', false, 'special-address'],
    [process(1003), 'anything.example', 443, '64:ff9b::a00:1', false, 'unlisted-address'], // 10.0.0.1 behind NAT64
    [process(1003), 'anything.example', 443, '2002:a00:1::1', false, 'unlisted-address'],
  ];
  for (const [client, host, port, dialled, isOwn, expected] of cases) {
    test(`${client.account} -> ${host}:${port} at ${dialled}${isOwn ? ', its own' : ''}`, () => {
      const decision = ask(client, host, port);
      assert.equal(decision.verdict, 'allow');
      if (decision.verdict !== 'allow') return;
      assert.equal(said(policy.mayDial(decision, client, { protocol: 6, port }, address(dialled), isOwn)), expected);
    });
  }
});

const BEHIND_WG: Peer = {
  kind: 'remote',
  ranges: [range('192.168.77.0/24')],
  interfaces: [{ name: 'wg0', wildcard: false }],
};

describe('an address', () => {
  const open = new EgressPolicy({
    ...intent,
    grants: [
      flow('everywhere', agent, { kind: 'remote', ranges: [range('0.0.0.0/0'), range('::/0')] }, tcp(443)),
      flow('named', agent, { kind: 'named', group: 'discord' }, tcp(443)),
      flow('behind', other, BEHIND_WG, tcp(22)),
    ],
  });
  const dial = (client: EgressClient, text: string, port: number, to: string): string => {
    const host = parseHost(text, { bracketed: true });
    const decision = host.kind === 'none' ? assert.fail() : open.ask({ client, host, protocol: 6, port });
    if (decision.verdict === 'deny') return said(decision);
    return said(open.mayDial(decision, client, { protocol: 6, port }, address(to), false));
  };

  test('that stands for this machine itself is dialled for nobody', () => {
    for (const to of ['0.0.0.0', '0.1.2.3']) assert.equal(dial(AGENT, '192.0.2.1', 443, to), 'special-address');
    assert.equal(dial(AGENT, '[2001:db8::1]', 443, '::'), 'special-address');
    assert.equal(dial(AGENT, 'discord.com', 443, '0.0.0.0'), 'special-address');
    assert.equal(dial(AGENT, '192.0.2.1', 443, '192.0.2.1'), 'everywhere by address');
  });

  test('is dialled whatever interface leads there: the kernel holds the gateway to it', () => {
    assert.equal(dial(process(1001), '192.168.77.5', 22, '192.168.77.5'), 'behind by address');
    assert.equal(dial(process(1001), '192.168.78.5', 22, '192.168.78.5'), 'unlisted-address');
  });
});

describe('a lookup', () => {
  const cases: readonly (readonly [number, string, string])[] = [
    [1000, 'discord.com', 'discord by name'],
    [1000, 'ollama.lan', 'lan-name by name'],
    [1000, 'evil.example', 'unlisted-name'],
    [1001, 'discord.com', 'unlisted-name'],
    [1002, 'evil.example', 'web by address'],
    [4242, 'discord.com', 'unknown-client'],
  ];
  for (const [account, name, expected] of cases) {
    test(`${account}: ${name}`, () => {
      const host = parseHost(name, { bracketed: false });
      assert.ok(host.kind === 'name');
      assert.equal(said(policy.lookUp(process(account), host.name)), expected);
    });
  }
});

describe('the groups that a lookup opens', () => {
  const resolved = new EgressPolicy({
    ...intent,
    groups: intent.groups.map((each) => ({ ...each, enforcement: each.key === 'lan' ? 'gateway' : 'resolved' })),
  });
  const name = (text: string) => parseDnsName(text)!;
  test('are those of the name and of the client, where addresses enforce them', () => {
    assert.deepEqual(resolved.opens(AGENT, name('discord.com')), ['discord']);
    assert.deepEqual(resolved.opens({ address: address('172.30.0.5') }, name('gateway.discord.gg')), ['discord']);
    assert.deepEqual(resolved.opens(process(1001), name('discord.com')), []);
    assert.deepEqual(resolved.opens(AGENT, name('smtp.example.com')), []);
    assert.deepEqual(resolved.opens(AGENT, name('ollama.lan')), []);
    assert.deepEqual(policy.opens(AGENT, name('discord.com')), []);
  });
  test('and the wildcard over a name, unless it is named itself', () => {
    assert.equal(policy.wildcardOver(name('a.b.discord.gg')), 'discord.gg');
    assert.equal(policy.wildcardOver(name('discord.gg')), undefined);
    assert.equal(policy.wildcardOver(name('discord.com')), undefined);
    assert.equal(policy.wildcardOver(name('evil.example')), undefined);
  });
});

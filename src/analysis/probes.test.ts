import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BASELINE, type Grant, type Intent, type NameGroup, type Peer, type Service } from '../ir/index.ts';
import { formatAddress, PROTOCOLS, parseDnsPattern, range } from '../net/index.ts';
import { formatFlow } from './flow-text.ts';
import { judge } from './probe-result.ts';
import { stageFor } from './probe-stage.ts';
import { decidingFlow, type Probe, type ProbePlan, planProbes } from './probes.ts';

const here: Peer = { kind: 'local' };
const agent: Peer = { kind: 'local', accounts: [{ first: 998, last: 998 }] };

function remote(...ranges: readonly string[]): Peer {
  return { kind: 'remote', ranges: ranges.map(range) };
}

function tcp(first: number, last = first): Service {
  return { protocol: PROTOCOLS.tcp, ports: { first, last } };
}

function grant(name: string, from: Peer, to: Peer, service: Service, more: Partial<Grant> = {}): Grant {
  return { name, from: [from], to: [to], services: [service], required: false, origin: {}, ...more };
}

function intent(grants: readonly Grant[], groups: readonly NameGroup[] = []): Intent {
  const baseline = BASELINE.filter(({ name }) => name !== 'forwarding');
  return { name: 'test', baseline, grants, groups, tests: [], zones: new Map(), unknownAccounts: new Map() };
}

function plan(policy: Intent, limit = 1_000): ProbePlan {
  return planProbes(policy, stageFor(policy), limit);
}

function about(policy: Intent, name: string): Probe[] {
  return plan(policy).probes.filter((probe) => probe.about === name);
}

/** `verdict  packet` without the source port, which is any. */
function lines(probes: readonly Probe[]): string[] {
  return probes.map(({ expected, flows }) => {
    const [{ sport: _sport, ...flow }] = flows;
    return `${expected.verdict} ${formatFlow(flow)}`;
  });
}

describe('packets for a grant', () => {
  test('stand at its corners and just outside them, in each family', () => {
    const policy = intent([grant('web', remote('10.1.0.0/16', '2001:db8::/32'), here, tcp(8000, 8100))]);
    const found = lines(about(policy, 'web'));
    for (const expected of [
      'accept tcp 10.1.0.0 -> 198.18.0.1:8000 iif eth0',
      'accept tcp 10.1.255.255 -> 198.18.0.1:8000 iif eth0',
      'accept tcp 10.1.0.0 -> 198.18.0.1:8100 iif eth0',
      'drop tcp 10.0.255.255 -> 198.18.0.1:8000 iif eth0',
      'drop tcp 10.2.0.0 -> 198.18.0.1:8000 iif eth0',
      'drop tcp 10.1.0.0 -> 198.18.0.1:7999 iif eth0',
      'drop tcp 10.1.0.0 -> 198.18.0.1:8101 iif eth0',
      'drop udp 10.1.0.0 -> 198.18.0.1:8000 iif eth0',
      'accept tcp [2001:db8::] -> [2001:2::1]:8000 iif eth0',
      'accept tcp [2001:db8:ffff:ffff:ffff:ffff:ffff:ffff] -> [2001:2::1]:8000 iif eth0',
      'drop tcp [2001:db7:ffff:ffff:ffff:ffff:ffff:ffff] -> [2001:2::1]:8000 iif eth0',
      'drop tcp [2001:db9::] -> [2001:2::1]:8000 iif eth0',
    ]) {
      assert.ok(found.includes(expected), `missing: ${expected}\n${found.join('\n')}`);
    }
  });

  test('of one family try the other one too', () => {
    const policy = intent([grant('db', agent, remote('10.0.0.9'), tcp(5432))]);
    assert.ok(
      about(policy, 'db').some(({ flows: [flow], expected }) => flow.family === 6 && expected.verdict === 'reject'),
    );
  });

  test('come from another account and from root as well', () => {
    const policy = intent([grant('db', agent, remote('10.0.0.9'), tcp(5432))]);
    const verdicts = new Map(
      about(policy, 'db').map(({ flows: [flow], expected, aspect }) => [
        `${flow.srcAccount} ${aspect}`,
        expected.verdict,
      ]),
    );
    assert.equal(verdicts.get('998 IPv4'), 'accept');
    assert.equal(verdicts.get('33 IPv4, another account'), 'reject');
    assert.equal(verdicts.get('0 IPv4, root'), 'reject');
  });

  test('of an interface come by another interface as well', () => {
    const tailnet: Peer = {
      kind: 'remote',
      ranges: [range('100.64.0.0/10')],
      interfaces: [{ name: 'tailscale', wildcard: true }],
    };
    const policy = intent([grant('ui', tailnet, here, tcp(18789))]);
    const found = lines(about(policy, 'ui'));
    assert.ok(found.includes('accept tcp 100.64.0.0 -> 198.18.0.3:18789 iif tailscale0'), found.join('\n'));
    assert.ok(found.includes('drop tcp 100.64.0.0 -> 198.18.0.1:18789 iif eth0'), found.join('\n'));
  });

  test('ask for each name of a group, and for its wildcards by an example', () => {
    const patterns = ['discord.com', '*.discord.gg'].flatMap((text) => parseDnsPattern(text) ?? []);
    const group: NameGroup = { key: 'catalog:discord', patterns, enforcement: 'resolved', origin: {} };
    const policy = intent([grant('discord', agent, { kind: 'named', group: group.key }, tcp(443))], [group]);
    const accepted = about(policy, 'discord').filter(({ expected }) => expected.verdict === 'accept');
    assert.deepEqual(
      new Set(accepted.map(({ flows: [flow] }) => `${flow.dstName} ${flow.family}`)),
      new Set(['discord.com 4', 'discord.com 6', 'lab.discord.gg 4', 'lab.discord.gg 6']),
    );
  });

  test('are what the policy says they are, not what the generator hoped: an overlapping grant', () => {
    const policy = intent([
      grant('one', remote('10.0.0.1'), here, tcp(22)),
      grant('two', remote('10.0.0.0/24'), here, tcp(22)),
    ]);
    const neighbour = about(policy, 'one').find(({ aspect }) => aspect === 'IPv4, just past the last source address');
    assert.equal(neighbour?.expected.verdict, 'accept');
    assert.equal(neighbour && decidingFlow(neighbour), 'two');
  });

  test('stay within its rate', () => {
    const rate = { count: 2, per: 'minute', perSource: false } as const;
    const policy = intent([
      grant('ssh', remote('10.0.0.0/24', '10.9.0.0/24', '2001:db8::/32'), here, tcp(22), { rate }),
    ]);
    const accepted = about(policy, 'ssh').filter(({ expected }) => expected.verdict === 'accept');
    assert.equal(accepted.filter(({ unsendable }) => unsendable === undefined).length, 2);
    assert.match(accepted.at(-1)?.unsendable ?? '', /beyond the rate of `ssh`, 2\/minute/);
  });

  test('that nothing can send say why', () => {
    const sctp: Service = { protocol: PROTOCOLS.sctp, ports: { first: 80, last: 80 } };
    const policy = intent([
      grant('sctp', agent, remote('10.0.0.9'), sctp),
      grant('cgroup', { kind: 'local', cgroup: 'system.slice/agent.service' }, remote('10.0.0.9'), tcp(443)),
      grant('multicast', agent, remote('224.0.0.251', 'ff02::fb'), tcp(5353)),
    ]);
    const heart = (name: string) =>
      about(policy, name).find(({ expected }) => expected.verdict === 'accept' || name === 'cgroup');
    assert.match(heart('sctp')?.unsendable ?? '', /not protocol 132/);
    assert.match(heart('cgroup')?.unsendable ?? '', /no process in the cgroup/);
    assert.deepEqual(
      plan(policy).without.map(({ about, reason }) => `${about}: ${reason}`),
      ['multicast: no packet of another machine can carry its addresses'],
    );
  });
});

describe('a plan', () => {
  test('denies by default in every direction, both families', () => {
    const rest = plan(intent([])).probes.filter((probe) => probe.about === 'everything else');
    const kinds = new Set(rest.map(({ flows: [flow], expected }) => `${flow.hook} ${flow.family} ${expected.verdict}`));
    assert.deepEqual(
      kinds,
      new Set([
        'output 4 reject',
        'output 6 reject',
        'input 4 drop',
        'input 6 drop',
        'forward 4 drop',
        'forward 6 drop',
      ]),
    );
  });

  test('is bounded, keeps the heart of every grant, and says how much it left out', () => {
    const grants = Array.from({ length: 100 }, (_, index) =>
      grant(`g${index}`, agent, remote(`10.0.${index}.0/28`), tcp(443)),
    );
    const { probes, leftOut } = plan(intent(grants), 300);
    assert.equal(probes.length, 300);
    assert.ok(leftOut > 0);
    for (const { name } of grants)
      assert.ok(
        probes.some((probe) => decidingFlow(probe) === name),
        name,
      );
  });

  test('sends no packet twice', () => {
    const same = ['a', 'b'].map((name) => grant(name, agent, remote('10.0.0.9'), tcp(443)));
    const keys = lines(plan(intent(same)).probes);
    assert.equal(new Set(keys).size, keys.length);
  });

  test('plays no address that the policy is about with the lab itself', () => {
    const policy = intent([grant('lab', remote('198.18.0.1', '198.19.0.1'), here, tcp(22))]);
    const stage = stageFor(policy);
    const own = stage.interfaces.flatMap(({ host, outer }) => [host[4], outer[4]]).map(formatAddress);
    assert.ok(!own.includes('198.18.0.1') && !own.includes('198.18.0.2') && !own.includes('198.18.0.0'), own.join());
  });
});

describe('a judgement', () => {
  const [allowed] = about(intent([grant('web', remote('10.1.0.1'), here, tcp(80))]), 'web');
  const denied = plan(intent([])).probes.find(
    ({ flows: [flow], expected }) => flow.protocol === PROTOCOLS.tcp && expected.verdict === 'reject',
  );
  const passed = { result: 'passed', afterMs: 1 } as const;
  const silence = { result: 'silence', afterMs: 400 } as const;
  const refused = { result: 'refused', error: 'ECONNREFUSED', afterMs: 1 } as const;
  const cases = [
    { name: 'allowed and passed', probe: allowed, after: passed, is: 'agrees' },
    { name: 'allowed and silent', probe: allowed, after: silence, is: 'contradicts' },
    { name: 'rejected and told', probe: denied, after: refused, is: 'agrees' },
    { name: 'rejected and told late', probe: denied, after: { ...refused, afterMs: 900 }, is: 'contradicts' },
    { name: 'rejected and not told', probe: denied, after: silence, is: 'contradicts' },
    { name: 'rejected and passed', probe: denied, after: passed, is: 'contradicts' },
    { name: 'not sent', probe: denied, after: { result: 'unsent', afterMs: 0 }, is: 'void' },
  ] as const;
  for (const { name, probe, after, is } of cases) {
    test(`of what was ${name}: ${is}`, () => {
      assert.ok(probe);
      assert.equal(judge(probe, passed, after, []).judgement, is);
    });
  }

  test('of what did not pass without the policy either: void', () => {
    assert.ok(denied);
    assert.equal(judge(denied, silence, refused, []).judgement, 'void');
  });

  test('of a difference that the target declared: declared', () => {
    assert.ok(denied);
    assert.equal(judge(denied, passed, passed, [{ kind: 'everything' }]).judgement, 'declared');
  });
});

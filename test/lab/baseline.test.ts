import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { provenRules } from '../../src/cli/lab/policy-in-nft.ts';
import { Lab, type Outcome, type Sender, type Shot } from '../../src/host/index.ts';
import { LINKS } from './links.ts';
import { intentOf } from './policies.ts';
import { isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;

const AGENT = 61_000; // the first uid that `intentOf` gives
const HOST: Sender = { at: 'host', account: AGENT };
const OUTER: Sender = { at: 'outer', link: 'eth0' };

const POLICY = `portcullis: 1
name: baseline
zones:
  agent: { host: { users: [openclaw] } }
  server: { addresses: [203.0.113.9, "2001:db8::9"] }
  admin: { addresses: [203.0.113.5, "2001:db8::5"] }
flows:
  - { name: out, from: agent, to: server, service: https }
  - { name: ssh, from: admin, to: host, service: ssh }
`;

function rules(policy: string): string {
  return provenRules(intentOf(policy)).text;
}

function shot(packet: Partial<Shot> & Pick<Shot, 'dst'>): Shot {
  return { transport: 'tcp', dport: 443, timeoutMs: 3_000, attempts: 1, ...packet };
}

async function only(outcomes: Promise<readonly Outcome[]>): Promise<Outcome['result'] | undefined> {
  const [outcome] = await outcomes;
  return outcome?.result;
}

/** The lab knows its neighbours from the start; here they have to be found, over the wire and through the policy. */
async function forgetNeighbours(lab: Lab): Promise<void> {
  const [{ host, outer, name }] = LINKS;
  for (const family of [4, 6] as const) {
    await lab.onHost('ip', [`-${family}`, 'neigh', 'del', outer[family], 'dev', name]);
    await lab.onOuter(name, 'ip', [`-${family}`, 'neigh', 'del', host[family], 'dev', 'uplink']);
  }
}

describe('the baseline lets a host live under default-deny', { skip }, () => {
  test('neighbours are found, both families', async () => {
    await using lab = await Lab.open({ links: LINKS, accounts: [AGENT] });
    await lab.load(rules(POLICY));
    await forgetNeighbours(lab);
    assert.equal(await only(lab.send(HOST, 'eth0', [shot({ dst: '203.0.113.9' })])), 'passed');
    assert.equal(await only(lab.send(HOST, 'eth0', [shot({ dst: '2001:db8::9' })])), 'passed');
  });

  test('and would not be without its piece: IPv6 is dead then, IPv4 is not', async () => {
    await using lab = await Lab.open({ links: LINKS, accounts: [AGENT] });
    await lab.load(rules(`${POLICY}baseline: { icmpv6-neighbours: false }\n`));
    await forgetNeighbours(lab);
    assert.equal(await only(lab.send(HOST, 'eth0', [shot({ dst: '203.0.113.9' })])), 'passed');
    assert.notEqual(await only(lab.send(HOST, 'eth0', [shot({ dst: '2001:db8::9' })])), 'passed');
  });

  test('a connection lives on when a new policy is loaded that would not let it open', async () => {
    await using lab = await Lab.open({ links: LINKS, accounts: [AGENT] });
    assert.deepEqual(await lab.listen([22], []), []);
    await lab.load(rules(POLICY));
    const way = [
      { family: 'IPv4', src: '203.0.113.5', dst: LINKS[0].host[4] },
      { family: 'IPv6', src: '2001:db8::5', dst: LINKS[0].host[6] },
    ];
    for (const { family, src, dst } of way) {
      assert.equal((await lab.openConnection(OUTER, family, shot({ src, dst, dport: 22 }))).result, 'passed', family);
    }
    const without = POLICY.replace(/ {2}- \{ name: ssh.*\n/, '');
    assert.ok(without !== POLICY);
    await lab.load(rules(without));
    for (const { family, src, dst } of way) {
      assert.equal((await lab.exchange(OUTER, family, 2_000)).result, 'passed', `${family}: the connection was cut`);
      const fresh = lab.send(OUTER, 'eth0', [shot({ src, dst, dport: 22, timeoutMs: 400 })]);
      assert.equal(await only(fresh), 'silence', `${family}: a new one must not open`);
    }
  });
});

describe('without the open loopback', { skip }, () => {
  const OWN = `portcullis: 1
name: own
flows:
  - { name: helper, from: host, to: host, service: tcp/8080 }
baseline: { loopback: false }
`;

  test('a flow between programs of the machine passes, no other does, and nothing from the wire', async () => {
    await using lab = await Lab.open({ links: LINKS, accounts: [AGENT] });
    assert.deepEqual(await lab.listen([8080, 8081], []), []);
    await lab.load(rules(OWN));
    for (const dst of ['127.0.0.1', '::1', LINKS[0].host[4], LINKS[0].host[6]]) {
      assert.equal(await only(lab.send(HOST, 'eth0', [shot({ dst, dport: 8080 })])), 'passed', dst);
      assert.notEqual(await only(lab.send(HOST, 'eth0', [shot({ dst, dport: 8081, timeoutMs: 400 })])), 'passed', dst);
    }
    const fromWire = shot({ dst: LINKS[0].host[4], dport: 8080, timeoutMs: 400 });
    assert.equal(await only(lab.send(OUTER, 'eth0', [fromWire])), 'silence');
  });
});

describe('a flow with a rate', { skip }, () => {
  test('stops each source that goes beyond it, and no other', async () => {
    await using lab = await Lab.open({ links: LINKS, accounts: [AGENT] });
    assert.deepEqual(await lab.listen([22], []), []);
    await lab.load(
      rules(
        POLICY.replace('service: ssh }', 'service: ssh, rate: 3/minute per source }').replace(
          '203.0.113.5,',
          '203.0.113.0/29,',
        ),
      ),
    );
    const from = (src: string, count: number) =>
      lab.send(
        OUTER,
        'eth0',
        Array.from({ length: count }, () => shot({ src, dst: LINKS[0].host[4], dport: 22, timeoutMs: 400 })),
      );
    const many = await from('203.0.113.5', 12);
    const passed = many.filter(({ result }) => result === 'passed').length;
    assert.ok(passed >= 3 && passed <= 6, `${passed} of 12 at once passed a rate of 3/minute`);
    assert.deepEqual(
      (await from('203.0.113.6', 3)).map(({ result }) => result),
      ['passed', 'passed', 'passed'],
    );
  });
});

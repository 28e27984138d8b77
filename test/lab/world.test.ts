import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Lab, type Outcome, type Sender, type Shot } from '../../src/host/index.ts';
import { LINKS } from './links.ts';
import { isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;

const AGENT = 998;
const TRANSPORTS = ['tcp', 'udp', 'icmp'] as const;
const HOST: Sender = { at: 'host', account: AGENT };
const OUTER: Sender = { at: 'outer', link: 'eth0' };
const FAMILIES = [
  { name: 'IPv4', far: '203.0.113.9', farther: '192.0.2.77', host: '198.18.0.1' },
  { name: 'IPv6', far: '2001:db8::9', farther: '2001:db8:77::1', host: '2001:2::1' },
] as const;

function shot(transport: Shot['transport'], packet: Partial<Shot> & Pick<Shot, 'dst'>): Shot {
  return { transport, ...(transport === 'icmp' ? {} : { dport: 443 }), timeoutMs: 1_000, attempts: 2, ...packet };
}

async function openLab(): Promise<Lab> {
  const lab = await Lab.open({
    links: LINKS,
    accounts: [AGENT],
    names: { 'discord.com': ['203.0.113.9', '2001:db8::9'] },
  });
  assert.deepEqual(await lab.listen([22, 443], [443]), []);
  return lab;
}

describe('without a policy everything passes, or a denial would prove nothing', { skip }, () => {
  test('from the host, to it, and through it; TCP, UDP and ICMP; both families', async () => {
    await using lab = await openLab();
    for (const transport of TRANSPORTS) {
      for (const { name, far, farther, host } of FAMILIES) {
        const outcomes: Readonly<Record<string, readonly Outcome[]>> = {
          'from the host': await lab.send(HOST, 'eth0', [shot(transport, { dst: far })]),
          'from the host by its other wire': await lab.send(HOST, 'lab0', [shot(transport, { dst: far })]),
          'to the host': await lab.send(OUTER, 'eth0', [shot(transport, { src: far, dst: host })]),
          'through the host': await lab.send(OUTER, 'lab0', [shot(transport, { src: far, dst: farther })]),
        };
        for (const [where, [outcome]] of Object.entries(outcomes)) {
          assert.equal(outcome?.result, 'passed', `${transport} ${name} ${where}: ${JSON.stringify(outcome)}`);
        }
      }
    }
  });

  test('and names resolve, over both families', async () => {
    await using lab = await openLab();
    assert.deepEqual(await lab.resolve(AGENT, '9.9.9.9', 'discord.com', 4), ['203.0.113.9']);
    assert.deepEqual(await lab.resolve(AGENT, '2620:fe::fe', 'discord.com', 6), ['2001:db8::9']);
    assert.deepEqual(await lab.resolve(AGENT, '9.9.9.9', 'unknown.example', 4), []);
  });
});

/** Denies everything: towards local senders with words, from others in silence. */
const LOCKED = `table inet portcullis {
  chain input { type filter hook input priority filter - 5; policy drop;
    iifname "lo" accept
    ct state established,related accept
  }
  chain forward { type filter hook forward priority filter - 5; policy drop;
  }
  chain output { type filter hook output priority filter - 5; policy drop;
    oifname "lo" accept
    ct state established,related accept
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
}
`;

describe('under denial', { skip }, () => {
  test('a local sender is told at once, both families', async () => {
    await using lab = await openLab();
    await lab.load(LOCKED);
    for (const transport of TRANSPORTS) {
      for (const { name, far } of FAMILIES) {
        const outcome = await only(lab.send(HOST, 'eth0', [shot(transport, { dst: far })]));
        assert.equal(outcome.result, 'refused', `${transport} ${name}: ${JSON.stringify(outcome)}`);
        // ping waits for a reply even after the kernel has refused to send.
        if (transport !== 'icmp') assert.ok(outcome.afterMs < 800, `${transport} ${name} took ${outcome.afterMs} ms`);
      }
    }
  });

  test('others hear nothing, both families', async () => {
    await using lab = await openLab();
    await lab.load(LOCKED);
    const shots = TRANSPORTS.flatMap((transport) =>
      FAMILIES.flatMap(({ far, host }) => [shot(transport, { src: far, dst: host, timeoutMs: 300 })]),
    );
    const outcomes = await lab.send(OUTER, 'eth0', shots);
    assert.deepEqual(new Set(outcomes.map(({ result }) => result)), new Set(['silence']));
    assert.ok(
      outcomes.every(({ attempts }) => attempts === 2),
      'silence is only believed after a second attempt',
    );
  });
});

describe('a connection that was allowed to open', { skip }, () => {
  const withSsh = LOCKED.replace(
    '    ct state established,related accept\n  }\n  chain forward',
    '    ct state established,related accept\n    tcp dport 22 accept\n  }\n  chain forward',
  );

  test('lives on when a later policy would not let it open, both families', async () => {
    assert.notEqual(withSsh, LOCKED);
    await using lab = await openLab();
    await lab.load(withSsh);
    for (const { name, far, host } of FAMILIES) {
      const opened = await lab.openConnection(OUTER, name, shot('tcp', { src: far, dst: host, dport: 22 }));
      assert.equal(opened.result, 'passed', `${name}: ${JSON.stringify(opened)}`);
    }
    await lab.load(`delete table inet portcullis\n${LOCKED}`);
    for (const { name, far, host } of FAMILIES) {
      assert.equal((await lab.exchange(OUTER, name, 2_000)).result, 'passed', `${name}: the open connection was cut`);
      const fresh = await only(
        lab.send(OUTER, 'eth0', [shot('tcp', { src: far, dst: host, dport: 22, timeoutMs: 300 })]),
      );
      assert.equal(fresh.result, 'silence', `${name}: a new connection must not open`);
    }
  });
});

async function only(outcomes: Promise<readonly Outcome[]>): Promise<Outcome> {
  const [outcome] = await outcomes;
  assert.ok(outcome);
  return outcome;
}

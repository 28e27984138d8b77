import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { runDrift } from '../../src/cli/commands/drift.ts';
import { runPlan } from '../../src/cli/commands/plan.ts';
import { runStatus } from '../../src/cli/commands/status.ts';
import type { ConfirmedChange, HostSnapshot, StoredState } from '../../src/enforcer/protocol.ts';
import { OPEN, rules, UFW_AND_DOCKER } from '../apply/support.ts';
import { intentOf } from '../lab/policies.ts';
import { documentOf, portcullis } from './cli.ts';
import { onHost, snapshot, tcp } from './live.ts';

const POLICY = `portcullis: 1
name: small
zones:
  bastion: { addresses: [10.0.5.10] }
flows:
  - { name: ssh, from: bastion, to: host, service: ssh }
  - { name: web, from: host, to: internet, service: https }
`;
const files = { 'portcullis.yaml': POLICY };
const plain = rules(intentOf(POLICY));

const OWN = { connection: tcp('10.0.5.10', 51234, '10.0.0.5', 22), own: true, via: 'sshd' };
const STRANGER = { connection: tcp('203.0.113.9', 40001, '10.0.0.5', 22), own: false, via: 'sshd' };

function plan(more: Partial<HostSnapshot>, options: Parameters<typeof runPlan>[2] = {}, policy = files) {
  return onHost(
    { snapshot: snapshot(more), note: { recorded: true } },
    policy,
    (console, host) => runPlan(console, undefined, options, host),
    {
      '/etc/resolv.conf': 'nameserver 9.9.9.9\n',
    },
  );
}

suite('portcullis plan', () => {
  test('tells what closes, who is cut off, what stays, and that one can still log in; changes nothing', async () => {
    const nginx = tcp('198.51.100.7', 4000, '10.0.0.5', 80, { program: 'nginx', pid: 77 });
    const ran = await plan({ text: UFW_AND_DOCKER, sessions: [OWN], connections: [nginx, OWN.connection] });
    assert.equal(ran.exitCode, 0, ran.stdout + ran.stderr);
    for (const expected of [
      /^what portcullis\.yaml would change on this machine\n/,
      /\nnewly denied:\n {2}TCP 22 from the internet and other addresses to this machine\n {4}for example tcp 8\.8\.8\.8:40000 -> 10\.0\.0\.5:22 iif eth0\n/,
      /\n {2}tcp 198\.51\.100\.7:4000 -> 10\.0\.0\.5:80 iif eth0 \(nginx, process 77\)\n/,
      /\n {2}ip filter \(Docker, UFW\), 8 rules: after ours can stop packets at input, forward\n/,
      /\nproven: you \(10\.0\.5\.10:51234\) can log in anew at 10\.0\.0\.5 port 22 \(ssh\)\nproven: your session from 10\.0\.5\.10:51234 goes on \(baseline:established\)\n/,
      /\nwarning: this machine could not reach its name server 9\.9\.9\.9 any more/,
      /\n {2}- \{ name: dns-9\.9\.9\.9, from: host, to: 9\.9\.9\.9, service: dns, purpose: name resolution \}\n/,
      /\nnothing has been changed\n$/,
    ]) {
      assert.match(ran.stdout, expected);
    }
    assert.deepEqual(
      ran.asked.map(({ kind }) => kind),
      ['snapshot', 'note'],
    );
  });

  test('refuses with exit 3 where somebody would be locked out, with the flow that helps', async () => {
    const ran = await plan({ text: OPEN, sessions: [OWN, STRANGER] });
    assert.equal(ran.exitCode, 3);
    assert.match(ran.stdout, /\nrefused: 203\.0\.113\.9:40001 could not log in anew at 10\.0\.0\.5 port 22 \(/);
    assert.match(ran.stdout, /\n {2}its name for --yes-cut: 203\.0\.113\.9:40001\n/);
    const [flow] = /^ {2}- \{ name: ssh-from-203.*\n/m.exec(ran.stdout) ?? [];
    assert.ok(flow);
    const again = await plan({ text: OPEN, sessions: [OWN, STRANGER] }, {}, { 'portcullis.yaml': POLICY + flow });
    assert.equal(again.exitCode, 0, again.stdout);
    const meant = await plan({ text: OPEN, sessions: [OWN, STRANGER] }, { yesCut: ['203.0.113.9:40001'] });
    assert.equal(meant.exitCode, 0);
    assert.match(meant.stdout, /\nas you said: 203\.0\.113\.9:40001 could not log in anew/);
  });

  test('a name that nobody has is no consent', async () => {
    const ran = await plan({ text: OPEN, sessions: [OWN, STRANGER] }, { yesCut: ['203.0.113.9'] });
    assert.equal(ran.exitCode, 2);
    assert.match(
      ran.stderr,
      /error\[L0004\]: there is no session `203\.0\.113\.9`[\s\S]*`own`, `203\.0\.113\.9:40001`/,
    );
  });

  test('is one JSON document that keeps to its schema', async () => {
    const ran = await plan(
      { text: UFW_AND_DOCKER, sessions: [OWN, STRANGER], connections: [STRANGER.connection] },
      { json: true },
    );
    assert.equal(ran.exitCode, 3);
    const { preflight, denied, closed } = documentOf(ran, 'plan');
    assert.match(
      JSON.stringify(preflight),
      /"ok":false.*"repair":\{"kind":"flow","yaml":"- \{ name: ssh-from-203\.0\.113\.9/,
    );
    assert.match(JSON.stringify(denied), /"connection":"tcp 203\.0\.113\.9:40001 -> 10\.0\.0\.5:22 iif eth0"/);
    assert.ok(Array.isArray(closed) && closed.length > 3);
    documentOf(await plan({ text: OPEN, sessions: [OWN] }, { json: true }), 'plan');
  });

  test('works on a saved listing without asking anybody', async () => {
    const ran = await portcullis(['plan', '--in', 'ufw.nft', '--json'], {
      files: { ...files, 'ufw.nft': UFW_AND_DOCKER },
    });
    assert.equal(ran.exitCode, 0, ran.stdout);
    assert.equal(documentOf(ran, 'plan').preflight, null);
    const text = await portcullis(['plan', '--in', 'ufw.nft'], { files: { ...files, 'ufw.nft': UFW_AND_DOCKER } });
    assert.match(text.stdout, /\nnot asked who could still log in: a saved listing has no sessions\n/);
  });

  test('rules of iptables-legacy, which are in no listing, decide as well', async () => {
    const legacy = (...rules: readonly string[]) =>
      plan({
        text: OPEN,
        sessions: [OWN],
        iptables: [
          {
            family: 4,
            backend: 'legacy',
            text: ['# Generated by iptables-save v1.8.9', '*filter', ':INPUT DROP [0:0]', ...rules, 'COMMIT', ''].join(
              '\n',
            ),
          },
        ],
      });
    const open = await legacy('-A INPUT -p tcp --dport 22 -j ACCEPT');
    assert.equal(open.exitCode, 0, open.stdout);
    const closed = await legacy();
    assert.equal(closed.exitCode, 3);
    assert.match(closed.stdout, /ip filter \(legacy\)/);
    const unknown = await legacy('-A INPUT -p tcp -m u32 --u32 "0=1" -j ACCEPT');
    assert.equal(unknown.exitCode, 3);
    assert.match(unknown.stdout, /it depends on `/);
  });

  test('a session that cannot be read stops everything', async () => {
    const odd = { ...STRANGER, connection: tcp('nowhere', 1, '10.0.0.5', 22) };
    const ran = await plan({ text: OPEN, sessions: [OWN, odd] });
    assert.equal(ran.exitCode, 4);
    assert.match(ran.stderr, /error\[L0005\]/);
  });

  test('addresses of IPv4 in a socket of both families are those of IPv4', async () => {
    const mapped = { ...OWN, connection: tcp('::ffff:10.0.5.10', 51234, '::ffff:10.0.0.5', 22) };
    const ran = await plan({ text: OPEN, sessions: [mapped] });
    assert.equal(ran.exitCode, 0, ran.stdout);
  });

  test('what could not be looked at is told', async () => {
    const ran = await plan({ text: OPEN, sessions: [OWN], limits: ['connections: conntrack is not installed'] });
    assert.match(ran.stderr, /warning\[L0003\]: not looked at: connections: conntrack is not installed/);
  });

  test('a machine that cannot be read is exit 4', async () => {
    const ran = await plan({ ruleset: 'nonsense {' });
    assert.equal(ran.exitCode, 4);
    assert.match(ran.stderr, /error\[L0002\]/);
  });
});

const CHANGE: ConfirmedChange = {
  number: 3,
  by: { name: 'alice' },
  at: '2026-11-25T20:00:00Z',
  confirmedAt: '2026-11-25T20:01:00Z',
  policyHash: 'ab12',
  summary: 'small',
};
const STATE: StoredState = {
  current: CHANGE,
  history: [CHANGE],
  boot: { mechanism: 'systemd', enabled: true, detail: '' },
  problems: [],
};

suite('portcullis drift', () => {
  const files_ = { mechanism: 'nftables', ruleset: plain, lockdown: '', policy: '{}' } as const;
  const drift = (text: string, others: string | undefined, options: Parameters<typeof runDrift>[2] = {}) =>
    onHost(
      {
        snapshot: snapshot({ text, state: STATE }),
        recall: { change: CHANGE, files: { ...files_, ...(others === undefined ? {} : { others }) } },
        note: { recorded: true },
      },
      files,
      (console, host) => runDrift(console, undefined, options, host),
    );

  test('none: exit 0, and nothing is noted', async () => {
    const ran = await drift(plain + OPEN, OPEN);
    assert.equal(ran.exitCode, 0, ran.stdout);
    assert.equal(ran.stdout, 'this machine enforces change 3, and nothing else has changed\n');
    assert.deepEqual(
      ran.asked.map(({ kind }) => kind),
      ['snapshot', 'recall'],
    );
    documentOf(await drift(plain + OPEN, OPEN, { json: true }), 'drift');
  });

  test('ours and theirs, each with a packet and the rules on both sides: exit 1, and it is noted', async () => {
    const ours = plain.replace(/10\.0\.5\.10 \. 6 \. 22/, '10.0.5.10 . 6 . 2222');
    const theirs = OPEN.replace('policy accept;', 'policy accept; tcp dport 2222 drop;');
    const ran = await drift(ours + theirs, OPEN);
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stdout, /^this machine lets through what change 3 does not:\n.*port 2222/);
    assert.match(ran.stdout, /should be decided by \(inet portcullis input: .*\), is decided by \(inet portcullis /);
    assert.match(ran.stdout, /\nother tables now stop:\n {2}TCP 2222 .*/);
    assert.equal(ran.asked.at(-1)?.kind, 'note');
    documentOf(await drift(ours + theirs, OPEN, { json: true }), 'drift');
  });

  test('against a policy, on a saved listing', async () => {
    const ran = await portcullis(['drift', 'portcullis.yaml', '--in', 'live.nft', '--json'], {
      files: { ...files, 'live.nft': plain },
    });
    assert.equal(ran.exitCode, 0, ran.stdout);
    assert.equal(documentOf(ran, 'drift').drift, false);
    const open = await portcullis(['drift', 'portcullis.yaml', '--in', 'live.nft'], {
      files: { ...files, 'live.nft': OPEN },
    });
    assert.equal(open.exitCode, 1);
    assert.match(open.stdout, /^there is no table of ours: nothing is enforced\n/);
  });

  test('nothing was confirmed: there is nothing to hold it against', async () => {
    const ran = await onHost({ snapshot: snapshot({ text: OPEN }) }, files, (console, host) =>
      runDrift(console, undefined, {}, host),
    );
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /error\[L0006\][\s\S]*portcullis drift portcullis\.yaml/);
  });
});

suite('portcullis status', () => {
  const told = (more: Partial<HostSnapshot>, json = false) =>
    onHost({ snapshot: snapshot(more) }, {}, (console, host) => runStatus(console, { json }, host));

  test('nothing', async () => {
    const ran = await told({ text: OPEN });
    assert.equal(ran.exitCode, 0);
    assert.match(ran.stdout, /^nothing is enforced\n/);
    documentOf(await told({ text: OPEN }, true), 'status');
  });

  test('rules loaded at boot, with what they let through and what others could stop', async () => {
    const theirs = OPEN.replace('policy accept;', 'policy accept; tcp dport 22 drop;');
    const counters = [
      { counter: { family: 'inet', table: 'portcullis', name: 'flow-ssh', handle: 1, packets: 7, bytes: 420 } },
    ];
    const ruleset = JSON.stringify({ nftables: counters });
    const ran = await told({ text: plain + theirs, ruleset, state: STATE });
    assert.match(ran.stdout, /^enforced: rules as `render` prints them, loaded by hand or at boot, change 3\n/);
    assert.match(ran.stdout, /\nssh +7 +420/);
    assert.match(ran.stdout, /\nwhat ours lets through and other tables stop, or could:\n {2}some of|TCP 22/);
    const document = documentOf(await told({ text: plain + theirs, ruleset, state: STATE }, true), 'status');
    assert.deepEqual(document.flows, [{ flow: 'ssh', packets: 7, bytes: 420 }]);
  });
});

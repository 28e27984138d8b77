import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  at,
  connection,
  flight,
  listing,
  OPEN,
  POLICY,
  SSHD,
  session,
  UFW_AND_DOCKER,
} from '../../test/apply/support.ts';
import { intentOf } from '../../test/lab/policies.ts';
import type { Preflight, Refusal } from './index.ts';

const FROM_BASTION = '10.0.5.10:51234 -> 10.0.0.5:22';
const FROM_ELSEWHERE = '203.0.113.9:51234 -> 10.0.0.5:22';
const small = intentOf(POLICY);

/** The policy with what a refusal asks to be added. */
function repaired(policy: string, refused: readonly Refusal[]): string {
  return refused.reduce((text, { repair }) => {
    assert.ok(repair, 'there is no repair');
    if (repair.kind === 'flow') return text.replace('flows:\n', `flows:\n  ${repair.yaml}\n`);
    assert.match(text, new RegExp(`\n {2}${repair.piece}: false\n`));
    return text.replace(`  ${repair.piece}: false\n`, `  ${repair.yaml}\n`);
  }, policy);
}

function parts({ refused }: Preflight): string[] {
  return refused.map(({ subject, what, verdict }) => `${subject} ${what} ${verdict}`);
}

suite('preflight', () => {
  test('proves the way of the session that it runs in, with the rules that let it through', () => {
    const found = flight(listing(UFW_AND_DOCKER), small, [session(FROM_BASTION, { own: true })]);
    assert.deepEqual(parts(found), []);
    assert.ok(found.ok);
    assert.deepEqual(
      found.proven.map(({ what }) => what),
      ['new', 'incoming', 'replies'],
    );
    const [logIn] = found.proven;
    assert.match(logIn?.sentence ?? '', /you \(10\.0\.5\.10:51234\) can log in anew at 10\.0\.0\.5 port 22/);
    assert.ok(logIn?.path.some(({ origin }) => origin?.flow === 'ssh'));
  });

  const loggedIn = [
    { name: 'IPv4', text: FROM_ELSEWHERE, yaml: /from: 203\.0\.113\.9, to: host, service: tcp\/22,/ },
    { name: 'IPv6', text: '[2001:db8:9::9]:51234 -> [2001:db8::5]:22', yaml: /from: "2001:db8:9::9", to: host,/ },
    { name: 'a port of its own', text: '203.0.113.9:51234 -> 10.0.0.5:2222', yaml: /service: tcp\/2222,/ },
  ];
  for (const { name, text, yaml } of loggedIn) {
    test(`refuses to lock out whoever the policy forgets, and says what to add: ${name}`, () => {
      const sessions = [session(text)];
      const before = listing(OPEN);
      const listeners = [{ ...SSHD, address: at('::'), port: sessions[0]?.connection.dport ?? 0 }];
      const found = flight(before, small, sessions, { listeners });
      const client = text.split(' ')[0];
      assert.deepEqual(parts(found), [`${client} new denied`]);
      const { repair } = found.refused[0] ?? {};
      assert.match(repair?.yaml ?? '', yaml);
      const again = flight(before, intentOf(repaired(POLICY, found.refused)), sessions, { listeners });
      assert.deepEqual([again.ok, parts(again)], [true, []]);
    });
  }

  test('finds where the server listens now, not where it once did', () => {
    const moved = { ...SSHD, port: 2222 };
    const found = flight(listing(OPEN), small, [session(FROM_BASTION)], { listeners: [moved] });
    assert.deepEqual(parts(found), ['10.0.5.10:51234 new denied']);
    assert.match(found.refused[0]?.repair?.yaml ?? '', /service: tcp\/2222,/);
    const both = flight(listing(OPEN), small, [session(FROM_BASTION)], { listeners: [moved, SSHD] });
    assert.ok(both.ok);
  });

  test('answers and what comes in must pass as well: a policy without the piece for it is refused', () => {
    const policy = `${POLICY}baseline:\n  established: false\n`;
    const sessions = [session(FROM_BASTION)];
    const found = flight(listing(OPEN), intentOf(policy), sessions);
    assert.deepEqual(parts(found), ['10.0.5.10:51234 replies denied']);
    assert.equal(found.refused[0]?.repair?.yaml, 'established: true');
    assert.ok(flight(listing(OPEN), intentOf(repaired(policy, found.refused)), sessions).ok);
  });

  test('a session within the machine needs the loopback interface', () => {
    const policy = `${POLICY}baseline:\n  loopback: false\n`;
    const local = session('127.0.0.1:51234 -> 127.0.0.1:22', {
      connection: connection('127.0.0.1:51234 -> 127.0.0.1:22', { way: 'loopback' }),
    });
    assert.ok(flight(listing(OPEN), small, [local]).ok);
    const found = flight(listing(OPEN), intentOf(policy), [local]);
    assert.equal(found.refused[0]?.repair?.yaml, 'loopback: true');
    assert.ok(flight(listing(OPEN), intentOf(repaired(policy, found.refused.slice(0, 1))), [local]).ok);
  });

  test('another table that stops it is named, and no flow is offered', () => {
    const theirs = `table inet theirs { chain in { type filter hook input priority filter; policy accept; ip saddr 10.0.5.0/24 tcp dport 22 drop; } }`;
    const found = flight(listing(theirs), small, [session(FROM_BASTION)]);
    assert.deepEqual(parts(found), ['10.0.5.10:51234 new denied', '10.0.5.10:51234 incoming denied']);
    assert.equal(found.refused[0]?.repair, undefined);
    assert.equal(found.refused[0]?.path.at(-1)?.table, 'inet theirs');
  });

  test('what nobody can know is not proven', () => {
    const banning = `table inet f2b-table {
      set banned { type ipv4_addr; flags timeout; }
      chain in { type filter hook input priority filter; policy accept; ip saddr @banned drop; }
    }`;
    const found = flight(listing(banning), small, [session(FROM_BASTION)]);
    assert.deepEqual(parts(found), ['10.0.5.10:51234 new unknown', '10.0.5.10:51234 incoming unknown']);
    assert.match(found.refused[0]?.because.join() ?? '', /ip saddr @banned/);
  });

  test('a rule that is not understood is not proven either', () => {
    const hidden = `table ip filter { chain INPUT { type filter hook input priority filter; policy accept; xt target "MYSTERY"; } }`;
    const found = flight(listing(hidden), small, [session(FROM_BASTION)]);
    assert.equal(found.ok, false);
    assert.match(found.refused[0]?.because.join() ?? '', /MYSTERY/);
  });

  test('a rule before ours that translates the port away is seen', () => {
    const moving = `table ip nat { chain PREROUTING { type nat hook prerouting priority dstnat; policy accept; tcp dport 22 redirect to :2022; } }`;
    const found = flight(listing(moving), small, [session(FROM_BASTION)]);
    assert.deepEqual(parts(found), ['10.0.5.10:51234 new denied']);
    assert.equal(found.refused[0]?.repair, undefined, 'a flow for port 22 would not help');
  });

  suite('the loss that one means', () => {
    const two = [session(FROM_ELSEWHERE), session('203.0.113.10:40001 -> 10.0.0.5:22', { own: true })];

    test('is given by name, one by one', () => {
      const found = flight(listing(OPEN), small, two, { yesCut: ['203.0.113.9:51234'] });
      assert.deepEqual(parts(found), ['own new denied']);
      assert.deepEqual(
        found.waived.map(({ subject }) => subject),
        ['203.0.113.9:51234'],
      );
      assert.ok(flight(listing(OPEN), small, two, { yesCut: ['203.0.113.9:51234', 'own'] }).ok);
    });

    test('never takes the own session for another: its address is not its name', () => {
      const found = flight(listing(OPEN), small, two, { yesCut: ['203.0.113.10:40001', '203.0.113.9:51234'] });
      assert.deepEqual(parts(found), ['own new denied']);
      assert.deepEqual(found.unknownNames, ['203.0.113.10:40001']);
    });

    test('is not meant by sitting at the console', () => {
      assert.deepEqual(parts(flight(listing(OPEN), small, two, { console: true })).length, 2);
    });
  });

  suite('where nobody is logged in', () => {
    const closed = intentOf('portcullis: 1\n');

    test('somebody must be able to be', () => {
      assert.ok(flight(listing(OPEN), small, []).ok);
      const found = flight(listing(OPEN), closed, []);
      assert.deepEqual(parts(found), ['ssh new denied']);
    });

    test('but for the console, or where no server listens', () => {
      assert.ok(flight(listing(OPEN), closed, [], { console: true }).ok);
      assert.ok(flight(listing(OPEN), closed, [], { listeners: [] }).ok);
      assert.ok(flight(listing(OPEN), closed, [], { listeners: [{ ...SSHD, address: at('127.0.0.1') }] }).ok);
    });

    test('for certain: not only if a set happens to be empty', () => {
      const banning = `table inet t { set s { type ipv4_addr; flags timeout; }; chain in { type filter hook input priority filter; policy accept; ip saddr @s drop; } }`;
      assert.equal(flight(listing(banning), small, []).ok, false);
    });
  });

  suite('what the machine itself needs', () => {
    test('is a warning with the flow, where it is reached now and would not be', () => {
      const needs = { resolvers: [at('1.1.1.1'), at('9.9.9.9'), at('127.0.0.53')], keepsTime: true };
      const { ok, warnings } = flight(listing(OPEN), small, [session(FROM_BASTION)], { needs });
      assert.ok(ok);
      assert.deepEqual(
        warnings.map(({ need, repair }) => `${need}: ${repair.yaml}`),
        [
          'dns: - { name: dns-1.1.1.1, from: host, to: 1.1.1.1, service: dns, purpose: name resolution }',
          'time: - { name: time, from: host, to: internet, service: ntp, purpose: correct time }',
        ],
      );
      const more = warnings.map(({ repair }) => `  ${repair.yaml}\n`).join('');
      const again = flight(listing(OPEN), intentOf(POLICY + more), [session(FROM_BASTION)], { needs });
      assert.deepEqual(again.warnings, []);
    });

    test('is none where it cannot be reached now either, or some process still can', () => {
      const shut =
        'table inet t { chain out { type filter hook output priority filter; policy accept; udp dport 53 drop; } }';
      const needs = { resolvers: [at('1.1.1.1')] };
      assert.deepEqual(flight(listing(shut), small, [session(FROM_BASTION)], { needs }).warnings, []);
      const some = intentOf(`${POLICY}  - { name: own-dns, from: agent, to: 1.1.1.1, service: dns }\n`);
      assert.deepEqual(flight(listing(OPEN), some, [session(FROM_BASTION)], { needs }).warnings, []);
    });
  });
});

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { at, listing, OPEN, POLICY, rules, UFW_AND_DOCKER } from '../../test/apply/support.ts';
import { intentOf } from '../../test/lab/policies.ts';
import { formatFlow } from '../analysis/index.ts';
import { evaluate } from '../semantics/index.ts';
import { SourceFile } from '../source/index.ts';
import { type Change, type Changeable, stageChange, standing } from '../target/index.ts';
import { TARGETS } from '../target/registry.ts';
import { type Drift, drift, type HostListing, status, type TrialSide } from './index.ts';

const small = intentOf(POLICY);
const wider = intentOf(`${POLICY}  - { name: open, from: internet, to: host, service: tcp/8443 }\n`);
const plain = rules(small);
const WHO = { by: 'alice', at: '2026-11-25T20:00:00Z', policyHash: 'ab12' } as const;

function found(
  actual: HostListing,
  side: TrialSide = 'standing',
  expected = plain,
  more: { atConfirmation?: HostListing } = {},
): Drift {
  return drift({ actual, expected: listing(expected), side, intent: small, ...more });
}

function program(text: string) {
  const { ast } = TARGETS.nftables.parse([new SourceFile('x', text)]);
  assert.ok(ast);
  return ast;
}

function changeable(text: string): Changeable {
  const stands = standing(program(text));
  assert.ok(stands.kind === 'absent' || stands.kind === 'settled');
  return stands;
}

/** The texts of a change from what stands. */
function staged(before: string, policy: typeof small | undefined, more: Partial<Change> = {}) {
  return stageChange(changeable(before), {
    ...(policy === undefined ? {} : { policy: TARGETS.nftables.lower(policy).ast }),
    alive: [],
    ...WHO,
    ...more,
  });
}

suite('no drift', () => {
  test('rules as they were printed', () => {
    assert.ok(found(listing(plain)).none);
    assert.ok(
      found(listing(plain, UFW_AND_DOCKER), 'standing', plain, { atConfirmation: listing(UFW_AND_DOCKER) }).none,
    );
  });

  test('rules in a slot, as a change that was confirmed leaves them', () => {
    const { begin } = staged('', small);
    assert.ok(found(listing(begin)).none);
    assert.ok(found(listing(plain, staged(plain, small).begin)).none);
  });

  test('a trial: what the kernel goes back to is held against what was confirmed, what is on trial against its policy', () => {
    const trial = listing(plain, staged(plain, wider, { trialSeconds: 60 }).begin);
    assert.ok(found(trial, 'standing').none);
    assert.ok(found(trial, 'on-trial', rules(wider)).none);
    const crossed = found(trial, 'on-trial');
    assert.deepEqual([crossed.none, crossed.wider.length > 0, crossed.narrower.length], [false, true, 0]);
  });

  test('connections that were alive, learnt addresses and counts', () => {
    const alive = [{ protocol: 6, src: at('203.0.113.9'), sport: 5000, dst: at('10.0.0.5'), dport: 22 }] as const;
    assert.ok(found(listing(staged('', small, { alive }).begin)).none);
    const named = intentOf(
      'portcullis: 1\nzones:\n  backend: { domains: [backend.example.com] }\nflows:\n  - { name: report, from: host, to: backend, service: https, rate: 6/minute per source }\n',
    );
    const learnt = `${rules(named)}\nadd element inet portcullis names4-backend { 198.51.100.7 timeout 1h }\n`;
    assert.ok(found(listing(learnt), 'standing', rules(named)).none);
    const counted = plain.replaceAll(/counter (\S+) \{ \}/g, 'counter $1 { packets 7 bytes 420; }');
    assert.notEqual(counted, plain);
    assert.ok(found(listing(counted)).none);
  });

  test('what other tables stopped already when it was confirmed', () => {
    const theirs = OPEN.replace('policy accept;', 'policy accept; tcp dport 22 drop;');
    assert.ok(found(listing(plain, theirs), 'standing', plain, { atConfirmation: listing(theirs) }).none);
    const unknown = found(listing(plain, theirs));
    assert.deepEqual(
      [unknown.none, unknown.foreign.since, unknown.foreign.stopped.length > 0],
      [true, 'unknown', true],
    );
  });
});

/** Each is one change that somebody could make to our table. */
const PLANTED: readonly (readonly [string, string | RegExp, string, 'wider' | 'narrower'])[] = [
  [
    'an accept before all',
    '\tchain input {\n\t\ttype filter hook input priority filter - 5; policy drop;\n',
    '$&\t\ttcp dport 3306 accept\n',
    'wider',
  ],
  ['a last word that lets through', 'counter name "denied_input" drop', 'counter name "denied_input" accept', 'wider'],
  ['an address more', /10\.0\.5\.10 \. 6 \. 22/, '10.0.5.0/24 . 6 . 22', 'wider'],
  ['another port', /10\.0\.5\.10 \. 6 \. 22/, '10.0.5.10 . 6 . 2222', 'wider'],
  ['another account', /61000/, '61001', 'wider'],
  ['IPv6 forgotten', /2001:db8:5::10 \. 6 \. 22 : "flow-ssh"/, '2001:db8:5::11 . 6 . 22 : "flow-ssh"', 'narrower'],
  ['no answers', /\t\tct state established,related [^\n]*\n/, '', 'narrower'],
  ['loopback shut', /\t\tiifname "lo" [^\n]*\n/, '', 'narrower'],
  [
    'a drop of everything',
    '\tchain output {\n\t\ttype filter hook output priority filter - 5; policy drop;\n',
    '$&\t\tdrop\n',
    'narrower',
  ],
];

suite('drift', () => {
  for (const [name, what, by, effect] of PLANTED) {
    test(`planted: ${name}`, () => {
      const changed = plain
        .replace(what, by)
        .replace(
          /(map input-ip-from-ports \{\n\t\ttype [^\n]*\n)(\t\telements = \{\n\t\t\t10\.0\.5\.0\/24)/,
          '$1\t\tflags interval\n$2',
        );
      assert.notEqual(changed, plain, 'nothing was planted');
      const drifted = found(listing(changed));
      assert.equal(drifted.none, false);
      assert.ok(drifted[effect].length > 0, `nothing is ${effect}`);
      const [should, does] = [listing(plain), listing(changed)].map((each) => each.rules('standing').ruleset);
      for (const { witness, expected, actual } of drifted[effect]) {
        assert.ok(should && does);
        assert.notEqual(evaluate(should, witness).verdict, evaluate(does, witness).verdict, formatFlow(witness));
        assert.ok(expected.length > 0 && actual.length > 0, 'the rules that decide on each side');
      }
    });
  }

  test('our table is gone', () => {
    const gone = found(listing(OPEN));
    assert.deepEqual([gone.none, gone.missing], [false, true]);
    assert.ok(gone.wider.length > 0);
  });

  test('another table stops what ours lets through, and did not when it was confirmed', () => {
    const theirs = OPEN.replace('policy accept;', 'policy accept; tcp dport 22 drop;');
    const drifted = found(listing(plain, theirs), 'standing', plain, { atConfirmation: listing(OPEN) });
    assert.equal(drifted.none, false);
    assert.deepEqual([drifted.wider, drifted.narrower], [[], []]);
    assert.match(drifted.foreign.stopped[0]?.sentence ?? '', /TCP 22 .* to this machine/);
    assert.equal(drifted.foreign.stopped[0]?.after.at(-1)?.table, 'inet theirs');
  });

  test('tables come and go', () => {
    const { none, foreign } = found(listing(plain, OPEN), 'standing', plain, {
      atConfirmation: listing(UFW_AND_DOCKER),
    });
    assert.equal(none, false);
    assert.deepEqual(foreign.appeared, ['inet theirs']);
    assert.deepEqual(foreign.vanished, ['ip nat', 'ip filter', 'ip6 filter']);
    assert.ok(foreign.passed.length > 0, 'what UFW stopped of what ours lets through, nobody stops now');
  });

  test('rules on trial that differ do not hide that what stood is gone', () => {
    const trial = listing('', staged('', wider, { trialSeconds: 60 }).begin);
    assert.equal(found(trial, 'standing').none, false);
  });
});

const NOTE = { by: WHO.by, since: WHO.at, policyHash: WHO.policyHash };

suite('status', () => {
  const stateOf = (text: string, listed = '') => status({ listing: listing(text), listed, intent: small }).enforced;

  test('nothing, plain, confirmed, on trial, expired, somebody else’s', () => {
    assert.deepEqual(stateOf(OPEN), { kind: 'nothing' });
    assert.deepEqual(stateOf(plain), { kind: 'plain' });
    const { begin } = staged('', small);
    const confirmed = stateOf(begin);
    assert.deepEqual(confirmed, { kind: 'confirmed', note: NOTE });
    const trial = plain + staged(plain, wider, { trialSeconds: 60 }).begin;
    const listed = JSON.stringify({
      nftables: [
        {
          set: {
            family: 'inet',
            table: 'portcullis',
            name: 'trial',
            elem: [
              { elem: { val: 'ipv4', timeout: 60, expires: 42 } },
              { elem: { val: 'ipv6', timeout: 60, expires: 41 } },
            ],
          },
        },
      ],
    });
    assert.deepEqual(stateOf(trial, listed), {
      kind: 'trial',
      secondsLeft: 41,
      note: { ...NOTE, trialSeconds: 60 },
      removes: false,
      goesBackTo: { kind: 'plain' },
    });
    const expired = `${trial}\ndelete element inet portcullis trial { ipv4, ipv6 }\n`;
    assert.deepEqual(stateOf(expired), {
      kind: 'expired',
      note: { ...NOTE, trialSeconds: 60 },
      goneBackTo: { kind: 'plain' },
    });
    assert.equal(
      stateOf('table inet portcullis { chain mine { type filter hook input priority 0; } }').kind,
      'foreign',
    );
  });

  test('what each flow has let through, what was denied, and what others could still stop', () => {
    const theirs = OPEN.replace('policy accept;', 'policy accept; tcp dport 22 drop;');
    const count = (name: string, packets: number) => ({
      counter: { family: 'inet', table: 'portcullis', name, handle: 1, packets, bytes: packets * 60 },
    });
    const others = { counter: { family: 'inet', table: 'theirs', name: 'flow-ssh', packets: 99, bytes: 9 } };
    const listed = JSON.stringify({
      nftables: [
        count('flow-web', 2),
        count('flow-ssh', 7),
        count('denied_input', 3),
        count('baseline-dhcp', 1),
        others,
      ],
    });
    const told = status({ listing: listing(plain, theirs), listed, intent: small });
    assert.deepEqual(
      told.flows.map(({ flow, packets }) => [flow, packets]),
      [
        ['ssh', 7],
        ['web', 2],
        ['baseline:dhcp', 1],
      ],
    );
    assert.deepEqual(told.denied, [{ hook: 'input', packets: 3, bytes: 180 }]);
    assert.match(told.couldStop[0]?.sentence ?? '', /TCP 22/);
    assert.deepEqual(
      told.neighbours.map(({ table }) => table),
      ['inet theirs'],
    );
  });
});

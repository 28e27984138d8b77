import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listing, OPEN, rules, UFW_AND_DOCKER } from '../../test/apply/support.ts';
import { gatewayPolicy } from '../../test/lab/gateway-policy.ts';
import type { Intent } from '../ir/index.ts';
import { SourceFile } from '../source/index.ts';
import { stageChange, standing } from '../target/index.ts';
import { TARGETS } from '../target/registry.ts';
import { gatewayFooting, HostListing } from './index.ts';

const policy = gatewayPolicy();
const sound = rules(policy);
const other = gatewayPolicy('  - { name: more, from: agent, to: 203.0.113.7, service: tcp/8443 }');

function kinds(text: string, host: Intent = policy): readonly string[] {
  return gatewayFooting(listing(text), host).faults.map(({ kind }) => kind);
}

function begun(before: string, to: Intent, trialSeconds?: number): string {
  const { ast } = TARGETS.nftables.parse([new SourceFile('before', before)]);
  const stands = ast === undefined ? undefined : standing(ast);
  assert.ok(stands?.kind === 'absent' || stands?.kind === 'settled');
  const texts = stageChange(stands, {
    policy: TARGETS.nftables.lower(to).ast,
    alive: [],
    ...(trialSeconds === undefined ? {} : { trialSeconds }),
    by: 'alice',
    at: '2026-11-26T03:00:00Z',
    policyHash: 'ab12',
  });
  return `${before}\n${texts.begin}`;
}

describe('a gateway stands where the kernel enforces all that it relies on', () => {
  test('rules as they are printed, whatever others have beside them', () => {
    assert.deepEqual(gatewayFooting(listing(sound), policy), { faults: [], sendsOn: true });
    assert.deepEqual(kinds(`${sound}\n${UFW_AND_DOCKER}\n${OPEN}`), []);
  });

  test('rules in a slot, and on trial', () => {
    assert.deepEqual(kinds(begun('', policy)), []);
    assert.deepEqual(kinds(begun(rules(other), policy, 60)), []);
  });

  test('rules of iptables, which send nobody on', () => {
    const { ast } = TARGETS.iptables.lower(policy);
    assert.deepEqual(gatewayFooting(HostListing.ofIptables(ast), policy), { faults: [], sendsOn: false });
  });
});

describe('it does not where', () => {
  const faults: readonly (readonly [name: string, from: RegExp, to: string, kinds: readonly string[]])[] = [
    ['nothing is loaded', /^(?:.|\n)*$/, '', ['absent']],
    ['one redirect is missing', /^.*th dport 53 dnat ip to.*\n/m, '', ['narrower', 'elsewhere']],
    ['one family is not sent on', /^.*dnat ip6 to \[::1\]:3129.*\n/m, '', ['narrower', 'elsewhere']],
    [
      'a redirect leads to another listener',
      /dnat ip to 127\.0\.0\.1:3129/,
      'dnat ip to 127.0.0.1:3128',
      ['elsewhere'],
    ],
    [
      'a local resolver would be asked',
      /(meta nfproto ipv4) (meta skuid 61000.*th dport 53)/,
      '$1 ip daddr != 127.0.0.53 $2',
      ['narrower', 'elsewhere'],
    ],
    ['somebody else may leave', /(chain output \{\n.*\n)/, '$1meta skuid 7 tcp dport 443 accept\n', ['wider']],
    ['the gateway may not leave', /\. 6 \. 443 \. 61001/g, '. 6 . 444 . 61001', ['wider', 'narrower']],
  ];
  for (const [name, from, to, expected] of faults) {
    test(name, () => {
      const planted = sound.replace(from, to);
      assert.notEqual(planted, sound);
      assert.deepEqual(kinds(planted), expected);
      for (const { sentence, witness, kind } of gatewayFooting(listing(planted), policy).faults) {
        assert.ok(sentence.length > 0);
        assert.equal(witness === undefined, kind === 'absent');
      }
    });
  }

  test('another policy is enforced, or the one on trial is another', () => {
    assert.deepEqual(kinds(rules(other)), ['wider']);
    assert.deepEqual(kinds(begun(sound, other, 60)), ['wider']);
  });
});

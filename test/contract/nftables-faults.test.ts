import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Intent } from '../../src/ir/index.ts';
import { NFTABLES_FILE, nftablesTarget } from '../../src/target/nftables/index.ts';
import { renderProven, verifyTarget } from '../../src/verify/index.ts';
import { AGENT_HOST, EVERYTHING, GATEWAY } from './intents.ts';

/**
 * Planted faults: a printer that writes something else than it should must be caught by the proof, whatever it writes. One edit of
 * one line at a time, every line of the text; the few edits that change no verdict are listed with the reason.
 */
interface Edit {
  readonly name: string;
  readonly edit: (line: string) => string;
}

const EDITS: readonly Edit[] = [
  { name: 'left out', edit: () => '' },
  {
    name: 'a number one higher',
    edit: (line) => line.replace(/\b\d+\b(?!.*\b\d+\b)/, (digits) => String(Number(digits) + 1)),
  },
  { name: 'a longer prefix', edit: (line) => line.replace(/\/(\d+) /, (_, bits: string) => `/${Number(bits) + 1} `) },
  { name: 'accept for drop', edit: (line) => line.replace(/\bdrop\b/, 'accept') },
  { name: 'drop for accept', edit: (line) => line.replace(/\baccept\b/, 'drop') },
  { name: 'drop for reject', edit: (line) => line.replace(/reject with icmpx admin-prohibited/, 'drop') },
  {
    name: 'the other end',
    edit: (line) => line.replace(/saddr|daddr/, (side) => (side === 'saddr' ? 'daddr' : 'saddr')),
  },
  { name: 'UDP for TCP', edit: (line) => line.replace(/ \. 6 \. /, ' . 17 . ') },
  { name: 'without a family', edit: (line) => line.replace(/, ipv6 : jump [\w-]+| meta nfproto ipv4/, '') },
  {
    name: 'into the other chain',
    edit: (line) =>
      line.replace(/jump (input|output)-ip\b/, (_, hook: string) => `jump ${hook === 'input' ? 'output' : 'input'}-ip`),
  },
  { name: 'without return', edit: (line) => line.replace(/\bjump(?= output-ip6? [,}])/, 'goto') },
  {
    name: 'without its condition',
    edit: (line) =>
      line.replace(/^(\t+)(?:ct state [\w,]+|fib .*? \}|iifname "\S+"|oifname "\S+"|icmpv6 type [\w-]+) /, '$1'),
  },
  { name: 'negated', edit: (line) => line.replace(/(iifname|oifname|saddr|daddr) (?=["\d])/, '$1 != ') },
  { name: 'another port field', edit: (line) => line.replace(/dport/, 'sport') },
  { name: 'sent to another listener', edit: (line) => line.replace(/(?<= to .*:)(3129|5300)\b/, '3128') },
  { name: 'sent to another address', edit: (line) => line.replace(/ to 127\.0\.0\.1:/, ' to 127.0.0.2:') },
  { name: 'sent to another machine', edit: (line) => line.replace(/ to \[::1\]:/, ' to [2001:db8::1]:') },
  { name: 'no longer sent', edit: (line) => line.replace(/dnat ip6? to \S+/, 'accept') },
  { name: 'with another burst', edit: (line) => line.replace(/burst (\d+)(?= packets )/, 'burst 1$1') },
];

/** Edits that change no verdict. An entry that nothing needs any more fails the test: the list must not outlive its reasons. */
const EQUAL: readonly { readonly edits?: readonly string[]; readonly line: RegExp; readonly because: string }[] = [
  { line: /^(#.*)?$/, because: 'it is no rule' },
  { line: /^delete table|^table inet portcullis$/, because: 'the table is empty before and after' },
  { line: /^limit rate 10\/second burst 20 packets log /, because: 'it logs only' },
  { line: /^counter name "denied_output"$/, because: 'it counts only' },
  { line: /^meta l4proto 6 reject with tcp reset$/, because: 'it chooses the kind of refusal only' },
  { line: /^size \d+$/, because: 'it bounds memory' },
  { line: /^counter flow-nowhere/, because: 'nothing uses it' },
  { line: /^typeof socket cgroupv2/, because: 'the rule says the level that counts' },
  { line: /^type nat hook/, edits: ['a number one higher'], because: 'nothing else translates' },
  {
    edits: ['accept for drop', 'a number one higher'],
    line: /^type filter hook/,
    because: 'the last rule decides; it is the only table',
  },
  {
    edits: ['left out'],
    line: /^counter name "denied_(input|forward)" drop$/,
    because: 'the policy of the chain drops too',
  },
];

const SHARP: Intent = {
  ...EVERYTHING,
  // What the loopback piece or a wider flow allows as well, nobody could miss.
  baseline: EVERYTHING.baseline.filter((piece) => piece.name !== 'loopback' && piece.name !== 'anti-spoofing'),
  grants: EVERYTHING.grants.filter((grant) => grant.name !== 'narrow'),
};

/** Nothing comes in, so that what is dropped of it by name would be dropped anyway. */
const ONLY_OUT: Intent = { ...GATEWAY, baseline: GATEWAY.baseline.filter(({ name }) => name === 'established') };

describe('every planted fault is found', () => {
  const used = new Set<RegExp>();
  for (const [title, policy] of [
    ['a small agent host', AGENT_HOST],
    ['everything that a policy can say', SHARP],
    ['names by way of a gateway', ONLY_OUT],
  ] as const) {
    const lines = textOf(policy).split('\n');
    for (const { name, edit } of EDITS) {
      test(`${name}: ${title}`, () => {
        const planted = lines.flatMap((line, index) => {
          const edited = edit(line);
          return edited === line ? [] : [{ line: line.trim(), text: lines.with(index, edited).join('\n') }];
        });
        const missed = planted.filter(({ line, text }) => !isEqual(name, line) && !isFound(policy, text));
        assert.deepEqual(
          missed.map(({ line }) => line),
          [],
        );
      });
    }
  }

  test('and nothing is excused without need', () => {
    assert.deepEqual(
      EQUAL.filter(({ line }) => !used.has(line)).map(({ because }) => because),
      [],
    );
  });

  function isEqual(name: string, line: string): boolean {
    const found = EQUAL.find((each) => (each.edits?.includes(name) ?? true) && each.line.test(line));
    if (found !== undefined) used.add(found.line);
    return found !== undefined;
  }
});

function textOf(policy: Intent): string {
  const { artifacts } = renderProven(nftablesTarget, policy);
  assert.ok(artifacts !== undefined);
  return artifacts[0]!.text;
}

function isFound(policy: Intent, text: string): boolean {
  return !verifyTarget(nftablesTarget, policy, [{ name: NFTABLES_FILE, text }]).holds;
}

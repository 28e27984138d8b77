import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Intent } from '../../src/ir/index.ts';
import type { Artifact } from '../../src/target/index.ts';
import { iptablesIpsetTarget } from '../../src/target/iptables/index.ts';
import { IPSET_FILE } from '../../src/target/iptables/print.ts';
import { renderProven, verifyTarget } from '../../src/verify/index.ts';
import { AGENT_HOST, EVERYTHING, everyProcess, flow, machines, tcp } from './intents.ts';

/**
 * Planted faults: a printer that writes something else than it should must be caught by the proof, whatever it writes. One edit of
 * one line at a time, every line of every file; the few edits that change no verdict are listed with the reason.
 */
interface Edit {
  readonly name: string;
  readonly edit: (line: string) => string;
}

const EDITS: readonly Edit[] = [
  { name: 'left out', edit: () => '' },
  { name: 'a port one higher', edit: (line) => line.replace(/(--dports? (?:\d+:)?)(\d+)/, (_, before, port) => `${before}${Number(port) + 1}`) },
  { name: 'an account one higher', edit: (line) => line.replace(/(--uid-owner )(\d+)/, (_, before, uid) => `${before}${Number(uid) + 1}`) },
  { name: 'a longer prefix', edit: (line) => line.replace(/\/(\d+) (?=.*-[jg])/, (_, bits: string) => `/${Number(bits) + 1} `) },
  { name: 'another address', edit: (line) => line.replace(/(-[sd] [\d.]*\d)(?= )/, '$17') },
  { name: 'a wider range', edit: (line) => line.replace(/(range \S+-\S*?)(\d+) /, (_, before, last) => `${before}${Number(last) + 1} `) },
  { name: 'another element', edit: (line) => line.replace(/(?<=^add \S+ \S*)(\d+)(?= )/, (digits) => String(Number(digits) + 1)) },
  { name: 'RETURN for DROP', edit: (line) => line.replace(/-j DROP/, '-j RETURN') },
  { name: 'DROP for RETURN', edit: (line) => line.replace(/-j RETURN/, '-j DROP') },
  { name: 'DROP for REJECT', edit: (line) => line.replace(/-j REJECT.*/, '-j DROP') },
  { name: 'ACCEPT for REJECT', edit: (line) => line.replace(/-j REJECT.*/, '-j ACCEPT') },
  { name: 'the other end', edit: (line) => line.replace(/ -[sd] /, (side) => (side === ' -s ' ? ' -d ' : ' -s ')) },
  { name: 'the other end of a set', edit: (line) => line.replace(/(--match-set \S+) dst/, '$1 src') },
  { name: 'UDP for TCP', edit: (line) => line.replace(/-p tcp -m tcp/, '-p udp -m udp') },
  { name: 'the other chain', edit: (line) => line.replace(/-g PC-(input|output)$/, (_, hook) => `-g PC-${hook === 'input' ? 'output' : 'input'}`) },
  { name: 'jump for goto', edit: (line) => line.replace(/-g PC-(\w+)-(deny|rated)/, '-j PC-$1-$2') },
  { name: 'without its condition', edit: (line) => line.replace(/(-A \S+ )(?:-m conntrack --ctstate \S+|-m addrtype --src-type \S+|-[iods] \S+|-p \S+ -m icmp6? --icmp\S+ \S+) /, '$1') },
  { name: 'negated', edit: (line) => line.replace(/ (-[iosd] \S+)/, ' ! $1') },
  { name: 'another port field', edit: (line) => line.replace(/--dport/, '--sport') },
  { name: 'another burst', edit: (line) => line.replace(/(hashlimit-burst )(\d+)/, '$11$2') },
  { name: 'another rate', edit: (line) => line.replace(/(hashlimit-upto )(\d+)/, '$11$2') },
  { name: 'a rate for all sources', edit: (line) => line.replace(/--hashlimit-mode srcip /, '') },
  { name: 'a rate that is soon forgotten', edit: (line) => line.replace(/(htable-expire )\d+/, '$11000') },
  { name: 'a hook in another chain', edit: (line) => line.replace(/-I (INPUT|OUTPUT)/, (_, chain) => `-I ${chain === 'INPUT' ? 'OUTPUT' : 'INPUT'}`) },
]; // biome-ignore format: one edit a line

/** Edits that change no verdict. An entry that nothing needs any more fails the test: the list must not outlive its reasons. */
const EQUAL: readonly { readonly edits?: readonly string[]; readonly line: RegExp; readonly because: string }[] = [
  { line: /^#(?! Written by Portcullis for ip)/, because: 'it is no rule' },
  { edits: ['left out'], line: /^# Written by Portcullis for ip(?:6?tables)?/, because: 'the name of the file tells the family, too' },
  { line: /-j NFLOG /, because: 'it logs only' },
  { edits: ['left out', 'DROP for REJECT'], line: /^-A PC-output-deny -p tcp -j REJECT --reject-with tcp-reset$/, because: 'it chooses the kind of refusal only' },
  { edits: ['jump for goto'], line: /-g PC-\w+-(?:deny|rated)$/, because: 'nothing comes back from there' },
  { edits: ['left out'], line: /^create pcn/, because: 'sets of names are known by their names' },
]; // biome-ignore format: one reason a line

const SHARP: Intent = {
  ...EVERYTHING,
  // What the loopback piece or a wider flow allows as well, nobody could miss.
  baseline: EVERYTHING.baseline.filter((piece) => piece.name !== 'loopback' && piece.name !== 'anti-spoofing'),
  grants: [
    ...EVERYTHING.grants.filter((grant) => grant.name !== 'narrow'),
    flow('many', everyProcess, machines(...Array.from({ length: 12 }, (_, at) => `203.0.113.${at * 2}`)), tcp(2000)),
    flow('between', everyProcess, machines('198.18.0.7-198.18.0.9', '2001:db8:3::7-2001:db8:3::9'), tcp(2001)),
  ],
};

describe('every planted fault is found', () => {
  const used = new Set<RegExp>();
  for (const [title, policy] of [
    ['a small agent host', AGENT_HOST],
    ['everything that a policy can say', SHARP],
  ] as const) {
    const files = filesOf(policy);
    for (const { name, edit } of EDITS) {
      test(`${name}: ${title}`, () => {
        const planted = files.flatMap(({ name: file, text }, at) => {
          const lines = text.split('\n');
          return lines.flatMap((line, index) => {
            const edited = edit(line);
            if (edited === line) return [];
            return [{ line, files: files.with(at, { name: file, text: lines.with(index, edited).join('\n') }) }];
          });
        });
        const missed = planted.filter((each) => !isEqual(name, each.line) && !isFound(policy, each.files));
        assert.deepEqual(
          missed.map(({ line }) => line),
          [],
        );
      });
    }
  }

  test('and every kind of edit is made', () => {
    const text = [AGENT_HOST, SHARP]
      .flatMap(filesOf)
      .map((file) => file.text)
      .join('\n');
    const lines = text.split('\n');
    assert.deepEqual(
      EDITS.filter(({ edit }) => lines.every((line) => edit(line) === line)).map(({ name }) => name),
      [],
    );
  });

  test('and nothing is excused without need', () => {
    assert.deepEqual(
      EQUAL.filter(({ line }) => !used.has(line)).map(({ because }) => because),
      [],
    );
  });

  test('a file left out', () => {
    const files = filesOf(AGENT_HOST);
    for (const file of files.filter(({ name }) => name !== IPSET_FILE)) {
      const others = files.filter((each) => each !== file);
      assert.ok(isFound(AGENT_HOST, others), file.name);
    }
  });

  function isEqual(name: string, line: string): boolean {
    const found = EQUAL.find((each) => (each.edits?.includes(name) ?? true) && each.line.test(line));
    if (found !== undefined) used.add(found.line);
    return found !== undefined;
  }
});

function filesOf(policy: Intent): readonly Artifact[] {
  const { artifacts } = renderProven(iptablesIpsetTarget, policy);
  assert.ok(artifacts !== undefined);
  return artifacts;
}

function isFound(policy: Intent, files: readonly Artifact[]): boolean {
  return !verifyTarget(iptablesIpsetTarget, policy, files).holds;
}

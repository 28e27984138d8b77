import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MAIN, runChild } from '../../bench/lib/child.ts';
import { inFolder } from './cli.ts';

const DEADLINE_MS = 240_000; // on a machine that does much else; alone it takes some seconds

function ruleset(rules: readonly string[]): string {
  return `table inet hostile {\n  chain input {\n    type filter hook input priority filter; policy drop;\n${rules.map((rule) => `    ${rule}\n`).join('')}  }\n}\n`;
}

/** Rules by source and rules by destination that all meet, with a port of its own for each. */
const CROSSING = ruleset(
  Array.from({ length: 4_000 }, (_, at) => {
    const address = `10.${at >> 6}.${(at & 63) * 4}.7`;
    return at % 2 === 0
      ? `ip saddr ${address} tcp dport ${at + 1} accept`
      : `ip daddr ${address} tcp sport ${at + 1} drop`;
  }),
);

/** More conditions that nobody can know than one packet may meet. */
const DEEP = ruleset(
  Array.from(
    { length: 1_500 },
    (_, at) => `tcp dport 1-60000 limit rate ${at + 1}/second ${at % 2 === 0 ? 'accept' : 'drop'}`,
  ),
);

describe('a ruleset made to use up all memory', () => {
  for (const [name, text, message] of [
    [
      'by rules that all meet',
      CROSSING,
      /^error\[C0014\]: .* do not fit into 512 MiB\n {2}help: ask about single packets/m,
    ],
    [
      'by conditions on one packet',
      DEEP,
      /^error\[C0020\]: .* more than 1000 conditions .*\n {2}help: ask about packets that meet fewer/m,
    ],
  ] as const) {
    it(`${name} ends in a message, not in a crash`, { timeout: DEADLINE_MS }, async () => {
      await inFolder({ 'hostile.nft': text }, async (folder) => {
        const { status, stderr, peakMegabytes } = runChild([MAIN, 'check', '--in', join(folder, 'hostile.nft')], {
          timeoutMs: DEADLINE_MS,
        });
        assert.equal(status, 4, stderr.slice(-500));
        assert.match(stderr, message);
        assert.ok(peakMegabytes < 1_000, `${peakMegabytes} MB`);
      });
    });
  }

  it('still answers for single packets', { timeout: DEADLINE_MS }, async () => {
    await inFolder({ 'hostile.nft': CROSSING }, async (folder) => {
      const args = ['why', '--in', join(folder, 'hostile.nft'), '--at', 'input', 'tcp 10.0.0.7:40000 -> 10.9.9.9:1'];
      const { status, stdout } = runChild([MAIN, ...args], { timeoutMs: DEADLINE_MS });
      assert.equal(status, 0);
      assert.match(stdout, /accept/);
    });
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../src/analysis/index.ts';
import { findProgram, isolationArguments, run } from '../../src/host/index.ts';
import { auditNft, closed, codes } from '../audit/ask.ts';
import { isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const isolation = 'skip' in found ? 'root' : found.isolation;
const requirements = new URL('../audit/requirements/', import.meta.url);

/** What a shell script says that runs in a network of its own. */
async function inPrivate(script: string): Promise<string> {
  const preamble = 'set -e; mount -t tmpfs tmpfs /run; ip link set lo up';
  const { exitCode, stdout, stderr } = await run(
    'unshare',
    [...isolationArguments(isolation, 0), 'sh', '-c', `${preamble}; ${script}`],
    { timeoutMs: 30_000 },
  );
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

const missing = ['iptables', 'nft'].find((program) => findProgram(program) === undefined);

suite('the iptables script of the requirements', { skip }, () => {
  test('loads to what the fixture holds', {
    skip: missing === undefined ? false : `\`${missing}\` is not installed: apt-get install iptables nftables`,
  }, async (t) => {
    const version = (await run('iptables', ['--version'])).stdout;
    if (!version.includes('nf_tables')) return t.skip(`iptables is ${version.trim()}: \`nft\` does not list its rules`);
    const script = fileURLToPath(new URL('iptables-script.sh', requirements));
    const listing = await inPrivate(`sh ${script}; nft list ruleset`);
    // How a listing is spelt differs by version; what is said about it must not.
    const expected = codes(auditNft(readFileSync(new URL('iptables-script.nft', requirements), 'utf8')));
    const stable = (all: readonly string[]): string[] => all.filter((each) => !each.startsWith('A0'));
    assert.deepEqual(stable(codes(auditNft(listing))), stable(expected));
  });
});

/** Commands of nft that mend what was found are loaded by nft itself, and the finding is gone. */
suite('fixes', { skip }, () => {
  const bare = `table inet host {
  chain input { type filter hook input priority 0; policy drop; tcp dport 22 accept; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; }
  chain output { type filter hook output priority 0; policy accept; }
  chain forward { type filter hook forward priority 0; policy drop; }
}`;
  const table: readonly (readonly [code: string, rules: string])[] = [
    ['A1007', closed('tcp dport 22 accept')],
    ['A1204', bare],
    ['A1205', bare],
    ['A1206', bare],
    ['A1207', bare.replace('tcp dport 22', 'ct state established,related accept; tcp dport 22')],
  ];
  for (const [code, rules] of table) {
    test(code, async () => {
      const before = auditNft(rules).find((each): each is Finding => each.code === code);
      assert.ok(before?.fix !== undefined && before.fix.language === 'nft', code);
      assert.deepEqual(before.fix.remove, []);
      const load = (text: string): string => `nft -f - <<'EOF'\n${text}\nEOF\n`;
      const listing = await inPrivate(`${load(rules)}${load(before.fix.add.join('\n'))}nft list ruleset`);
      const after = codes(auditNft(listing));
      assert.ok(!after.some((each) => each.startsWith(code)), `${before.fix.add.join('\n')}\n${after.join('\n')}`);
    });
  }
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isolationOrReason } from '../lab/support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const SCRIPT = join(import.meta.dirname, '../../scripts/judge-rules.ts');

test('rules and rulesets that somebody wrote are put to the kernel', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'));
  try {
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const chain = 'type filter hook input priority 0; policy drop; udp dport 53 accept';
    const good = write(
      'good',
      `# two rules\ntcp dport 22 drop\nnumgen random mod 2 0 drop\n---\ntable ip t {\n chain c { ${chain}; }\n}\n`,
    );
    const agreed = judge(good);
    assert.match(
      agreed.stdout,
      /^\d+ agree +tcp dport 22 drop\n\d+ agree, \d+ left open +numgen .*\n\d+ agree +table ip t \{.*\n$/,
    );
    assert.equal(agreed.status, 0, agreed.stderr);

    const bad = judge(write('bad', 'tcp dport 22 dropp\ntcp sport 22 udp sport 22 drop\ntcp dport 23 drop\n'));
    assert.match(bad.stdout, /^NOT READ +tcp dport 22 dropp\n {2}we do not understand: .*`dropp`/);
    assert.match(bad.stdout, /\d+ agree +tcp dport 23 drop\n$/);
    assert.equal(bad.status, 2);
    assert.equal(judge(join(folder, 'absent')).status, 2);
    assert.equal(judge().status, 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function judge(...args: readonly string[]): { stdout: string; stderr: string; status: number | null } {
  return spawnSync(process.execPath, [SCRIPT, ...args, ...(args.length > 0 ? ['--packets', '60'] : [])], {
    encoding: 'utf8',
  });
}

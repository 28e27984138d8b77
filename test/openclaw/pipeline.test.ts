/**
 * The whole way of every configuration: `init` has written the policies of `golden/` (policies.test.ts holds them to that),
 * here each is rendered for nftables with its proof, and real packets are sent at some. With PORTCULLIS_LAB=all in the
 * environment they are sent at all of them, which takes a minute more.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { run } from '../../src/host/index.ts';
import { isolationOrReason } from '../lab/support.ts';
import { ACCOUNTS } from './support.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const GOLDEN = join(import.meta.dirname, 'golden');
const POLICIES = readdirSync(GOLDEN).filter((name) => name.endsWith('.yaml'));
/** Between them: every kind of zone, destination, service and listener that `init` writes. */
const SENT = ['discord.yaml', 'everything.yaml', 'local-model.yaml', 'local-proxy.yaml'];

describe('rendered for nftables, proven equal but for what is declared', () => {
  for (const name of POLICIES) {
    test(name, async () => {
      const done = await run(process.execPath, [MAIN, 'render', 'nftables', ...ACCOUNTS, join(GOLDEN, name)], {
        timeoutMs: 60_000,
      });
      assert.equal(done.exitCode, 0, done.stderr);
      assert.match(done.stdout, /^table inet portcullis/m);
      assert.match(done.stderr, /^proven: /m);
    });
  }
});

const found = await isolationOrReason();
describe('real packets do what the policy says', { skip: 'skip' in found ? found.skip : false }, () => {
  for (const name of process.env.PORTCULLIS_LAB === 'all' ? POLICIES : SENT) {
    test(name, async () => {
      const args = [MAIN, 'test', '--lab', '--json', ...ACCOUNTS, join(GOLDEN, name)];
      const done = await run(process.execPath, args, { timeoutMs: 120_000 });
      assert.equal(done.exitCode, 0, done.stdout + done.stderr);
      const { lab }: { lab: { agree: number; contradict: number } } = JSON.parse(done.stdout);
      assert.ok(lab.agree > 300, `${lab.agree} packets`);
      assert.equal(lab.contradict, 0);
    });
  }
});

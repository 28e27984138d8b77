import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findProgram, hostCapabilities } from '../../src/host/index.ts';
import { systemdMissing } from '../lab/systemd.ts';
import { run } from './commands.ts';

const { isolation } = await hostCapabilities();
const missing = ['curl', 'dig', 'nft', 'openssl', 'unshare'].filter((each) => findProgram(each) === undefined);
const why = (await systemdMissing()) ?? (missing.length > 0 ? `${missing.join(', ')} missing` : undefined);
const skip =
  isolation !== 'root'
    ? 'SKIPPED, no systemd was started: it takes root'
    : why !== undefined && `SKIPPED, no systemd was started: ${why}`;

const MAIN = join(import.meta.dirname, 'systemd-main.ts');
const ISOLATED = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];

const MUST: Readonly<Record<string, RegExp>> = {
  'the unit is one that systemd understands': /^$/,
  'it is well': /^yes$/,
  'an allowed name': /^https allowed\.example allowed\.example \/$/,
  'an unlisted name': /^unlisted-name$/,
  'a name that is enforced by addresses': /^NOERROR A /,
  'who it is, and what it may': /^its own account, capabilities 0{16}, no new privileges 1$/,
  'a wider policy after `systemctl reload`': /^https approved\.example /,
  killed: /^curl \d+$/,
  'and by itself': /^https allowed\.example /,
  'as another process': /^true$/,
  stopped: /^curl \d+$/,
  'and what systemd says of it': /^Result=success, ActiveState=inactive$/,
};

test('systemd keeps the gateway, by the unit that we print: with its own account, hardened, back by itself, closed in between', {
  skip,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'systemd-'));
  chmodSync(folder, 0o755); // the agent reads the certificate
  try {
    const { code, out, err } = await run('unshare', [...ISOLATED, process.execPath, MAIN, folder]);
    const told = out
      .split('\n')
      .flatMap((line): { readonly what: string; readonly came: string }[] =>
        line.startsWith('{') ? [JSON.parse(line)] : [],
      );
    for (const { what, came } of told) t.diagnostic(`${what}: ${came}`);
    assert.deepEqual(
      told.filter(({ what, came }) => MUST[what]?.test(came) !== true),
      [],
      err,
    );
    assert.deepEqual(
      told.map(({ what }) => what),
      Object.keys(MUST),
      err,
    );
    assert.equal(code, 0, err);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

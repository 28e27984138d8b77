import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONFIGURATION } from '../../src/cli/demo/machine.ts';
import { openClaw } from './package.ts';

const found = await openClaw();
const name = 'the real OpenClaw accepts the configuration of the demo';
if (typeof found === 'string') test(name, { skip: found }, () => undefined);
else {
  test(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-demo-'));
    try {
      const path = join(folder, 'openclaw.json');
      writeFileSync(path, CONFIGURATION);
      const variables = { OPENCLAW_GATEWAY_TOKEN: 'x', DISCORD_BOT_TOKEN: 'x' };
      const { exitCode, stdout, stderr } = await found.run(['config', 'validate'], path, variables);
      assert.equal(exitCode, 0, stdout + stderr);
    } finally {
      found.remove();
      rmSync(folder, { recursive: true });
    }
  });
}

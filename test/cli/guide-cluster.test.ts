import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { portcullis } from './cli.ts';

const GUIDE = readFileSync(new URL('../../docs/guides/audit-a-cluster.md', import.meta.url), 'utf8');

test('the guide about clusters shows what is printed', async () => {
  const manifests = /```yaml\n([\s\S]*?)```/.exec(GUIDE)![1]!;
  const printed = /```sh\nportcullis audit manifests\n```\n\n```text\n([\s\S]*?)\n```/.exec(GUIDE)![1]!;
  const ran = await portcullis(['audit', 'manifests'], { files: { 'manifests/agents.yaml': manifests } });
  assert.equal(ran.stdout.trimEnd(), printed);
});

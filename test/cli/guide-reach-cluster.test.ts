import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { portcullis } from './cli.ts';
import { MENDED, POLICY, WORKLOADS } from './shop.ts';

const GUIDE = readFileSync(new URL('../../docs/guides/who-reaches-whom-in-a-cluster.md', import.meta.url), 'utf8');
const files = {
  'cluster/workloads.yaml': WORKLOADS,
  'cluster/policy.yaml': POLICY,
  'mended/workloads.yaml': WORKLOADS,
  'mended/policy.yaml': MENDED,
};

/** A command of the guide, and behind it what it prints. */
const SESSION = /```sh\nportcullis (.*)\n```\n\n```text\n([\s\S]*?)\n```/g;

suite('the guide about who reaches whom in a cluster', () => {
  for (const [, command, printed] of GUIDE.matchAll(SESSION)) {
    test(`portcullis ${command}`, async () => {
      const args = [...command!.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
      const { stdout, stderr } = await portcullis(args, { files });
      assert.equal(`${stderr}${stdout}`.trimEnd(), printed);
    });
  }

  test('shows all of these, and the policy', () => {
    assert.ok([...GUIDE.matchAll(SESSION)].length >= 4);
    assert.ok(GUIDE.includes(POLICY));
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { portcullis } from './cli.ts';

const GUIDE = readFileSync(new URL('../../docs/guides/ask-somebody-elses-ruleset.md', import.meta.url), 'utf8');
const RULES = /```nft\n([\s\S]*?)```/.exec(GUIDE)![1]!;
const files = { 'live.nft': RULES, 'next.nft': RULES.replace('10.0.0.0/8', '10.0.0.0/7') };

/** A command of the guide, and behind it what it prints. */
const SESSION = /```sh\nportcullis (.*)\n```\n\n```text\n([\s\S]*?)\n```/g;

suite("the guide about somebody else's ruleset", () => {
  for (const [, command, printed] of GUIDE.matchAll(SESSION)) {
    test(`portcullis ${command}`, async () => {
      const args = [...command!.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
      const { stdout, stderr } = await portcullis(args, { files });
      assert.equal(`${stderr}${stdout}`.trimEnd(), printed);
    });
  }

  test('shows all of these', () => assert.ok([...GUIDE.matchAll(SESSION)].length >= 5));
});

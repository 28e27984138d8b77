import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { portcullis } from './cli.ts';

const OK = 'table ip t {\n  chain c {\n    accept\n  }\n}\n';

/** Files that are no ruleset, and the first line that people get for them. */
const CASES: readonly (readonly [title: string, name: string, text: string, said: string])[] = [
  ['no file', 'nowhere/x.nft', '', 'error[C0002]: cannot read `absent.nft`: there is no such file'],
  [
    'a folder',
    'folder/x.nft',
    OK,
    'error[C0002]: cannot read `folder`: no file of this folder is a manifest (*.yaml, *.yml, *.json), or one that ufw loads',
  ],
  [
    'a log',
    'a.log',
    'Nov 25 20:00:01 host kernel: drop\nNov 25 20:00:02 host kernel: drop\n',
    'error[N0211]: `a.log` is no nftables configuration: it begins with `Nov 25 20:00:01 host kernel: drop`',
  ],
  [
    'a policy',
    'policy.yaml',
    'portcullis: 1\nname: x\n',
    'error[N0211]: `policy.yaml` is no nftables configuration: it begins with `portcullis: 1`',
  ],
  ['an end too early', 'cut.nft', OK.slice(0, 36), 'error[N0201]: expected `}`, found the end'],
  [
    'JSON of something else',
    'other.json',
    '{"rules": []}',
    'error[N0202]: this is no `nft -j list ruleset`: the document has `rules`, which is not understood',
  ],
  [
    'JSON that is cut off',
    'cut.json',
    '{"nftables": [',
    'error[N0202]: this is no `nft -j list ruleset`: it is no JSON from here on',
  ],
];

suite('files that are no ruleset', () => {
  for (const [title, name, text, said] of CASES) {
    test(title, async () => {
      const asked = name.startsWith('nowhere') ? 'absent.nft' : name.replace(/\/.*/, '');
      const ran = await portcullis(['why', '--in', asked, 'tcp 10.0.0.1 -> host:22'], { files: { [name]: text } });
      assert.equal(ran.exitCode, 2);
      assert.equal(ran.stderr.split('\n')[0], said);
      assert.equal(ran.stderr.split('error[').length - 1, 1, 'it is told once');
      assert.equal(ran.stdout, '');
    });
  }

  test('bytes that are no text', async () => {
    const ran = await portcullis(['check', '--in', '-'], { stdin: Uint8Array.of(0xff, 0xfe, 0x74, 0x00) });
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /^error\[C0002\]: cannot read `<stdin>`: it is not UTF-8 text\n/);
  });

  test('an empty file is a ruleset that lets everything pass, and most often a mistake', async () => {
    for (const text of ['', '# nothing yet\n']) {
      const ran = await portcullis(['why', '--in', 'a.nft', 'tcp 10.0.0.1 -> host:22'], { files: { 'a.nft': text } });
      assert.equal(ran.exitCode, 0);
      assert.match(ran.stderr, /^warning\[N0212\]: `a\.nft` holds no table: such a firewall lets everything pass\n/);
      assert.match(ran.stdout, /\naccept: allowed\n/);
    }
  });
});

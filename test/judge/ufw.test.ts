import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findProgram } from '../../src/host/index.ts';
import type { Intent } from '../../src/ir/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { ufwTarget } from '../../src/target/ufw/index.ts';
import { renderProven } from '../../src/verify/index.ts';
import { AGENT_HOST, EVERYTHING, NOTHING, ROUTER } from '../contract/intents.ts';
import { isolationOrReason } from '../lab/support.ts';
import { differences, ofIptables, ofUfw } from './ufw/compare.ts';
import { RealUfw } from './ufw/real.ts';
import { judgeSequence } from './ufw/sequence.ts';

const found = await isolationOrReason();
const programs = ['ufw', 'iptables-save', 'ip6tables-save', 'nft'].filter((name) => findProgram(name) === undefined);
const skip =
  'skip' in found
    ? found.skip
    : found.isolation !== 'root'
      ? 'SKIPPED, ufw was not run: it works for root only'
      : programs.length > 0
        ? `SKIPPED, ufw was not run: \`${programs.join('`, `')}\` is not installed`
        : false;

const SEQUENCES = 20;
const COMMANDS = 5; // in each, about a fifth of a second long

describe('what the real ufw loads is what we say of it', { skip }, () => {
  for (const half of [0, 1]) {
    test(`random commands: its files, its listings and the commands themselves, half ${half + 1}`, async () => {
      await using ufw = await RealUfw.open();
      const compared = new Map<string, number>();
      let refused = 0;
      for (let seed = 1 + half; seed <= SEQUENCES; seed += 2) {
        const judged = await judgeSequence(ufw, seed, COMMANDS);
        assert.deepEqual(judged.disagreements, [], `seed ${seed}:\n${judged.commands.join('\n')}`);
        for (const name of judged.compared) compared.set(name, (compared.get(name) ?? 0) + 1);
        refused += judged.refused;
      }
      for (const name of ['files', 'status verbose', 'status numbered', 'commands', 'show added'])
        assert.equal(compared.get(name), SEQUENCES / 2, name);
      assert.ok((compared.get('show added alone') ?? 0) > 0 && refused > 0);
    });
  }

  test('planted faults are noticed: the comparison can fail', async () => {
    await using ufw = await RealUfw.open();
    for (const words of [
      ['limit', '22/tcp'],
      ['deny', 'from', '10.0.0.0/8'],
      ['allow', 'in', 'on', 'eth0', 'to', 'any', 'port', '80,443', 'proto', 'tcp'],
      ['allow', 'out', '53'],
      ['route', 'reject', 'from', '2001:db8::/32'],
      ['default', 'reject', 'outgoing'],
      ['--force', 'enable'],
    ])
      assert.equal((await ufw.run(...words)).exitCode, 0, words.join(' '));
    const real = ofIptables(await ufw.loaded());
    const files = await ufw.files();
    assert.deepEqual(differences(real, ofUfw(files)), []);
    for (const [name, before, after] of FAULTS) {
      let hits = 0;
      const changed = files.map((file) => {
        if (!file.name.endsWith(name) || !file.text.includes(before)) return file;
        hits++;
        return new SourceFile(file.name, file.text.replace(before, after));
      });
      assert.equal(hits, 1, `${name}: ${before}`);
      assert.notDeepEqual(differences(real, ofUfw(changed)), [], `${name}: ${before} -> ${after}`);
    }
  });
});

const FAULTS: readonly (readonly [file: string, before: string, after: string])[] = [
  ['/ufw.conf', 'ENABLED=yes', 'ENABLED=no'],
  ['/default/ufw', 'IPV6=yes', 'IPV6=no'],
  ['/default/ufw', 'DEFAULT_INPUT_POLICY="DROP"', 'DEFAULT_INPUT_POLICY="REJECT"'],
  ['/default/ufw', 'DEFAULT_OUTPUT_POLICY="REJECT"', 'DEFAULT_OUTPUT_POLICY="DROP"'],
  ['/default/ufw', 'DEFAULT_FORWARD_POLICY="DROP"', 'DEFAULT_FORWARD_POLICY="ACCEPT"'],
  ['/before.rules', '--icmp-type echo-request', '--icmp-type echo-reply'],
  ['/before.rules', '-A ufw-not-local -j DROP\n', ''],
  ['/before6.rules', '--rt-type 0', '--rt-type 1'],
  ['/user.rules', '--hitcount 6 -j ufw-user-limit\n', '--hitcount 7 -j ufw-user-limit\n'],
  ['/user.rules', '-s 10.0.0.0/8 -j DROP', '-s 10.0.0.0/9 -j DROP'],
  ['/user.rules', '--dports 80,443', '--dports 80,444'],
  ['/user.rules', '-A ufw-user-output -p udp --dport 53 -j ACCEPT\n', ''],
  ['/user.rules', '-A ufw-user-limit -j REJECT', '-A ufw-user-limit -j DROP'],
  ['/user6.rules', '-A ufw6-user-forward -s 2001:db8::/32 -j REJECT', '-A ufw6-user-forward -s 2001:db8::/32 -j DROP'],
];

describe('what is written for a policy is what the real ufw makes of it', { skip }, () => {
  const policies: readonly (readonly [string, Intent])[] = [
    ['nothing at all', NOTHING],
    ['a router', ROUTER],
    ['a small agent host', AGENT_HOST],
    ['everything that a policy can say', EVERYTHING],
  ];
  for (const [title, policy] of policies) {
    test(title, async () => {
      const { artifacts } = renderProven(ufwTarget, policy);
      assert.ok(artifacts !== undefined);
      const said = ofUfw(artifacts.map(({ name, text }) => new SourceFile(name, text)));
      await using ufw = await RealUfw.open();
      await ufw.write('/run/policy', artifacts);

      // As commands, on a machine whose ufw has no rules; a second time they change nothing.
      const script = await ufw.place.run('sh', ['/run/policy/ufw-commands.sh']);
      assert.equal(script.exitCode, 0, script.stdout + script.stderr);
      assert.deepEqual(differences(ofIptables(await ufw.loaded()), said), []);
      const again = await ufw.place.run('sh', ['/run/policy/ufw-commands.sh']);
      assert.deepEqual(
        [again.exitCode, again.stderr],
        [3, 'ufw is enabled or has rules already: nothing was changed\n'],
      );

      // What it then says of itself reads back to the same.
      const frameworks = (await ufw.files()).filter(({ name }) => /\/(?:before|after)6?\.rules$/.test(name));
      assert.deepEqual(differences(ofUfw(await ufw.files()), said), []);
      const [verbose, added] = [await ufw.output('status', 'verbose'), await ufw.output('show', 'added')];
      assert.deepEqual(differences(ofUfw([verbose, ...frameworks]), said), []);
      assert.deepEqual(differences(ofUfw([added, verbose, ...(await ufw.files())]), said), []);

      // As files, when the machine starts; and when ufw writes them anew afterwards.
      await ufw.fresh();
      await ufw.place.checked('cp', ['-r', '/run/policy/etc/.', '/etc']);
      await ufw.place.checked('/usr/lib/ufw/ufw-init', ['start']);
      assert.deepEqual(differences(ofIptables(await ufw.loaded()), said), []);
      assert.equal((await ufw.run('logging', 'medium')).exitCode, 0);
      assert.equal((await ufw.run('reload')).exitCode, 0);
      assert.deepEqual(differences(ofIptables(await ufw.loaded()), said), []);
    });
  }
});

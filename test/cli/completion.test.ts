import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { portcullis } from './cli.ts';

function skipWithout(shell: string): string | false {
  return spawnSync(shell, ['--version']).status === 0 ? false : `${shell} is not installed here`;
}

/** What bash offers for a line, the last word being completed. */
function bashOffers(script: string, ...words: readonly string[]): string[] {
  const done = spawnSync(
    'bash',
    [
      '--norc',
      '--noprofile',
      '-c',
      `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _portcullis; printf '%s\\n' "\${COMPREPLY[@]}"`,
      '-',
      ...words,
    ],
    { encoding: 'utf8' },
  );
  assert.equal(done.stderr, '');
  return done.stdout.split('\n').filter((line) => line !== '');
}

suite('completion', () => {
  test('bash', { skip: skipWithout('bash') }, async () => {
    const { stdout: script } = await portcullis(['completion', 'bash']);
    assert.deepEqual(
      bashOffers(script, 'portcullis', ''),
      COMMANDS.map(({ name }) => name),
    );
    assert.deepEqual(bashOffers(script, 'portcullis', 'ch'), ['check']);
    assert.deepEqual(bashOffers(script, 'portcullis', 'check', '--a'), ['--against', '--account']);
    assert.deepEqual(bashOffers(script, 'portcullis', 'why', '--at', ''), ['input', 'output', 'forward']);
    assert.deepEqual(bashOffers(script, 'portcullis', 'render', 'n'), ['nftables']);
    assert.deepEqual(bashOffers(script, 'portcullis', 'check', '--against', ''), []); // the shell offers files then
  });

  test('bash evaluates nothing that stands on the line', { skip: skipWithout('bash') }, async () => {
    const { stdout: script } = await portcullis(['completion', 'bash']);
    assert.deepEqual(bashOffers(script, 'portcullis', '$(echo boo >&2)', '`echo boo >&2`', ''), []);
  });

  test('zsh', { skip: skipWithout('zsh') }, async () => {
    const { stdout: script } = await portcullis(['completion', 'zsh']);
    const done = spawnSync(
      'zsh',
      [
        '-f',
        '-c',
        `autoload -Uz compinit; compinit -u -D; ${script}; print $_comps[portcullis]; whence -w _portcullis`,
      ],
      { encoding: 'utf8' },
    );
    assert.equal(done.stderr, '');
    assert.equal(done.stdout, '_portcullis\n_portcullis: function\n');
  });

  test('fish', { skip: skipWithout('fish') }, async () => {
    const { stdout: script } = await portcullis(['completion', 'fish']);
    const offers = (line: string): string[] => {
      const done = spawnSync('fish', ['--no-config', '-c', `${script}\ncomplete -C '${line}'`], { encoding: 'utf8' });
      assert.equal(done.stderr, '');
      return done.stdout
        .trimEnd()
        .split('\n')
        .map((offer) => offer.split('\t')[0]!);
    };
    assert.deepEqual(offers('portcullis ').sort(), COMMANDS.map(({ name }) => name).sort());
    assert.ok(offers('portcullis check --').includes('--against'));
    assert.deepEqual(offers('portcullis why --at ').sort(), ['forward', 'input', 'output']);
  });

  test('the shell is taken from $SHELL, or must be named', async () => {
    assert.match((await portcullis(['completion'], { env: { SHELL: '/usr/bin/zsh' } })).stdout, /^#compdef portcullis/);
    const ran = await portcullis(['completion'], { env: { SHELL: '/bin/tcsh' } });
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /there is no completion for the shell `tcsh`/);
  });
});

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { wantsColour } from '../../src/cli/console.ts';
import { documentOf, POLICY, portcullis } from './cli.ts';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;

suite('the program', () => {
  test('its version and its help', async () => {
    assert.match((await portcullis(['--version'])).stdout, /^\d+\.\d+\.\d+/);
    const { stdout, exitCode } = await portcullis(['--help']);
    assert.equal(exitCode, 0);
    const lines = stdout.replaceAll(/\s+/g, ' '); // long summaries are wrapped
    for (const { name, summary } of COMMANDS) assert.ok(lines.includes(`${name} `) && lines.includes(summary), name);
  });

  test('without a command: the help on standard error, exit code 2', async () => {
    const ran = await portcullis([]);
    assert.deepEqual([ran.exitCode, ran.stdout], [2, '']);
    assert.match(ran.stderr, /^Usage: portcullis/);
  });

  for (const { name } of COMMANDS) {
    test(`help of ${name}`, async () => {
      const asked = await portcullis([name, '--help']);
      assert.equal(asked.exitCode, 0);
      assert.match(asked.stdout, new RegExp(`^Usage: portcullis ${name}`));
      assert.equal((await portcullis(['help', name])).stdout, asked.stdout);
    });
  }

  const mistakes: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [['chekc'], /unknown command `chekc`\n.*did you mean `check`\?/],
    [['check', '--jsno'], /unknown option `--jsno`\n.*did you mean `--json`\?/],
    [['check', 'a', 'b'], /too many arguments/],
    [['render'], /missing required argument `target`/],
    [['diff', 'a'], /missing required argument `b`/],
    [['why', '--at'], /argument missing/],
  ];
  for (const [args, said] of mistakes) {
    test(`not understood: ${args.join(' ')}`, async () => {
      const ran = await portcullis(args);
      assert.deepEqual([ran.exitCode, ran.stdout], [2, '']);
      assert.match(ran.stderr, said);
      assert.equal(documentOf(await portcullis([...args, '--json']), 'failure').ok, false);
    });
  }
});

suite('colour', () => {
  const table: readonly (readonly [env: Readonly<Record<string, string>>, isTerminal: boolean, wanted: boolean])[] = [
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, false, false],
    [{ TERM: 'dumb' }, true, false],
  ];
  for (const [env, isTerminal, wanted] of table) {
    test(`${JSON.stringify(env)} ${isTerminal ? 'on a terminal' : 'in a pipe'}: ${wanted}`, () => {
      assert.equal(wantsColour(env, isTerminal), wanted);
    });
  }
});

suite('the process', () => {
  test('exit codes and streams reach the shell', () => {
    const done = spawnSync(process.execPath, [MAIN, 'check', '-', '--json'], { input: POLICY, encoding: 'utf8' });
    assert.deepEqual([done.status, JSON.parse(done.stdout).ok, done.stderr], [0, true, '']);
  });

  test('a reader that has seen enough ends it quietly', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-pipe-'));
    try {
      writeFileSync(join(folder, 'portcullis.yaml'), POLICY);
      writeFileSync(join(folder, 'flows.txt'), 'tcp bastion -> host:22\n'.repeat(20_000));
      const child = spawn(process.execPath, [MAIN, 'why', '--flows', 'flows.txt'], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stderr = '';
      child.stderr.on('data', (chunk) => {
        stderr += String(chunk);
      });
      await once(child.stdout, 'data');
      child.stdout.destroy();
      const [code] = await once(child, 'close');
      assert.doesNotMatch(stderr, /EPIPE|fault/);
      assert.equal(code, 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

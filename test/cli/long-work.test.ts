import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import pico from 'picocolors';
import { foreignRuleset } from '../../bench/lib/foreign.ts';
import { policyText } from '../../bench/lib/policies.ts';
import { type Console, EXIT } from '../../src/cli/console.ts';
import { INTERRUPTED_LINE, Interrupted, longWork } from '../../src/cli/long-work.ts';
import type { Watcher } from '../../src/packetset/index.ts';
import { inFolder } from './cli.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
const NO_SCRIPT =
  spawnSync('script', ['--version']).status === 0
    ? false
    : 'no terminal can be played here: install `script` (Debian: bsdutils)';
const DEADLINE_MS = 240_000; // on a machine that does much else

/** A console of which only standard error is looked at. */
function consoleOn(isTerminal: boolean, env: Console['env'] = {}): { console: Console; written: () => string } {
  let stderr = '';
  const output = (write: (text: string) => void) => ({
    write,
    writeBytes: (utf8: Uint8Array): boolean => {
      write(Buffer.from(utf8).toString());
      return true;
    },
    isTerminal,
    width: 40,
    colors: pico.createColors(false),
  });
  const console: Console = {
    stdout: output(() => undefined),
    stderr: output((text) => {
      stderr += text;
    }),
    readStdin: async () => new Uint8Array(),
    env,
    cwd: '/',
    today: '2026-11-22',
    exitCode: EXIT.holds,
  };
  return { console, written: () => stderr };
}

/** Work of 1,000 rules that goes on for some time. */
function working(forMs: number): (watcher: Watcher) => string {
  return (watcher) => {
    watcher.begin(1_000, 'rules');
    const end = performance.now() + forMs;
    for (let rule = 0; performance.now() < end; rule++)
      if (rule < 400) watcher.advance();
      else watcher.pulse();
    return 'done';
  };
}

describe('long work', () => {
  it('tells on a terminal how far it is, on one line that is gone in the end', () => {
    const { console, written } = consoleOn(true);
    assert.equal(longWork(console, 'comparing', working(900)), 'done');
    assert.ok(written().startsWith('\r\u001b[Kcomparing: 400 of 1,000 rules, 0 s\r'));
    assert.ok(written().endsWith('\r\u001b[K'));
    assert.ok(!written().includes('\n'));
  });

  it('says nothing where it is quickly done, in a pipe, and on a terminal that cannot write over a line', () => {
    const quick = consoleOn(true);
    longWork(quick.console, 'comparing', working(20));
    assert.equal(quick.written(), '');
    const piped = consoleOn(false);
    longWork(piped.console, 'comparing', working(700));
    assert.equal(piped.written(), '');
    const dumb = consoleOn(true, { TERM: 'dumb' });
    longWork(dumb.console, 'comparing', working(700));
    assert.equal(dumb.written(), '');
  });

  it('lets errors through as they are, the line gone', () => {
    const { console, written } = consoleOn(true);
    const error = new RangeError('of the work');
    const failing = (watcher: Watcher): never => {
      working(700)(watcher);
      throw error;
    };
    assert.throws(
      () => longWork(console, 'comparing', failing),
      (thrown) => thrown === error,
    );
    assert.ok(written().endsWith('\r\u001b[K'));
  });

  it('is ended by SIGINT wherever it is, even where nothing looks', () => {
    const { console } = consoleOn(false);
    const started = performance.now();
    const endless = (): never => {
      spawn('sh', ['-c', 'sleep 0.3; kill -INT "$1"', 'sh', String(process.pid)], { stdio: 'ignore' });
      for (;;);
    };
    assert.throws(() => longWork(console, 'waiting', endless), Interrupted);
    assert.ok(performance.now() - started < DEADLINE_MS);
  });
});

interface Typed {
  readonly status: number | null;
  readonly screen: string;
}

const ENDED = 'the program has ended';

/** Runs the program on a terminal of its own; Ctrl-C is pressed as soon as the screen shows what is waited for. */
async function onTerminal(folder: string, args: readonly string[], interruptAt?: RegExp): Promise<Typed> {
  // `script` does not wait for what is still on its way to the screen: the shell goes only once its last line has been seen there.
  const program = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
  const command = `trap : INT; ${program}; status=$?; echo '${ENDED}'; read -r _; exit $status`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: folder,
    env: { ...process.env, TERM: 'xterm', NO_COLOR: '1' },
  });
  let screen = '';
  let pressed = interruptAt === undefined;
  let isOver = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    if (!pressed && interruptAt?.test(screen) === true) {
      pressed = true;
      child.stdin.write('\u0003');
    }
    if (!isOver && screen.includes(ENDED)) {
      isOver = true;
      child.stdin.write('\n');
    }
  });
  const status = await new Promise<number | null>((done) => child.on('close', done));
  return { status, screen: screen.slice(0, screen.indexOf(ENDED)) };
}

describe('Ctrl-C on a terminal', { skip: NO_SCRIPT, timeout: DEADLINE_MS }, () => {
  it('ends the check of a large ruleset with 130 and one line', async () => {
    await inFolder({ 'large.nft': foreignRuleset(10_000).text }, async (folder) => {
      const { status, screen } = await onTerminal(
        folder,
        ['check', '--in', 'large.nft'],
        /checking: [0-9,]+ of [0-9,]+ rules/,
      );
      assert.equal(status, 130);
      assert.ok(screen.endsWith(`\r\u001b[K${INTERRUPTED_LINE.replace('\n', '\r\n')}`), screen.slice(-300));
      assert.ok(!screen.replaceAll('\u001b[K', '').includes('\u001b'), 'NO_COLOR is honoured');
    });
  });

  it('leaves no file where one was to be written', async () => {
    await inFolder({ 'portcullis.yaml': policyText('agent', 20_000) }, async (folder) => {
      const { status } = await onTerminal(folder, ['render', 'nftables', '-o', 'out'], /proving/);
      assert.equal(status, 130);
      assert.deepEqual(readdirSync(folder), ['portcullis.yaml']);
    });
  });

  it('shows progress beside a JSON document, not in it', async () => {
    await inFolder({ 'large.nft': foreignRuleset(10_000).text }, async (folder) => {
      const { status, screen } = await onTerminal(folder, [
        'matrix',
        '--in',
        'large.nft',
        '--service',
        'tcp/22',
        '--json',
      ]);
      assert.equal(status, 0);
      assert.match(screen, /grouping addresses: [0-9,]+ of [0-9,]+ rules/);
      const document: unknown = JSON.parse(screen.slice(screen.indexOf('{')));
      assert.ok(typeof document === 'object' && document !== null && 'groups' in document);
    });
  });
});

describe('a long run in a pipe', { timeout: DEADLINE_MS }, () => {
  it('writes its answer and nothing else', async () => {
    await inFolder({ 'large.nft': foreignRuleset(5_000).text }, async (folder) => {
      const args = [MAIN, 'matrix', '--in', join(folder, 'large.nft'), '--service', 'tcp/22', '--json'];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
      assert.equal(status, 0);
      assert.equal(stderr, '');
      assert.doesNotThrow(() => JSON.parse(stdout));
    });
  });
});

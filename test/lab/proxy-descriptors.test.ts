import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { eventually, Hand, ignore, listening } from '../../src/gateway/proxy/support.ts';
import { findProgram } from '../../src/host/index.ts';

const DESCRIPTORS = 80; // Node itself takes some twenty
const LEAST_SERVED = 10;
const skip =
  findProgram('prlimit') === undefined ? 'SKIPPED: `prlimit` is not installed; apt-get install util-linux' : false;

const authorityOf = (port: number): string => `echo.example:${port}`;

async function open(port: number, destination: number): Promise<Hand> {
  const hand = await Hand.connect(port);
  const authority = authorityOf(destination);
  return hand.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
}

for (const bound of ['bounded', 'unbounded'] as const) {
  test(`K9: without descriptors the proxy refuses, lives on, and is back (${bound})`, { skip }, async () => {
    const echo = createServer((socket) => socket.on('error', ignore).pipe(socket));
    const destination = await listening(echo);
    const main = join(import.meta.dirname, 'proxy-descriptors-main.ts');
    const limited = [`--nofile=${DESCRIPTORS}:${DESCRIPTORS}`, process.execPath, main, String(destination), bound];
    const child = spawn('prlimit', limited, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const lines: string[] = [];
      createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
      await eventually(() => lines.length > 0, 'it listens', 20_000);
      const port = Number(lines[0]);
      for (let round = 0; round < 2; round++) {
        const hands = await Promise.all(Array.from({ length: DESCRIPTORS * 2 }, () => open(port, destination)));
        const served = (): Hand[] => hands.filter(({ text }) => text.startsWith('HTTP/1.1 200'));
        if (bound === 'bounded') {
          await eventually(() => served().length >= LEAST_SERVED, 'some are served');
          assert.match(
            (await served()[0]
              ?.write('still')
              .until(/still$/)) ?? '',
            /still$/,
          );
        }
        await eventually(() => hands.filter(({ isClosed }) => isClosed).length >= DESCRIPTORS, 'others are refused');
        assert.ok(served().length <= DESCRIPTORS / 2, `${served().length} are served with two descriptors each`);
        for (const hand of hands) hand.close();
        await new Promise((done) => setTimeout(done, 200));
        const next = await open(port, destination);
        await next.until(/200 Connection established/);
        next.close();
      }
      assert.equal(child.exitCode, null, 'it is alive');
      // Where the kernel has none left, libuv takes connections and closes them without a word.
      if (bound === 'bounded') assert.match(lines.join(), /a connection was refused: there are too many/);
      assert.ok(lines.length < 10_000, `${lines.length} lines of trouble`);
    } finally {
      child.kill();
      echo.close();
    }
  });
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { localSyslog } from '../../src/host/index.ts';
import { Going } from './commands.ts';

const probe = localSyslog('/dev/null/none');
const skip = typeof probe === 'function' ? false : `SKIPPED, nothing was sent: ${probe.sentence}`;

test('each message is one datagram, to whoever listens there at the time', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'syslog-'));
  const path = join(folder, 'log');
  const send = localSyslog(path);
  assert.ok(typeof send === 'function');
  try {
    assert.throws(() => send('to nobody'), /took no message \(errno 2\)/); // ENOENT
    for (const message of ['<132>1 first é', '<132>1 after a restart']) {
      rmSync(path, { force: true });
      const daemon = new Going(process.execPath, [join(import.meta.dirname, 'syslog-main.ts'), path]);
      await daemon.says('ready');
      send(message);
      await daemon.says(`${message}\n`, 10_000);
      await daemon.end('SIGKILL');
      assert.throws(() => send('to the dead'), /took no message \(errno 111\)/); // ECONNREFUSED
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a name that is too long for a socket is said', () => {
  assert.deepEqual(localSyslog(`/${'x'.repeat(107)}`), {
    sentence: `\`/${'x'.repeat(107)}\` is longer than the name of a socket may be (107 bytes)`,
  });
});

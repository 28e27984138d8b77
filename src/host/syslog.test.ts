import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { localSyslog, type SendToSyslog } from './syslog.ts';

/** What a syslogd does: takes datagrams at a local socket. Python is on every machine that has ufw, which the tests install. */
const TAKER = `
import socket, sys
taker = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
taker.bind(sys.argv[1])
print('ready', flush=True)
print(taker.recv(65536).decode(), flush=True)
`;

function opened(path: string): SendToSyslog {
  const send = localSyslog(path);
  assert.ok(typeof send === 'function');
  return send;
}

function line(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (data) => resolve(String(data).trim()));
    child.once('error', reject);
  });
}

test('each message is one datagram, to whoever listens there at the time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'syslog-'));
  const path = join(folder, 'log');
  try {
    const send = opened(path);
    assert.throws(() => send('to nobody'), /took no message \(errno 2\)/); // ENOENT
    for (const message of ['<132>1 first é', '<132>1 after a restart']) {
      rmSync(path, { force: true });
      const taker = spawn('python3', ['-c', TAKER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      assert.equal(await line(taker), 'ready');
      send(message);
      assert.equal(await line(taker), message);
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

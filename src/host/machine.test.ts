import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { machineAt, writeNewFile } from './machine.ts';

function inFolder(act: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-host-'));
  try {
    act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('what cannot be read is absent, with the system’s reason', () => {
  inFolder((folder) => {
    writeFileSync(join(folder, 'file'), 'text');
    symlinkSync('file', join(folder, 'link'));
    const machine = machineAt(folder);
    assert.deepEqual(machine.read('/file'), { text: 'text' });
    assert.equal(machine.realPath('/link'), '/file');
    assert.equal(machine.realPath('/absent'), '/absent');
    assert.deepEqual(machine.list('/'), ['/file', '/link']);
    assert.deepEqual(machine.list('/absent'), []);
    assert.equal(machine.ownerOf('/absent'), undefined);
    assert.equal(machine.ownerOf('/file'), process.getuid?.());
    const reason = (path: string) => {
      const reading = machine.read(path);
      return 'error' in reading ? reading.error.code : undefined;
    };
    assert.equal(reason('/absent'), 'ENOENT');
    assert.equal(reason('/'), 'EISDIR');
    assert.equal(reason('/file/below'), 'ENOTDIR');
  });
});

test('a file is written whole, does not replace another unasked, and leaves nothing beside it', () => {
  inFolder((folder) => {
    const path = join(folder, 'a.yaml');
    assert.equal(writeNewFile(path, 'one', false), undefined);
    assert.equal(writeNewFile(path, 'two', false)?.code, 'EEXIST');
    assert.equal(readFileSync(path, 'utf8'), 'one');
    assert.equal(writeNewFile(path, 'two', true), undefined);
    assert.equal(readFileSync(path, 'utf8'), 'two');
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'taken', 'x'), '');
    assert.notEqual(writeNewFile(join(folder, 'taken'), 'three', true), undefined);
    assert.equal(writeNewFile(join(folder, 'absent', 'a'), '', false)?.code, 'ENOENT');
    assert.deepEqual(readdirSync(folder), ['a.yaml', 'taken']);
  });
});

test('the program that holds a socket is known by its name', async (t) => {
  if (process.platform !== 'linux') return t.skip('there is no /proc here');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const programs = new Set(machineAt().socketPrograms().values());
    const own = basename(realpathSync(process.execPath)); // Node calls its first thread, and so its process, by another name
    assert.ok(programs.has(own), `${own} is not among ${[...programs].join(', ')}`);
  } finally {
    server.close();
  }
  return undefined;
});

import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { append, ownFolder, readLink, readOwn, remove, switchLink, writeWhole } from './store.ts';

function inFolder(act: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-store-'));
  try {
    act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('files are whole, private, and leave nothing beside them', () => {
  inFolder((folder) => {
    const path = join(folder, 'a');
    writeFileSync(`${path}.new`, 'of one that was killed');
    writeWhole(path, 'one');
    writeWhole(path, 'two');
    append(join(folder, 'b'), 'x');
    append(join(folder, 'b'), 'y');
    assert.deepEqual(
      ['a', 'b'].map((name) => readOwn(join(folder, name))),
      ['two', 'xy'],
    );
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder).sort(), ['a', 'b']);
    assert.throws(() => writeWhole(join(folder, 'absent/a'), ''), /cannot be written: ENOENT/);
  });
});

test('no link is followed, in reading, writing or removing', () => {
  inFolder((folder) => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'whole');
    symlinkSync(victim, join(folder, 'link'));
    assert.throws(() => readOwn(join(folder, 'link')), /it is a link/);
    assert.throws(() => append(join(folder, 'link'), 'x'), /cannot be written/);
    writeWhole(join(folder, 'link'), 'instead of the link');
    symlinkSync(victim, join(folder, 'other.new'));
    writeWhole(join(folder, 'other'), 'x');
    symlinkSync(folder, join(folder, 'tree'));
    remove(join(folder, 'tree'));
    assert.throws(() => ownFolder(victim), /it is no folder/);
    symlinkSync(tmpdir(), join(folder, 'elsewhere'));
    assert.throws(() => ownFolder(join(folder, 'elsewhere')), /it is no folder/);
    assert.equal(readFileSync(victim, 'utf8'), 'whole');
  });
});

test('a folder of ours is closed to others; links are switched at once', () => {
  inFolder((folder) => {
    mkdirSync(join(folder, 'open'), { mode: 0o755 });
    ownFolder(join(folder, 'open'));
    assert.equal(statSync(join(folder, 'open')).mode & 0o777, 0o700);
    switchLink(join(folder, 'current'), 'changes/1');
    switchLink(join(folder, 'current'), 'changes/2');
    assert.equal(readlinkSync(join(folder, 'current')), 'changes/2');
    assert.equal(readLink(join(folder, 'absent')), undefined);
    assert.throws(() => readLink(join(folder, 'open')), /it is no link/);
  });
});

import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { appendEntry, parseLedger } from './ledger.ts';

const BY = { name: 'alice' };

function inFolder(act: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-ledger-'));
  try {
    act(join(folder, 'ledger.jsonl'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function add(path: string, outcome: string): void {
  appendEntry(path, { event: 'begin', by: BY, outcome, policyHash: 'ab' }, new Date('2026-11-25T20:00:00Z'));
}

test('lines are chained, and root’s alone to read', () => {
  inFolder((path) => {
    for (const outcome of ['one', 'two', 'three']) add(path, outcome);
    const ledger = parseLedger(readFileSync(path, 'utf8'));
    assert.deepEqual(
      ledger.entries.map(({ outcome }) => outcome),
      ['one', 'two', 'three'],
    );
    assert.deepEqual([ledger.torn, ledger.altered], [0, []]);
    assert.equal(ledger.entries[0]?.previous, '');
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });
});

test('a line that a crash cut off stays, is told, and breaks nothing', () => {
  inFolder((path) => {
    add(path, 'one');
    appendFileSync(path, '{"at":"2026-');
    add(path, 'two');
    const ledger = parseLedger(readFileSync(path, 'utf8'));
    assert.deepEqual(
      ledger.entries.map(({ outcome }) => outcome),
      ['one', 'two'],
    );
    assert.deepEqual([ledger.torn, ledger.altered], [1, []]);
  });
});

test('a changed line shows, and so does one that is gone', () => {
  inFolder((path) => {
    for (const outcome of ['one', 'two', 'three', 'four']) add(path, outcome);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    assert.deepEqual(parseLedger(lines.map((line) => line.replace('two', 'TWO')).join('\n')).altered, [3]);
    assert.deepEqual(parseLedger(lines.toSpliced(1, 1).join('\n')).altered, [2]);
    assert.deepEqual(parseLedger(lines.slice(1).join('\n')).altered, [1]);
  });
});

test('one that is somebody else’s to write is not added to', () => {
  inFolder((path) => {
    writeFileSync(path, '', { mode: 0o666 });
    const old = process.umask(0);
    rmSync(path);
    writeFileSync(path, '', { mode: 0o666 });
    process.umask(old);
    assert.throws(() => add(path, 'one'), /others may write it/);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileJournal, SyslogJournal, syslogLine } from './journal.ts';
import type { GatewayRecord } from './record.ts';

const RECORD: GatewayRecord = {
  id: 'r1',
  time: '2026-11-26T03:00:00.000Z',
  way: 'connect',
  agent: 'openclaw',
  client: '127.0.0.1:40000',
  host: 'evil"]\r\n.example\u001b[31m',
  port: 443,
  protocol: 'tcp',
  verdict: 'deny',
  reason: 'bad-host',
  sentence: 'what was asked for is no host',
};

test('a record is one line, whatever the client sent', () => {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'));
  try {
    const path = join(folder, 'log');
    const journal = new FileJournal({ path, bytesAtMost: 1_000_000, filesKept: 1, lost: () => assert.fail() });
    journal.write(RECORD);
    journal.write(RECORD);
    journal.close();
    const lines = readFileSync(path, 'utf8').split('\n');
    assert.equal(lines.length, 3);
    assert.deepEqual(JSON.parse(lines[0]!), RECORD);
    assert.equal(statSync(path).mode & 0o777, 0o640 & ~process.umask());
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('files are turned over, and only so many are kept', () => {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'));
  try {
    const path = join(folder, 'log');
    for (let run = 0; run < 6; run++) {
      const journal = new FileJournal({ path, bytesAtMost: 10, filesKept: 2, lost: () => assert.fail() });
      journal.write({ ...RECORD, id: String(run) });
      journal.close();
    }
    assert.deepEqual(readdirSync(folder).sort(), ['log', 'log.1', 'log.2']);
    const ids = ['log', 'log.1', 'log.2'].map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')).id);
    assert.deepEqual(ids, ['5', '4', '3']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a full disk is counted, and the next record is tried again', () => {
  const lost: number[] = [];
  const journal = new FileJournal({
    path: '/dev/full',
    bytesAtMost: 1e9,
    filesKept: 0,
    lost: (count) => lost.push(count),
  });
  journal.write(RECORD);
  journal.close();
  assert.deepEqual(lost, [1]);
});

test('a line of syslog cannot be broken out of', () => {
  const line = syslogLine(RECORD, 'my host', 7);
  assert.equal(
    line,
    '<132>1 2026-11-26T03:00:00.000Z my-host portcullis 7 gateway [record@32473 id="r1" time="2026-11-26T03:00:00.000Z" way="connect" agent="openclaw" client="127.0.0.1:40000" host="evil\\"\\]??.example?[31m" port="443" protocol="tcp" verdict="deny" reason="bad-host" sentence="what was asked for is no host"] what was asked for is no host',
  );
});

test('the machine’s own log gets a line for each record, and what it does not take is counted', () => {
  const lines: string[] = [];
  const lost: string[] = [];
  const journal = new SyslogJournal(
    (line) => {
      if (lines.length > 0) throw new Error('it is full');
      lines.push(line);
    },
    'host',
    (count, { message }) => lost.push(`${count}: ${message}`),
  );
  journal.write(RECORD);
  journal.write(RECORD);
  assert.deepEqual(lines, [syslogLine(RECORD, 'host', process.pid)]);
  assert.deepEqual(lost, ['1: it is full']);
});

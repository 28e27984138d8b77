import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { AccessRequest } from '../../gateway/index.ts';
import { parseAddress, parseDnsName } from '../../net/index.ts';
import { ApprovalsLedger } from './approvals-ledger.ts';

const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
after(() => rmSync(folder, { recursive: true }));

const START = Date.UTC(2026, 10, 26, 12);
const request = (id: string, state: AccessRequest['state']): AccessRequest => ({
  id,
  agent: 'openclaw',
  client: { address: parseAddress('127.0.0.1')!, account: 1000 },
  host: { kind: 'name', name: parseDnsName('api.example')! },
  protocol: 6,
  port: 443,
  askedAt: START,
  times: 1,
  state,
});

function lines(path: string): string[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { time, what, id, agent, host, port, protocol, by, until } = JSON.parse(line);
      return [time, what, id, agent, `${protocol}/${port}`, host, by, until ?? ''].join(' ').trimEnd();
    });
}

test('what people decide is written with who and until when, and what ends by itself with when', () => {
  const path = join(folder, 'ledger.jsonl');
  let now = START;
  const ledger = new ApprovalsLedger(path, () => now, []);
  ledger.decided(request('a', { kind: 'approved', by: 'alice', until: START + 60_000 }));
  ledger.decided(request('b', { kind: 'approved', by: 'bob', until: START + 600_000 }));
  now += 59_999;
  ledger.look();
  now += 2;
  ledger.look();
  ledger.look();
  ledger.decided(request('b', { kind: 'refused', by: 'alice' }));
  now += 600_000;
  ledger.look(); // it was taken back: no end
  assert.deepEqual(lines(path), [
    '2026-11-26T12:00:00.000Z approved a openclaw 6/443 api.example alice 2026-11-26T12:01:00.000Z',
    '2026-11-26T12:00:00.000Z approved b openclaw 6/443 api.example bob 2026-11-26T12:10:00.000Z',
    '2026-11-26T12:01:00.000Z ended a openclaw 6/443 api.example alice',
    '2026-11-26T12:01:00.001Z refused b openclaw 6/443 api.example alice',
  ]);
  assert.equal(statSync(path).mode & 0o007, 0, 'it is not for everybody');
});

test('what has ended while the gateway was down is written when it is back', () => {
  const path = join(folder, 'later.jsonl');
  const kept = [
    request('over', { kind: 'approved', by: 'alice', until: START }),
    request('runs', { kind: 'approved', by: 'alice', until: START + 5_000 }),
    request('asked', { kind: 'pending' }),
  ];
  new ApprovalsLedger(path, () => START + 1_000, kept).look();
  assert.deepEqual(lines(path), ['2026-11-26T12:00:00.000Z ended over openclaw 6/443 api.example alice']);
});

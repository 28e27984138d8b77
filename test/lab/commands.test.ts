import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { type Completed, run } from '../../src/host/index.ts';
import { assertSchema } from '../cli/cli.ts';
import { descendants, isAlive, isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const WIDEST = 100; // columns

function portcullis(
  args: readonly string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Promise<Completed> {
  return run(process.execPath, [MAIN, ...args], { timeoutMs: 120_000, ...options });
}

function field(value: unknown, name: string): unknown {
  assert.ok(typeof value === 'object' && value !== null && Object.hasOwn(value, name), `no ${name}`);
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

describe('portcullis demo', { skip }, () => {
  test('ends well, in a picture that a pipe and 100 columns can hold', async () => {
    const started = performance.now();
    const done = await portcullis(['demo']);
    const took = performance.now() - started;
    assert.equal(done.exitCode, 0, done.stdout + done.stderr);
    assert.ok(took < 60_000, `it took ${Math.round(took)} ms`);
    assert.equal(done.stdout, stripVTControlCharacters(done.stdout), 'colours in a pipe');
    for (const line of done.stdout.split('\n')) assert.ok(line.length <= WIDEST, `too wide: ${line}`);
    for (const expected of [
      /discord\.com, HTTPS +passed [0-9.]+ ms +passed [0-9.]+ ms +discord \(line [0-9]+\)/,
      /a stranger's server, HTTPS +refused [0-9.]+ ms +refused [0-9.]+ ms +no flow allows it/,
      /another name server \(DNS tunnel\) +refused [0-9.]+ ms +refused [0-9.]+ ms +no flow allows it/,
      /the cloud's metadata service +refused [0-9.]+ ms +refused/,
      /the admin, SSH +passed [0-9.]+ ms +passed [0-9.]+ ms +ssh \(line [0-9]+\)/,
      /a stranger, SSH +no answer +no answer +no flow allows it/,
      /Every packet did what the policy says/,
    ]) {
      assert.match(done.stdout, expected);
    }
    assert.doesNotMatch(done.stdout, /WRONG/);
  });

  test('is one JSON document with --json', async () => {
    const done = await portcullis(['demo', '--json']);
    const document: unknown = JSON.parse(done.stdout);
    assertSchema(document, 'demo');
    assert.equal(field(document, 'ok'), true);
    const packets = field(document, 'packets');
    assert.ok(Array.isArray(packets) && packets.length >= 30);
    for (const packet of packets) {
      assert.equal(field(packet, 'before'), 'passed', 'every denial has a positive control');
      assert.equal(field(packet, 'judgement'), 'agrees');
    }
  });

  test('leaves no process behind', async () => {
    const before = new Set(descendants(process.pid));
    await portcullis(['demo', '--json']);
    assert.deepEqual(
      descendants(process.pid).filter((pid) => !before.has(pid) && isAlive(pid)),
      [],
    );
  });
});

const POLICY = `portcullis: 1
name: small
zones:
  agent: { host: { users: [agent-that-nobody-has] } }
  admin: { addresses: [10.0.5.10] }
flows:
  - { name: ssh, from: admin, to: host, service: ssh }
  - { name: discord, from: agent, to: catalog:discord, service: https }
tests:
  - { from: agent, allow: ["discord.com:443/tcp"], deny: ["198.51.100.7:443/tcp"] }
`;

describe('portcullis test', { skip }, () => {
  test('--lab sends packets for every flow and tells which rules they exercised', async () => {
    const done = await portcullis(['test', '-', '--lab', '--json'], { input: POLICY });
    assert.equal(done.exitCode, 0, done.stdout + done.stderr);
    const document: unknown = JSON.parse(done.stdout);
    assertSchema(document, 'test');
    const lab = field(document, 'lab');
    assert.equal(field(lab, 'contradict'), 0);
    assert.ok(Number(field(lab, 'agree')) > 50);
    const coverage = field(lab, 'coverage');
    assert.ok(Array.isArray(coverage));
    for (const flow of ['ssh', 'discord']) {
      const own: unknown = coverage.find((each: unknown) => field(each, 'flow') === flow);
      assert.ok(Number(field(own, 'passed')) > 0, flow);
      assert.equal(field(own, 'counted'), field(own, 'passed'), flow);
    }
  });

  test('shows people the same', async () => {
    const done = await portcullis(['test', '-', '--lab'], { input: POLICY });
    assert.equal(done.exitCode, 0, done.stdout + done.stderr);
    assert.match(done.stderr, /no account `agent-that-nobody-has`: uid [0-9]+ plays it here/);
    assert.match(done.stdout, /ok {2}from agent allow discord\.com:443\/tcp/);
    assert.match(done.stdout, /Rules exercised: [0-9]+ of [0-9]+/);
    assert.match(done.stdout, /everything holds/);
  });

  test('fails with 1 where a claim of the policy does not hold, and shows a packet', async () => {
    const wrong = POLICY.replace('deny: ["198.51.100.7:443/tcp"]', 'deny: ["discord.com:443/tcp"]');
    const done = await portcullis(['test', '-'], { input: wrong });
    assert.equal(done.exitCode, 1);
    assert.match(done.stdout, /x {2}from agent deny discord\.com:443\/tcp\n +the policy does otherwise with: tcp /);
  });

  test('fails with 2 where the policy cannot be read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-test-'));
    try {
      const path = join(folder, 'broken.yaml');
      writeFileSync(path, 'portcullis: 1\nflows: [\n');
      const done = await portcullis(['test', path]);
      assert.equal(done.exitCode, 2);
      assert.match(done.stderr, /broken\.yaml:[0-9]+/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

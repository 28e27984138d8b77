import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { provenRules } from '../../src/cli/lab/policy-in-nft.ts';
import { Lab } from '../../src/host/index.ts';
import type { AgentAnswer, AgentTask } from './dns-agent-main.ts';
import { type DnsScenario, POLICY } from './dns-policy.ts';
import { LINKS } from './links.ts';
import { intentOf } from './policies.ts';
import { isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip =
  'skip' in found
    ? found.skip
    : found.isolation === 'root'
      ? false
      : 'SKIPPED, nothing was sent: three accounts are needed, and an ordinary user can play one; run it as root';

/** Names that each have an address that nobody else has: whoever connects to it has looked it up. */
const CONNECTIONS = Number(process.env.PORTCULLIS_DNS_CONNECTIONS ?? 600);
const MANY = Object.fromEntries(
  Array.from({ length: CONNECTIONS }, (_, at) => [`n${at}.wild.example`, [`93.${1 + (at >> 8)}.${at & 255}.7`]]),
);
const NAMES = {
  'site.example': ['93.0.0.1', '93.0.0.2'],
  'six.example': ['2606::1'],
  'theirs.example': ['93.0.9.9'],
  'evil.wild.example': ['10.0.0.1', '169.254.169.254'],
  ...MANY,
};

/** What came of each task of a scenario. */
async function play(
  steps: DnsScenario['steps'],
  seconds: Omit<DnsScenario, 'steps'> = { graceSeconds: 60, mostSeconds: 60 },
): Promise<AgentAnswer[]> {
  await using lab = await Lab.open({ links: LINKS, accounts: [0], names: NAMES });
  await lab.load(provenRules(intentOf(POLICY)).text);
  // The world's resolver is asked by a socket, whose way out the lab lays when it is first used.
  await lab.send({ at: 'host', account: 0 }, 'eth0', []);
  const scenario: DnsScenario = { steps, ...seconds };
  const main = resolve(import.meta.dirname, 'dns-host-main.ts');
  const said = await lab.onHost(process.execPath, [main], JSON.stringify(scenario));
  return JSON.parse(said) as AgentAnswer[]; // written by `dns-host-main`
}

function task(kind: AgentTask['kind'], targets: readonly string[], atOnce = 1): { by: 'agent'; task: AgentTask } {
  return { by: 'agent', task: { kind, targets, atOnce, timeoutMs: 5_000 } };
}

describe('names in the kernel', { skip }, () => {
  test('D8 connecting right behind the answer never fails; D15 opens what was asked for, to whom it was told, and nothing else', async () => {
    const [before, looked, after, others, theirs, special, many = []] = await play([
      task('connect', ['93.0.0.1', '2606::1']),
      task('lookup-and-connect', ['site.example', 'six.example']),
      task('connect', ['93.0.0.1', '93.0.0.3', '93.0.9.9']),
      { ...task('connect', ['93.0.0.1']), by: 'other' },
      { ...task('lookup-and-connect', ['theirs.example', 'site.example']), by: 'other' },
      task('lookup', ['evil.wild.example', 'theirs.example', 'evil.example']),
      task('lookup-and-connect', Object.keys(MANY), 4),
    ]);
    const isClosed = (outcome: string | undefined): boolean => outcome !== undefined && outcome !== 'passed';
    assert.ok(before?.every(isClosed), `${before}`);
    assert.deepEqual(looked, ['passed', 'passed']);
    assert.ok(after?.[0] === 'passed' && isClosed(after[1]) && isClosed(after[2]), `${after}`);
    assert.ok(others?.every(isClosed), `another agent reached what was opened for the first: ${others}`);
    assert.deepEqual(theirs, ['passed', '5 nothing']);
    assert.deepEqual(special, ['5 nothing', '5 nothing', '5 nothing']);
    const failed = many.filter((outcome) => outcome !== 'passed');
    assert.equal(many.length, CONNECTIONS);
    assert.deepEqual(failed, []);
  });

  test('D9 an address is open as long as answers are given, and for the grace behind them; then it is closed', async () => {
    const refresh = Array.from({ length: 5 }, () => [
      { sleepMs: 700 },
      task('lookup-and-connect', ['site.example']),
    ]).flat();
    const [first, graced, expired, ...kept] = await play(
      [
        task('lookup-and-connect', ['site.example']),
        { sleepMs: 2_300 }, // the answer has ended, the grace has not
        task('connect', ['93.0.0.1']),
        { sleepMs: 4_500 },
        task('connect', ['93.0.0.1']),
        ...refresh,
      ],
      { graceSeconds: 4, mostSeconds: 2 },
    );
    assert.deepEqual(first, ['passed']);
    assert.deepEqual(graced, ['passed']);
    assert.notDeepEqual(expired, ['passed'], 'it stays open for ever');
    assert.deepEqual(
      kept,
      refresh.filter((step) => !('sleepMs' in step)).map(() => ['passed']),
    );
  });
});

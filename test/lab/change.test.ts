import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Lab } from '../../src/host/index.ts';
import { parseAddress } from '../../src/net/index.ts';
import { type AliveConnection, TARGETS } from '../../src/target/index.ts';
import {
  AGENT,
  ENDS,
  type InForce,
  inForce,
  listing,
  OTHERS,
  openLab,
  POLICIES,
  type PolicyName,
  read,
  sleep,
  staged,
  stood,
} from './changes.ts';
import { eventually, isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;

interface Step {
  readonly from: 'nothing' | 'plain first' | PolicyName;
  readonly to: PolicyName | undefined;
}

const STEPS: readonly Step[] = [
  { from: 'nothing', to: 'first' },
  { from: 'plain first', to: 'second' },
  { from: 'plain first', to: 'first' },
  { from: 'plain first', to: undefined },
  { from: 'first', to: 'second' },
  { from: 'second', to: 'second' },
  { from: 'first', to: undefined },
];

function expected(policy: PolicyName | undefined): InForce {
  return policy ?? 'everything passes';
}

async function prepare(lab: Lab, from: Step['from']): Promise<PolicyName | undefined> {
  await lab.load(OTHERS);
  if (from === 'nothing') return undefined;
  if (from === 'plain first') {
    await lab.load(
      TARGETS.nftables
        .print(POLICIES.first)
        .map(({ text }) => text)
        .join(''),
    );
    return 'first';
  }
  await lab.load((await staged(lab, from, undefined)).begin);
  return from;
}

const TRIAL = 3; // seconds, long enough for the packets of a look

describe('a change on a real kernel, packets of every hook and both families', { skip, concurrency: 2 }, () => {
  for (const { from, to } of STEPS) {
    test(`from ${from} to ${to ?? 'nothing'}, and all ways back`, async () => {
      await using lab = await openLab();
      await lab.listen([101, 102], []);
      const before = await prepare(lab, from);
      const stoodBefore = await listing(lab);
      assert.equal(await inForce(lab), expected(before));

      // Nobody confirms.
      const first = await staged(lab, to, TRIAL);
      await lab.load(first.begin);
      const began = performance.now();
      assert.equal(await inForce(lab), expected(to), 'on trial');
      await assert.rejects(lab.load(first.begin), /File exists|exists/, 'a second change');
      assert.ok(performance.now() - began < TRIAL * 1_000, 'the look took longer than the trial');
      await sleep(TRIAL * 1_000 + 100 - (performance.now() - began));
      assert.equal(await inForce(lab), expected(before), 'when the trial is over');
      const left = await listing(lab);
      await assert.rejects(lab.load(first.confirm), /No such file/, 'a late confirmation');
      assert.equal(await listing(lab), left, 'a late confirmation changes nothing');
      assert.equal((await stood(lab)).kind, 'expired');
      assert.equal(await inForce(lab), expected(before));

      // Another change takes what is left away in its own transaction, and is taken back early.
      const again = await staged(lab, to, 60);
      await lab.load(again.begin);
      await assert.rejects(lab.load(again.begin), /exists/, 'a second change that was planned on the same leftovers');
      assert.equal(await inForce(lab), expected(to), 'on trial again');
      await lab.load(again.revert);
      assert.equal(await listing(lab), stoodBefore, 'what stands after a revert, to the byte');
      assert.equal(await inForce(lab), expected(before));

      // It is confirmed, and another change goes back.
      const last = await staged(lab, to, 60);
      await lab.load(last.begin);
      await lab.load(last.confirm);
      assert.equal(await inForce(lab), expected(to), 'confirmed');
      const confirmed = await listing(lab);
      if (before !== to || from === 'second') {
        const back = await staged(lab, before, 60);
        await lab.load(back.begin);
        assert.equal(await inForce(lab), expected(before), 'on the way back');
        await lab.load(back.revert);
        assert.equal(await listing(lab), confirmed, 'the way back taken back, to the byte');
        await lab.load((await staged(lab, before, undefined)).begin);
        assert.equal(await inForce(lab), expected(before), 'back at once');
      }
      const others = (text: string): string => text.replace(/^table inet portcullis \{\n(?:[^}].*\n|\n)*\}\n/m, '');
      assert.equal(others(await listing(lab)), others(stoodBefore), "other people's tables");
    });
  }
});

describe('the way back', { skip }, () => {
  test('is taken by the kernel within a second of its time, in both families', async (t) => {
    await using lab = await openLab();
    await prepare(lab, 'first');
    const { begin } = await staged(lab, 'second', 2);
    const earliest = performance.now() + 2_000;
    await lab.load(begin);
    const latest = performance.now() + 3_000;
    const turned = new Map<number, number>();
    while (turned.size < ENDS.length) {
      const waiting = ENDS.filter(({ family }) => !turned.has(family));
      const shots = waiting.map(
        ({ far }) => ({ transport: 'tcp', dst: far, dport: 201, timeoutMs: 500, attempts: 1 }) as const,
      );
      const outcomes = await lab.send({ at: 'host', account: AGENT }, 'eth0', shots);
      for (const [index, { result }] of outcomes.entries()) {
        if (result === 'passed') turned.set(waiting[index]!.family, performance.now());
      }
      assert.ok(performance.now() < latest + 2_000, 'the kernel did not go back');
    }
    for (const [family, at] of turned) {
      t.diagnostic(`IPv${family}: ${(at - latest + 1_000).toFixed(0)} ms after its time`);
      assert.ok(at >= earliest && at <= latest, `IPv${family}: ${at} is not between ${earliest} and ${latest}`);
    }
  });
});

describe('what was learnt', { skip }, () => {
  test('is there after begin, revert, expiry and confirmation: counters, names, sources', async () => {
    await using lab = await openLab();
    await lab.listen([22, 101, 102], []);
    await prepare(lab, 'plain first');
    await lab.load('add element inet portcullis names4-backend { 203.0.113.77 timeout 1h }\n');
    const [v4] = ENDS;
    const visit = () =>
      lab.send({ at: 'outer', link: 'eth0' }, 'eth0', [
        { transport: 'tcp', src: v4.far, dst: v4.host, dport: 22, timeoutMs: 500, attempts: 1 },
      ]);
    const check = async (when: string, packets: number): Promise<void> => {
      const [ssh] = (await lab.counters()).filter(({ name }) => name === 'flow-ssh');
      assert.equal(ssh?.packets, packets, `the counter ${when}`);
      const sets = (await read(lab)).commands.flatMap((each) => (each.kind === 'table' ? each.table.sets : []));
      const held = (name: string): number | undefined => sets.find((set) => set.name === name)?.elements.length;
      assert.deepEqual([held('names4-backend'), held('rate4-600-minute-ssh')], [1, 1], `the sets ${when}`);
    };
    await visit();
    await check('before', 1);
    const first = await staged(lab, 'second', 60);
    await lab.load(first.begin);
    await check('on trial', 1);
    await visit();
    await lab.load(first.revert);
    await check('after a revert', 2);
    const second = await staged(lab, 'second', 1);
    await lab.load(second.begin);
    await sleep(1_100);
    await visit();
    await check('after the trial', 3);
    const third = await staged(lab, 'second', 60);
    await lab.load(third.begin);
    await visit();
    await lab.load(third.confirm);
    await check('confirmed', 4);
    await lab.load((await staged(lab, 'first', undefined)).begin);
    await visit();
    await check('changed at once', 5);
  });
});

/** An idle connection into the host, opened before any rule asked conntrack; the host speaks first after the change. */
async function idleConnection(
  lab: Lab,
  protocol: 6 | 17,
  ends: (typeof ENDS)[number],
  isKnown: boolean,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-idle-'));
  try {
    const word = protocol === 6 ? 'tcp' : 'udp';
    const part = (role: string): string[] => [
      join(import.meta.dirname, 'idle.ts'),
      ...[role, word, ends.host, '101', ends.far, '45001', folder],
    ];
    const exists = (name: string): Promise<boolean> => eventually(() => existsSync(join(folder, name)), 10_000);
    const server = lab.onHost(process.execPath, part('server'));
    assert.ok(await exists('listening'));
    const client = lab.onOuter('eth0', process.execPath, part('client'));
    assert.ok(await exists('open'));
    const src = parseAddress(ends.far)!;
    const connection: AliveConnection = { protocol, src, sport: 45_001, dst: parseAddress(ends.host)!, dport: 101 };
    const { begin, confirm } = await staged(lab, 'first', 60, isKnown ? [connection] : []);
    await lab.load(begin);
    await lab.load(confirm);
    writeFileSync(join(folder, 'go'), '');
    const answer = await server;
    writeFileSync(join(folder, 'over'), '');
    await client;
    return answer;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('a connection that lived before the change', { skip, concurrency: 2 }, () => {
  for (const protocol of [6, 17] as const) {
    for (const ends of ENDS) {
      const name = `${protocol === 6 ? 'TCP' : 'UDP'} over IPv${ends.family}`;
      test(`${name}: one that conntrack does not know lives on where it was looked for, and only there`, async () => {
        for (const isKnown of [true, false]) {
          await using lab = await openLab();
          // The outer end takes the address of the sender.
          const shot = {
            transport: 'tcp',
            src: ends.far,
            dst: ends.host,
            dport: 9,
            timeoutMs: 200,
            attempts: 1,
          } as const;
          await lab.send({ at: 'outer', link: 'eth0' }, 'eth0', [shot]);
          const answer = await idleConnection(lab, protocol, ends, isKnown);
          assert.equal(answer === 'answered', isKnown, `${isKnown ? 'held' : 'not held'}: ${answer}`);
        }
      });
    }
  }

  test('one that conntrack knows lives on, allowed or not', async () => {
    await using lab = await openLab();
    await lab.listen([101, 102], []);
    await prepare(lab, 'first');
    const outer = { at: 'outer', link: 'eth0' } as const;
    for (const { family, far, host } of ENDS) {
      const shot = { transport: 'tcp', src: far, dst: host, dport: 101, timeoutMs: 1_000, attempts: 1 } as const;
      assert.equal((await lab.openConnection(outer, `IPv${family}`, shot)).result, 'passed');
    }
    const lives = async (when: string): Promise<void> => {
      for (const { family } of ENDS) {
        assert.equal((await lab.exchange(outer, `IPv${family}`, 1_000)).result, 'passed', `IPv${family} ${when}`);
      }
    };
    const { begin, confirm } = await staged(lab, 'second', 60);
    await lab.load(begin);
    await lives('on trial');
    await lab.load(confirm);
    await lives('confirmed');
    assert.equal(await inForce(lab), 'second');
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Isolation } from '../../src/host/index.ts';
import { isolationOrReason } from '../lab/support.ts';
import { BACKENDS, openConfirmed } from './iptables-place.ts';
import { persisted, watchedTexts } from './iptables-texts.ts';
import type { Asked, Place } from './place.ts';
import { now, Probe, violations } from './probe.ts';
import { ENFORCER } from './program.ts';
import { NEW_PORT } from './texts.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const isolation: Isolation = 'isolation' in found ? found.isolation : 'root';
const ALICE = { name: 'alice' };
const CHANGE = { texts: watchedTexts(NEW_PORT), persist: persisted(NEW_PORT) };
const LIVE = 'iptables-save -t filter; ip6tables-save -t filter';
const PARTED_MS = 1_000; // on a busy machine
const [KEEPER, REAPER] = [/keeper-main/, /\breap\b/];

async function rules(place: Place): Promise<string> {
  const saved = await place.checked('sh', ['-c', LIVE]);
  return saved.replaceAll(/^#.*\n/gm, '').replaceAll(/ \[\d+:\d+\]$/gm, '');
}

function codeOf({ reply, stderr }: Asked<'begin' | 'confirm' | 'revert'>): string {
  assert.ok(reply !== undefined, stderr);
  return reply.ok ? reply.answer.outcome : reply.problem.code;
}

/**
 * Lets something happen where a program of iptables is given a text of a certain kind. The program's standard input is in `$text`; what
 * started it is the keeper.
 */
function whereLoaded(program: string, kind: string, happens: string): string {
  return `cd /usr/local/sbin; mv ${program} real-${program}
cat > ${program} <<'END'
#!/bin/sh
text=/run/place/text.$$; cat > $text
if grep -q '${kind}' $text; then ${happens}; fi
exec "$(readlink -f /usr/local/sbin/real-${program})" ${program} "$@" < $text
END
chmod +x ${program}`;
}

async function onTrial(place: Place, seconds: number): Promise<void> {
  assert.equal(codeOf(await place.begin({ ...CHANGE, trialSeconds: seconds })), 'on-trial');
}

async function remaining(place: Place): Promise<number | undefined> {
  const { reply } = await place.ask('state', {});
  assert.ok(reply?.ok);
  assert.ok(reply.answer.pending === undefined || reply.answer.pending.heldBy === 'process');
  return reply.answer.pending?.remainingSeconds;
}

const confirm = (place: Place) => place.ask('confirm', { by: ALICE, sameSession: true });

for (const backend of BACKENDS) {
  describe(`a process keeps a change with iptables-${backend}`, { skip, concurrency: 3 }, () => {
    test('and takes it back by itself, with all else of ours gone, and no disk to write to', async (t) => {
      await using place = await openConfirmed(isolation, backend);
      const before = await rules(place);
      using probe = new Probe(place);
      await probe.until('old', 20_000);
      const from = now();
      await onTrial(place, 3);
      await place.endProcesses(REAPER);
      for (const folder of ['/var/lib', '/run']) await place.checked('mount', ['-o', 'remount,ro', folder]);
      await probe.until('old', 20_000);
      const sights = probe.since(from);
      const first = sights.find(({ seen }) => seen.includes('new'));
      const last = sights.findLast(({ seen }) => seen.includes('new'));
      assert.ok(first !== undefined && last !== undefined, 'it was never in force');
      assert.ok(last.at - first.at < 3_000 + 1_000, `${last.at - first.at} ms in force`);
      assert.deepEqual(violations(sights, ['old', 'new'], PARTED_MS), []);
      const parted = sights.filter(({ seen: [v4, v6] }) => v4 !== v6).length;
      t.diagnostic(
        `${parted} of ${sights.length} sights saw the families apart; ${(last.at - first.at).toFixed(0)} ms in force`,
      );
      for (const folder of ['/var/lib', '/run']) await place.checked('mount', ['-o', 'remount,rw', folder]);
      assert.equal(codeOf(await confirm(place)), 'reverted', 'it came too late');
      assert.equal(await rules(place), before);
    });

    test('a second change is refused meanwhile; a kept one stays, and one that is taken back goes', async () => {
      await using place = await openConfirmed(isolation, backend);
      const before = await rules(place);
      await onTrial(place, 600);
      assert.ok((await remaining(place))! > 500);
      assert.equal(codeOf(await place.begin({ ...CHANGE, trialSeconds: 600 })), 'E0005');
      assert.equal(codeOf(await place.ask('revert', { by: ALICE })), 'reverted');
      assert.equal(await rules(place), before);
      await onTrial(place, 600);
      assert.equal(codeOf(await confirm(place)), 'permanent');
      assert.doesNotMatch(await rules(place), /PC-(?:a|trial|on|kept)/);
    });
  });
}

/** What happens to the keeper, and by which half of the kernel the machine's iptables works. */
const ENDS = [
  { when: 'before the first family', program: 'iptables-restore', backend: 'nft' },
  { when: 'between the families', program: 'ip6tables-restore', backend: 'legacy' },
] as const;

describe('a keeper that is killed', { skip, concurrency: 3 }, () => {
  for (const { when, program, backend } of ENDS) {
    test(`${when}, with its program still at work: what was loaded is taken back at once, and stays away`, async () => {
      await using place = await openConfirmed(isolation, backend);
      const before = await rules(place);
      using probe = new Probe(place);
      await place.checked('sh', [
        '-ec',
        whereLoaded(program, '^-A PORTCULLIS-INPUT .* -g PC-b-', 'kill -9 $PPID; sleep 0.3'),
      ]);
      assert.equal(codeOf(await place.begin({ ...CHANGE, trialSeconds: 600 })), 'E0012');
      const from = now();
      await new Promise((resolve) => setTimeout(resolve, 600));
      await probe.until('old', 20_000);
      assert.deepEqual(violations(probe.since(from), ['old']), []);
      assert.equal(await rules(place), before);
      assert.equal(await remaining(place), undefined);
    });
  }

  test('on trial: what is left behind to clean up takes the change back within seconds', async () => {
    await using place = await openConfirmed(isolation, 'legacy');
    const before = await rules(place);
    using probe = new Probe(place);
    await onTrial(place, 600);
    await probe.until('new', 20_000);
    await place.endProcesses(KEEPER);
    await probe.until('old', 20_000);
    assert.equal(codeOf(await confirm(place)), 'reverted');
    assert.equal(await rules(place), before);
  });

  test('on trial, with all else of ours: it is told, and whatever is asked next takes the change back', async () => {
    await using place = await openConfirmed(isolation, 'nft');
    const before = await rules(place);
    for (const ask of [confirm, (one: Place) => one.ask('revert', { by: ALICE })]) {
      await onTrial(place, 600);
      await place.endProcesses(REAPER);
      await place.endProcesses(KEEPER);
      assert.equal(await remaining(place), 0);
      assert.match(await rules(place), /^:PC-on /m, 'nobody is there to take it back');
      assert.equal(codeOf(await ask(place)), 'reverted');
      assert.equal(await rules(place), before);
    }
    await onTrial(place, 600);
    await place.powerCycle('00000000-0000-4000-8000-000000000002');
    assert.equal(await place.boot(), undefined);
    using probe = new Probe(place);
    await probe.until('old', 20_000);
  });

  test('with the files of the change: nobody knows the way back, which is said, and no other change begins', async () => {
    await using place = await openConfirmed(isolation, 'nft');
    await onTrial(place, 600);
    await place.endProcesses(REAPER);
    await place.endProcesses(KEEPER);
    await place.checked('sh', ['-c', 'rm -r /var/lib/portcullis/pending*']);
    for (const asked of [await confirm(place), await place.begin({ ...CHANGE, trialSeconds: 600 })])
      assert.equal(codeOf(asked), 'E0022');
  });
});

describe('a keeper that is not itself', { skip, concurrency: 3 }, () => {
  test('and cannot start: the change is refused, and nothing was changed', async () => {
    await using place = await openConfirmed(isolation, 'nft');
    const before = await rules(place);
    const main = ENFORCER.replace(/main(?=\.[jt]s$)/, 'keeper-main');
    await place.checked('sh', [
      '-ec',
      'echo "process.exit()" > /run/place/none; mount --bind /run/place/none "$1"',
      'sh',
      main,
    ]);
    for (const trial of [{ trialSeconds: 600 }, {}]) {
      assert.equal(codeOf(await place.begin({ ...CHANGE, ...trial })), 'E0021');
      assert.equal(await rules(place), before);
      assert.equal(await remaining(place), undefined);
    }
  });

  test('but frozen: it is not waited for, and does nothing when it goes on', async () => {
    await using place = await openConfirmed(isolation, 'legacy');
    const before = await rules(place);
    await onTrial(place, 5);
    await place.endProcesses(REAPER);
    await place.endProcesses(KEEPER, 'SIGSTOP');
    assert.equal(codeOf(await confirm(place)), 'reverted');
    assert.equal(await rules(place), before);
    assert.equal(codeOf(await place.begin(CHANGE)), 'permanent');
    const after = await rules(place);
    await place.checked('sh', ['-c', 'kill -CONT -1']);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.equal(await rules(place), after);
  });

  test('but refused by the kernel when the time is over: it tries until it is taken', async () => {
    await using place = await openConfirmed(isolation, 'legacy');
    using probe = new Probe(place);
    await place.checked('sh', [
      '-ec',
      whereLoaded('ip6tables-restore', '^-X PC-on', 'if test -e /run/place/broken; then exit 1; fi'),
    ]);
    await place.checked('touch', ['/run/place/broken']);
    // Time enough to end who cleans up before there is something to clean up: it would end the keeper first.
    await onTrial(place, 4);
    await place.endProcesses(REAPER);
    await new Promise((resolve) => setTimeout(resolve, 5_500));
    assert.notEqual(probe.last?.seen[1], 'old', 'nothing went wrong');
    await place.checked('rm', ['/run/place/broken']);
    await probe.until('old', 20_000);
  });
});

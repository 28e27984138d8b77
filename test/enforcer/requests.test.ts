import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestKind } from '../../src/enforcer/index.ts';
import { isolationOrReason } from '../lab/support.ts';
import { type Asked, Place } from './place.ts';
import { atOnceTexts, firstTexts, OLD_PORT, persisted, plainText, replaceTexts } from './texts.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const ALICE = { name: 'alice' };
const STATE = '/var/lib/portcullis';

async function open(): Promise<Place> {
  assert.ok('isolation' in found);
  const place = await Place.open(found.isolation);
  await place.checked('mkdir', ['-p', '/run/systemd/system']);
  return place;
}

/** The old policy, confirmed as change 1. */
async function openConfirmed(): Promise<Place> {
  const place = await open();
  okay(await place.begin({ texts: atOnceTexts(OLD_PORT), persist: persisted(OLD_PORT) }));
  return place;
}

function okay<K extends RequestKind>({ reply, stderr }: Asked<K>) {
  assert.ok(reply?.ok, `${JSON.stringify(reply)} ${stderr}`);
  return reply.answer;
}

const EXITS = { unusable: 2, refused: 3, machine: 4 } as const;

/** A refusal with its code, its exit code, what to do, and no stack trace. */
function refused<K extends RequestKind>({ reply, exitCode, stderr }: Asked<K>, code: string): string {
  assert.ok(reply !== undefined && !reply.ok, `it was done: ${JSON.stringify(reply)} ${stderr}`);
  assert.equal(reply.problem.code, code, reply.problem.message);
  assert.equal(exitCode, EXITS[reply.problem.kind]);
  assert.ok(reply.problem.help !== undefined && reply.problem.help !== '');
  assert.equal(stderr, '');
  return reply.problem.message;
}

/** All that could have changed: the rules, and the files but for the lock and the ledger. */
async function everything(place: Place): Promise<string> {
  const rules = await place.checked('nft', ['-s', 'list', 'ruleset']);
  const files = await place.checked('find', [STATE, '/etc/systemd', '-type', 'f', '-not', '-name', 'ledger.jsonl']);
  return `${rules}${files}`;
}

async function unchanged(place: Place, act: () => Promise<void>): Promise<void> {
  const before = await everything(place);
  await act();
  assert.equal(await everything(place), before);
}

describe('nothing is changed', { skip }, () => {
  test('by what is no request', async () => {
    await using place = await openConfirmed();
    await unchanged(place, async () => {
      for (const text of ['', 'null', '{', '{"kind":"begin"}', '{"kind":"flush"}', '\u0000'.repeat(1_000)]) {
        const { stdout, stderr, exitCode } = await place.enforcer(text, []);
        assert.equal(exitCode, 2, text);
        assert.equal(stderr, '');
        assert.equal(JSON.parse(stdout).problem.code, 'E0001');
      }
    });
  });

  test('by texts that reach beyond our tables, wherever they stand', async () => {
    await using place = await openConfirmed();
    const texts = replaceTexts(1002, 60);
    const evil = 'flush ruleset\n';
    await unchanged(place, async () => {
      for (const part of ['begin', 'confirm', 'revert'] as const) {
        const asked = await place.begin({ trialSeconds: 60, texts: { ...texts, [part]: `${texts[part]}${evil}` } });
        assert.match(refused(asked, 'E0002'), new RegExp(part));
      }
      for (const part of ['ruleset', 'lockdown'] as const) {
        const persist = { ...persisted(1002), [part]: `table ip filter { }\n` };
        assert.match(refused(await place.begin({ trialSeconds: 60, persist }), 'E0002'), new RegExp(part));
      }
      refused(await place.begin({ trialSeconds: 60, texts: { ...texts, begin: plainText(1002) } }), 'E0015');
    });
  });

  test('by a plan on rules that have changed since', async () => {
    await using place = await openConfirmed();
    const terse = await place.terse();
    await place.checked('nft', ['add', 'table', 'ip', 'docker']);
    await unchanged(place, async () => {
      refused(await place.begin({ trialSeconds: 60, terse }), 'E0006');
    });
  });

  test('by a text that the kernel refuses', async () => {
    await using place = await openConfirmed();
    const texts = replaceTexts(1002, 60);
    await unchanged(place, async () => {
      for (const line of ['add rule inet portcullis absent accept\n', 'add rule inet portcullis input nonsense\n']) {
        const asked = await place.begin({ trialSeconds: 60, texts: { ...texts, begin: `${texts.begin}${line}` } });
        assert.match(refused(asked, 'E0011'), /nothing was changed$/);
        const atOnce = { ...atOnceTexts(1002), begin: `${plainText(1002)}${line}` };
        assert.match(refused(await place.begin({ texts: atOnce }), 'E0011'), /nothing was changed$/);
      }
    });
  });

  test('where `nft` is missing', async () => {
    await using place = await openConfirmed();
    const terse = await place.terse();
    const path = (await place.checked('sh', ['-c', 'command -v nft'])).trim();
    const before = await everything(place);
    await place.checked('sh', [
      '-c',
      'touch /run/place/no-program; mount --bind /run/place/no-program "$1"',
      'sh',
      path,
    ]);
    for (const asked of [
      await place.begin({ trialSeconds: 60, terse }),
      await place.ask('revert', { by: ALICE }).then(async () => place.begin({ texts: atOnceTexts(1002), terse })),
    ]) {
      assert.match(refused<RequestKind>(asked, 'M0001'), /`nft` is not installed/);
    }
    const { limits } = okay(await place.ask('snapshot', { callerPid: 1, connections: true }));
    assert.ok(
      limits.some((limit) => limit.includes('`nft` is not installed')),
      limits.join(),
    );
    await place.checked('umount', [path]);
    assert.equal(await everything(place), before);
  });

  test('by an account that is not root', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('SKIPPED: only root can play another account');
    await using place = await openConfirmed();
    await unchanged(place, async () => {
      const prefix = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
      const terse = await place.terse();
      refused(await place.begin({ trialSeconds: 60, terse }, { prefix }), 'E0003');
      refused(await place.ask('snapshot', { callerPid: 1, connections: false }, { prefix }), 'E0003');
    });
    return undefined;
  });
});

describe('the state folder', { skip }, () => {
  test('full, read-only, a link or somebody else’s: refused, and the kernel is not asked', async () => {
    await using place = await open();
    await place.checked('nft', ['-f', '-'], plainText(OLD_PORT));
    const rules = await place.checked('nft', ['list', 'ruleset']);
    const ways: readonly (readonly [script: string, code: string, undo: string])[] = [
      [
        `mkdir -p ${STATE}; mount -t tmpfs -o size=16k,mode=700 tmpfs ${STATE}; dd if=/dev/zero of=${STATE}/full bs=1k count=100 2>/dev/null || true`,
        'E0009',
        `umount ${STATE}`,
      ],
      [`mount -t tmpfs -o ro,mode=700 tmpfs ${STATE}`, 'E0009', `umount ${STATE}`],
      [`rmdir ${STATE}; mkdir -p /run/place/elsewhere; ln -s /run/place/elsewhere ${STATE}`, 'E0010', `rm ${STATE}`],
      [`touch ${STATE}`, 'E0010', `rm ${STATE}`],
      ...(process.getuid?.() === 0 ? [[`mkdir ${STATE}; chown 1 ${STATE}`, 'E0010', `rmdir ${STATE}`] as const] : []),
    ];
    for (const [script, code, undo] of ways) {
      await place.checked('sh', ['-ec', script]);
      refused(await place.begin({ trialSeconds: 60 }), code);
      refused(await place.begin({ texts: atOnceTexts(1002) }), code);
      assert.equal(await place.checked('nft', ['list', 'ruleset']), rules, script);
      await place.checked('sh', ['-ec', undo]);
    }
    okay(await place.begin({ trialSeconds: 60 }));
  });

  test('with a full disk at the confirmation: the change stays on trial, and is confirmed when there is room', async () => {
    await using place = await open();
    await place.checked('nft', ['-f', '-'], plainText(OLD_PORT));
    await place.checked('sh', ['-ec', `mkdir ${STATE}; mount -t tmpfs -o size=200k,mode=700 tmpfs ${STATE}`]);
    okay(await place.begin({ trialSeconds: 600 }));
    await place.run('sh', ['-c', `dd if=/dev/zero of=${STATE}/full bs=1k`]);
    const message = refused(await place.ask('confirm', { by: ALICE, sameSession: true }), 'E0009');
    assert.match(message, /no space left/i);
    assert.match(await place.checked('nft', ['list', 'ruleset']), /@trial goto b\/input/);
    await place.checked('rm', [`${STATE}/full`]);
    assert.equal(okay(await place.ask('confirm', { by: ALICE, sameSession: true })).change?.number, 1);
  });

  test('altered: told, and not trusted', async () => {
    await using place = await openConfirmed();
    okay(await place.begin({ texts: atOnceTexts(1002) }));
    await place.checked('sed', ['-i', 's/1001/1004/', `${STATE}/changes/1/ruleset.nft`]);
    assert.match(refused(await place.ask('recall', { number: 1 }), 'E0010'), /ruleset\.nft has been altered/);
    assert.deepEqual(okay(await place.ask('recall', { number: 2 })).files, persisted(1002));
    refused(await place.ask('recall', { number: 3 }), 'E0017');
    await place.checked('sed', ['-i', '1s/alice/mallory/', `${STATE}/ledger.jsonl`]);
    const { state } = okay(await place.ask('snapshot', { callerPid: 1, connections: false }));
    assert.equal(state.problems.length, 2, state.problems.join('\n'));
    assert.deepEqual(
      state.history.map(({ number }) => number),
      [2],
    );
    await place.checked('tee', [`${STATE}/pending.json`], '{"id":');
    await unchanged(place, async () => {
      refused(await place.begin({ trialSeconds: 60 }), 'E0010');
      refused(await place.ask('revert', { by: ALICE }), 'E0010');
      refused(await place.ask('confirm', { by: ALICE, sameSession: true }), 'E0010');
    });
  });

  test('keeps as many changes as it is told to, and never loses the current one', async () => {
    await using place = await openConfirmed();
    for (const port of [1002, 1001, 1002])
      okay(await place.begin({ texts: atOnceTexts(port), persist: persisted(port), keep: 2 }));
    const { state } = okay(await place.ask('snapshot', { callerPid: 1, connections: false }));
    assert.deepEqual([state.history.map(({ number }) => number), state.current?.number], [[4, 3], 4]);
    assert.deepEqual(state.problems, []);
    assert.equal(await place.checked('find', [STATE, '-perm', '/077', '-not', '-type', 'l']), '');
  });
});

describe('one change at a time', { skip }, () => {
  test('a second one is refused with who, since when and how long', async () => {
    await using place = await openConfirmed();
    const terse = await place.terse();
    okay(await place.begin({ trialSeconds: 60, terse }));
    const message = refused(await place.begin({ trialSeconds: 60, terse: await place.terse() }), 'E0005');
    assert.match(message, /by alice, 60 s from 2026-11-25T20:00:00Z.*new port.*reverts in \d+ s/);
    refused(await place.begin({ texts: atOnceTexts(1002), terse: await place.terse() }), 'E0005');
  });

  test('of two that begin at once, one is on trial', async () => {
    await using place = await openConfirmed();
    const terse = await place.terse();
    const both = await Promise.all(
      ['alice', 'bob', 'carol'].map((name) => place.begin({ trialSeconds: 60, terse, by: { name } })),
    );
    assert.deepEqual(both.map(({ exitCode }) => exitCode).toSorted(), [0, 3, 3]);
    assert.equal(okay(await place.ask('revert', { by: ALICE })).outcome, 'reverted');
    assert.equal(await place.terse(), terse);
  });

  test('a trial that our files do not know is left to the kernel', async () => {
    await using place = await openConfirmed();
    await place.checked('nft', ['-f', '-'], replaceTexts(1002, 600).begin);
    assert.match(refused(await place.begin({ trialSeconds: 60 }), 'E0005'), /by alice/);
    refused(await place.ask('confirm', { by: ALICE, sameSession: true }), 'E0016');
    refused(await place.ask('revert', { by: ALICE }), 'E0016');
  });
});

describe('a confirmation', { skip }, () => {
  test('keeps the change, the first of all too', async () => {
    await using place = await open();
    refused(await place.ask('confirm', { by: ALICE, sameSession: true }), 'E0007');
    assert.deepEqual(okay(await place.ask('revert', { by: ALICE })), { outcome: 'nothing-to-do', warnings: [] });
    const begun = okay(await place.begin({ trialSeconds: 600, texts: firstTexts(1002, 600) }));
    assert.equal(begun.outcome, 'on-trial');
    assert.ok(begun.remainingSeconds! > 500 && begun.remainingSeconds! <= 600);
    const { outcome, change } = okay(await place.ask('confirm', { by: { name: 'bob' }, sameSession: true }));
    assert.deepEqual([outcome, change?.number, change?.by.name], ['permanent', 1, 'alice']);
    refused(await place.ask('confirm', { by: ALICE, sameSession: true }), 'E0007');
  });

  test('counts from a session that began after the change', async () => {
    await using place = await openConfirmed();
    const session = '203.0.113.9 50000 192.0.2.1 22';
    okay(await place.begin({ trialSeconds: 600, by: { name: 'alice', session, startedAt: 1 } }));
    refused(await place.ask('confirm', { by: { name: 'alice', session, startedAt: 1 }, sameSession: false }), 'E0008');
    refused(await place.ask('confirm', { by: { name: 'alice' }, sameSession: false }), 'E0008');
    const later = { name: 'alice', session: '203.0.113.9 50001 192.0.2.1 22', startedAt: 10 ** 9 };
    assert.equal(okay(await place.ask('confirm', { by: later, sameSession: false })).outcome, 'permanent');
  });

  test('that comes too late changes nothing', async () => {
    await using place = await openConfirmed();
    const before = await place.checked('nft', ['-s', 'list', 'ruleset']);
    okay(await place.begin({ trialSeconds: 1 }));
    await place.endProcesses(); // no reaper: what is left is cleaned up by whatever is asked next
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.equal(okay(await place.ask('confirm', { by: ALICE, sameSession: true })).outcome, 'reverted');
    assert.equal(await place.checked('nft', ['-s', 'list', 'ruleset']), before);
    refused(await place.ask('recall', { number: 2 }), 'E0017');
  });

  test('without one, the change and what is left of it are gone', async () => {
    await using place = await openConfirmed();
    const before = await everything(place);
    okay(await place.begin({ trialSeconds: 1 }));
    const until = performance.now() + 20_000;
    while ((await everything(place)) !== before && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await everything(place), before);
    assert.match(
      await place.checked('tail', ['-1', `${STATE}/ledger.jsonl`]),
      /"event":"revert".*not confirmed in time/,
    );
    const late = okay(await place.ask('confirm', { by: ALICE, sameSession: true }));
    assert.equal(late.outcome, 'reverted');
    assert.match(late.warnings.join(), /the last change was taken back \(not confirmed in time\), and was cleaned up/);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Reply, RequestKind } from '../../src/enforcer/index.ts';
import { isolationOrReason } from '../lab/support.ts';
import { Place } from './place.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const INDEX = fileURLToPath(new URL('../../src/enforcer/index.ts', import.meta.url));

/** Asks by the client, as a command does, in a place. */
async function askIn<K extends RequestKind>(
  place: Place,
  kind: K,
  ask: object,
  viaSudo: boolean,
  prefix: readonly string[] = [],
): Promise<Reply<K>> {
  const script = `import(${JSON.stringify(INDEX)}).then((enforcer) => enforcer.askEnforcer(${JSON.stringify(kind)}, ${JSON.stringify(ask)}, { viaSudo: ${viaSudo} })).then((reply) => console.log(JSON.stringify(reply)))`;
  const [program = '', ...args] = [...prefix, process.execPath, '-e', script];
  const { stdout, stderr } = await place.run(program, args);
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

const SNAPSHOT = { callerPid: 1, connections: true };

describe('a command asks the enforcer', { skip }, () => {
  test('and is answered in the types that were promised, or told why not', async () => {
    assert.ok('isolation' in found);
    await using place = await Place.open(found.isolation);
    const snapshot = await askIn(place, 'snapshot', SNAPSHOT, false);
    assert.ok(snapshot.ok, JSON.stringify(snapshot));
    assert.match(snapshot.answer.terse, /^[0-9a-f]{64}$/);
    assert.deepEqual(await askIn(place, 'note', { event: 'plan', by: { name: 'a' }, outcome: 'x' }, false), {
      ok: true,
      answer: { recorded: false },
    });
    const refused = await askIn(place, 'recall', { number: 9 }, false);
    assert.ok(!refused.ok && refused.problem.code === 'E0017' && refused.problem.kind === 'refused');
  });

  test('by sudo where it is not root, and is told what to do where that is no way', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('SKIPPED: only root can play another account');
    await using place = await Place.open('root');
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const withSudo = async (script: string): Promise<Reply<'snapshot'>> => {
      await place.checked(
        'sh',
        ['-c', 'mkdir -p /run/place/bin; cat > /run/place/bin/sudo; chmod 755 /run/place /run/place/bin/sudo'],
        script,
      );
      return askIn(place, 'snapshot', SNAPSHOT, true, [...nobody, 'env', 'PATH=/run/place/bin:/usr/bin:/bin']);
    };
    const problemOf = (reply: Reply<'snapshot'>) =>
      reply.ok ? 'it was done' : `${reply.problem.code} ${reply.problem.message}`;
    assert.match(problemOf(await askIn(place, 'snapshot', SNAPSHOT, false, nobody)), /^E0003 .*not root/);
    assert.match(
      problemOf(await withSudo('#!/bin/sh\necho "sudo: a password is required" >&2\nexit 1\n')),
      /^E0003 .*a password is required/,
    );
    assert.match(problemOf(await withSudo('#!/bin/sh\nkill -9 $$\n')), /^E0004 .*without an answer/);
    assert.match(problemOf(await withSudo('#!/bin/sh\necho "{}"\n')), /^E0004 /);
    const echo = '#!/bin/sh\nprintf \'{"ok":false,"problem":{"kind":"refused","code":"X","message":"%s"}}\' "$1 $2"\n';
    assert.equal(problemOf(await withSudo(echo)), 'X -n --');
    return undefined;
  });
});

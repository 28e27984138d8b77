import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findProgram, run } from '../../src/host/index.ts';
import { isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;

/** Prepares a private world by a shell script, and asks there what the machine can do. */
async function capabilitiesAfter(
  script: string,
): Promise<{ refusal?: { code: string; message: string; help: string } }> {
  const print = join(import.meta.dirname, 'print-capabilities.ts');
  const done = await run('unshare', [
    '--user',
    '--map-root-user',
    '--mount',
    'sh',
    '-c',
    script,
    process.execPath,
    print,
  ]);
  assert.equal(done.exitCode, 0, done.stderr);
  const answer: unknown = JSON.parse(done.stdout);
  assert.ok(typeof answer === 'object' && answer !== null);
  return answer;
}

/** `$0 $1`: Node and the script. */
const ASK = 'exec "$0" "$1"';

describe('a machine that cannot make a lab says why, and what to do', { skip }, () => {
  test('without nft', async () => {
    const { refusal } = await capabilitiesAfter(`mount --bind /dev/null ${findProgram('nft')} && ${ASK}`);
    assert.equal(refusal?.code, 'M0001');
    assert.match(refusal.message, /`nft` is not installed/);
    assert.match(refusal.help, /apt-get install nftables/);
  });

  test('without the right to make namespaces', async () => {
    const { refusal } = await capabilitiesAfter(
      `echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all "$0" "$1"`,
    );
    assert.equal(refusal?.code, 'M0006');
    assert.match(refusal.message, /no private network can be made here: root may not make network namespaces/);
    assert.match(refusal.help, /--privileged/);
  });

  test('and nothing is refused where nothing was taken away', async () => {
    assert.equal((await capabilitiesAfter(ASK)).refusal, undefined);
  });
});

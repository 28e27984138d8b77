import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from '../../host/index.ts';

const MODULE = fileURLToPath(new URL('./descriptors.ts', import.meta.url));

/** Uses up what it has, waits, gives all back, waits, and does so again. */
const SCRIPT = `
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchDescriptors } from ${JSON.stringify(MODULE)};
const told = [];
const end = watchDescriptors((sentence) => told.push(sentence));
for (let round = 0; round < 2; round++) {
  const held = [];
  try {
    for (;;) held.push(openSync('/dev/null'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error; // none is left, which is what is wanted
  }
  await sleep(700);
  for (const each of held) closeSync(each);
  await sleep(700);
}
end();
process.stdout.write(JSON.stringify(told));
`;

test('that no descriptor is left is told once each time', async () => {
  const { stdout, stderr } = await run('sh', [
    '-c',
    'ulimit -n 64; exec "$0" --input-type=module -e "$1"',
    process.execPath,
    SCRIPT,
  ]);
  const told = 'no descriptor is left, connections are refused (EMFILE)';
  assert.deepEqual(JSON.parse(stdout || '[]'), [told, told], stderr);
});

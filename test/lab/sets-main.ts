import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { SetWriter } from '../../src/host/index.ts';
import { parseAddress } from '../../src/net/index.ts';

/** On the lab's host: fills sets, and tells what came of it. */
const writer = new SetWriter('inet small', [
  { group: 'two', names: { 4: 'names4-two', 6: 'names6-two' } },
  { group: 'gone', names: { 4: 'names4-gone', 6: 'names6-gone' } },
]);
const put = (group: string, address: string, seconds = 60): Promise<string> =>
  writer.put([{ group, address: parseAddress(address)!, seconds }]).then(
    () => 'done',
    (error: Error) => error.message,
  );
const outcomes = [
  await put('two', '203.0.113.1'),
  await put('two', '203.0.113.2'),
  await put('two', '203.0.113.1', 600), // again: it takes no more room
  await put('two', '203.0.113.3'),
  await put('two', '2001:db8::1'),
  await put('gone', '203.0.113.1'),
  await put('other', '203.0.113.1'),
  await put('two', '203.0.113.2', 1e9),
];
const together = await Promise.all(
  Array.from({ length: 50 }, (_, at) => put('two', at % 2 === 0 ? '203.0.113.1' : `203.0.113.${10 + at}`)),
);
await writer.close();
outcomes.push(await put('two', '203.0.113.1'));

// Whoever says something else to it ends it.
const main = resolve(import.meta.dirname, '../../src/host/sets/writer-main.ts');
const abused = spawn(process.execPath, [main, 'inet small', '4:names4-two'], { stdio: ['pipe', 'ignore', 'ignore'] });
abused.stdin.write('1 0 203.0.113.1 60\nflush ruleset\n');
const [status]: readonly unknown[] = await once(abused, 'exit');
process.stdout.write(JSON.stringify({ outcomes, together, status }));

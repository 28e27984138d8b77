/** Tries what it is told on its standard input, a JSON list, as the account that it runs as, and prints a JSON line for each. */
import { tryOut } from './try.ts';

let text = '';
for await (const chunk of process.stdin.setEncoding('utf8')) text += String(chunk);
// Written by `verify` of this very program.
const attempts: Parameters<typeof tryOut>[0][] = JSON.parse(text);
await Promise.all(
  attempts.map(async (attempt) => {
    process.stdout.write(`${JSON.stringify(await tryOut(attempt))}\n`);
  }),
);

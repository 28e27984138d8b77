import { Endpoint } from './endpoint.ts';
import { readJsonLines } from './json-lines.ts';
import type { RequestLine } from './protocol.ts';
import { serve } from './serve.ts';

// An endpoint's process: `node endpoint-main.ts [account]`, requests on standard input. Ends with its input.

const account = process.argv[2] === undefined ? undefined : Number(process.argv[2]);
if (account !== undefined && process.setgroups && process.setgid && process.setuid) {
  // Only now, with all code loaded: the account itself may have no right to read this folder.
  process.setgroups([]);
  process.setgid(account);
  process.setuid(account);
}

const endpoint = new Endpoint();
process.stdin.on('end', () => process.exit(0));
readJsonLines(process.stdin, (line) => {
  void serve(endpoint, line as RequestLine); // written by `Lab#ask` of this very program
});

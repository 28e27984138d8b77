import { createInterface } from 'node:readline';
import { type AddressSetName, SetFiller } from './fill.ts';
import { NftSession } from './nft-session.ts';
import { parseRequest } from './protocol.ts';

/**
 * The only part of a gateway that may change the kernel's rules (CAP_NET_ADMIN), and only so much: addresses into the sets that it is started
 * with, for some time. `writer-main.ts TABLE 4:SET 6:SET ...`; requests on standard input, as in protocol.ts. Ends with its input.
 */

const SET = /^([46]):([A-Za-z][A-Za-z0-9_./-]{0,254})$/; // names that nft takes, and nothing that it would read as more than a name
const TABLE = /^inet [A-Za-z][A-Za-z0-9_./-]{0,254}$/;

const [table = '', ...words] = process.argv.slice(2);
const sets = words.flatMap((word): AddressSetName[] => {
  const [, family, name] = SET.exec(word) ?? [];
  return name === undefined ? [] : [{ family: family === '4' ? 4 : 6, name }];
});
if (!TABLE.test(table) || sets.length === 0 || sets.length !== words.length) {
  process.stderr.write('usage: writer-main "inet TABLE" 4:SET 6:SET ...\n');
  process.exit(2);
}

for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined); // whoever feeds it says when to end
const nft = new NftSession();
const filler = new SetFiller(table, sets, nft);
const families = sets.map(({ family }) => family);

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const request = parseRequest(line, families);
  if (request === undefined) {
    process.stderr.write('what was asked is no request\n');
    process.exit(2); // whoever writes such lines is not who it was started for
  }
  void filler.put(request).then((problem) => {
    process.stdout.write(
      problem === undefined ? `${request.id}\n` : `${request.id} ${problem.replaceAll('\n', ' ')}\n`,
    );
  });
});
lines.on('close', () => {
  nft.close();
  process.exit(0);
});
process.stdout.on('error', () => process.exit(0)); // nobody listens any more

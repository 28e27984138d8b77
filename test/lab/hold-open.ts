/** Opens a lab, says so, and does nothing more: the program that `cleanup.test.ts` kills. */
import { Lab } from '../../src/host/index.ts';
import { LINKS } from './links.ts';

const lab = await Lab.open({ links: LINKS, accounts: [0] });
await lab.load('table inet portcullis { }\n');
process.stdout.write('open\n');
setInterval(() => {
  // stay until killed
}, 60_000);

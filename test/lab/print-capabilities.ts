/** Prints what the machine can do, as JSON: run by `capabilities.test.ts` on machines with something taken away. */
import { hostCapabilities, Lab, MachineError } from '../../src/host/index.ts';
import { LINKS } from './links.ts';

const capabilities = await hostCapabilities();
let refusal: { code: string; message: string; help: string | undefined } | undefined;
try {
  await using _lab = await Lab.open({ links: LINKS, accounts: [0] });
} catch (error) {
  if (!(error instanceof MachineError)) throw error;
  const { code, message, help } = error.diagnostic;
  refusal = { code, message, help };
}
process.stdout.write(JSON.stringify({ capabilities, refusal }));

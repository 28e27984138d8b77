import type { Target } from '../target.ts';
import { liftSetup } from './lift.ts';
import { lowerIntent } from './lower.ts';
import { parseFiles } from './parse.ts';
import { printSetup } from './print.ts';
import type { Setup } from './setup.ts';

export { UFW_PROBLEMS } from './problems.ts';

/** ufw 0.36 (Debian, Ubuntu), as files for a machine and as commands. */
export const ufwTarget = {
  name: 'ufw',
  title: 'UFW (Debian, Ubuntu)',
  lower: lowerIntent,
  print: printSetup,
  parse: parseFiles,
  lift: liftSetup,
} as const satisfies Target<Setup>;

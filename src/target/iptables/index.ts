import type { Target } from '../target.ts';
import type { Program } from './ast.ts';
import { liftProgram } from './lift.ts';
import { parseFiles } from './parse.ts';

export type { Program } from './ast.ts';
export { IPTABLES_PROBLEMS } from './problems.ts';

/** What reads `iptables-save`, `ip6tables-save` and `ipset save` back. */
export const iptablesReader = {
  name: 'iptables',
  title: 'iptables and ip6tables (Linux)',
  parse: parseFiles,
  lift: liftProgram,
} as const satisfies Pick<Target<Program>, 'name' | 'title' | 'parse' | 'lift'>;

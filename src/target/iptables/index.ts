import type { Target } from '../target.ts';
import type { Program } from './ast.ts';
import { liftProgram } from './lift.ts';
import { lowerIntent } from './lower.ts';
import { parseFiles } from './parse.ts';
import { printFiles } from './print.ts';

export {
  isOwnTable as isOwnIptables,
  liftOwn,
  misledHook,
  standsApart,
  withoutOwn,
  withoutOwnChains,
} from './apart.ts';
export type { Program } from './ast.ts';
export { nameSet } from './names.ts';
export { policyOfText } from './policy-text.ts';
export { IPTABLES_PROBLEMS } from './problems.ts';
export {
  chainNames,
  plainText as iptablesPlain,
  printOwn,
  type StagedStep,
  type StagedSteps,
  type SwitchedSteps,
  stageChange as stageIptables,
  type WatchedSteps,
} from './stage.ts';
export {
  followed,
  type OwnChains,
  type Standing as IptablesStanding,
  standing as iptablesStanding,
} from './stage-standing.ts';

/** What reads `iptables-save`, `ip6tables-save` and `ipset save` back. */
export const iptablesReader = {
  name: 'iptables',
  title: 'iptables and ip6tables (Linux)',
  parse: parseFiles,
  lift: liftProgram,
} as const satisfies Pick<Target<Program>, 'name' | 'title' | 'parse' | 'lift'>;

/** Chains of the filter tables of iptables and ip6tables, and nothing beside them. */
export const iptablesTarget = {
  ...iptablesReader,
  lower: (intent) => lowerIntent(intent, { useSets: false }),
  print: printFiles,
} as const satisfies Target<Program>;

/** As `iptablesTarget`, with sets of ipset for names and for long lists of addresses. */
export const iptablesIpsetTarget = {
  ...iptablesTarget,
  name: 'iptables-ipset',
  title: 'iptables and ip6tables with ipset (Linux)',
  lower: (intent) => lowerIntent(intent, { useSets: true }),
} as const satisfies Target<Program>;

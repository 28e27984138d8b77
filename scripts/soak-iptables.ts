/**
 * Lets the kernel judge what we say about iptables, for long: random rules of both families, by turns loaded by iptables-nft and
 * iptables-legacy, and what our own target writes; packets on the borders of their values, the verdicts compared.
 *
 *     node scripts/soak-iptables.ts [--seed N] [--rulesets N] [--packets N] [--from N] [--only N] [--write]
 *
 * See soak/soak.ts for what the options and the exit status mean.
 */
import { restoreReport } from '../test/judge/iptables/report.ts';
import { judgeOwnRestore, judgeRestoreOf } from '../test/judge/iptables/run.ts';
import { count, sorted } from '../test/judge/tally.ts';
import { soakOptions } from './soak/options.ts';
import { output } from './soak/result.ts';
import { soak } from './soak/soak.ts';

const OWN_EVERY = 10; // every tenth ruleset is one that our own target has written

const options = soakOptions({ rulesets: 1600, packets: 1200 });
const backends: Record<string, number> = {};
const features: Record<string, number> = {};
const isOwn = (index: number): boolean => index % OWN_EVERY === OWN_EVERY - 1;

await soak(options, {
  name: 'soak-iptables',
  judge: (world, index, onRefused) =>
    isOwn(index) ? judgeOwnRestore(world, index, options) : judgeRestoreOf(world, index, options, onRefused),
  report: restoreReport,
  note: ({ index, backend, used, outcome }) => {
    if (outcome.kind !== 'judged') return;
    count(backends, `${isOwn(index) ? 'our own' : 'anybody’s'}, iptables-${backend}`);
    for (const name of used) count(features, name);
  },
  facts: () => ({
    iptables: output('iptables', ['--version']),
    backends: sorted(backends),
    features: sorted(features),
  }),
});

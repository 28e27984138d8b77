/**
 * Lets the kernel judge what we say about nftables, for long: random rulesets and what our own target writes, packets on
 * the borders of their values, the verdicts compared.
 *
 *     node scripts/soak-judge.ts [--seed N] [--rulesets N] [--packets N] [--from N] [--only N] [--nft VERSION] [--write]
 *
 * See soak/soak.ts for what the options and the exit status mean.
 */
import { disagreementReport } from '../test/judge/report.ts';
import { judgeOwn, judgeRandom } from '../test/judge/run.ts';
import { surveyReader } from '../test/judge/survey.ts';
import { soakOptions } from './soak/options.ts';
import { output } from './soak/result.ts';
import { soak } from './soak/soak.ts';

const OWN_EVERY = 10; // every tenth ruleset is one that our own target has written

const options = soakOptions({ rulesets: 2500, packets: 600 });
const survey = surveyReader();
const asked = { ...options, ingredients: survey };

await soak(options, {
  name: 'soak',
  judge: (world, index, onRefused) =>
    index % OWN_EVERY === OWN_EVERY - 1 ? judgeOwn(world, index, asked) : judgeRandom(world, index, asked, onRefused),
  report: disagreementReport,
  facts: () => ({
    nft: output('nft', ['--version']),
    constructs: survey.features.length,
    constructsWithBothSides: byField(survey.bothSides.map(({ construct }) => construct)),
    constructsNotTaken: byField(survey.refused.map(({ construct }) => construct)),
    constructsLeftOut: survey.leftOut,
  }),
});

/** `ip ttl: is` and `ip ttl: set` as one line. */
function byField(constructs: readonly string[]): Record<string, string> {
  const fields = Map.groupBy(constructs, (construct) => construct.split(': ')[0] ?? construct);
  return Object.fromEntries(
    [...fields].map(([field, all]) => [field, all.map((each) => each.slice(field.length + 2)).join(', ')]),
  );
}

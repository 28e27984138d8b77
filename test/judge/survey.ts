import { CHAIN_HOOKS, type ChainHook } from '../../src/ir/index.ts';
import type { RulesetDraft } from './generate/draft.ts';
import { FEATURES, type Feature } from './generate/features.ts';
import { hookSpecimen, type Ingredients, specimen } from './generate/ruleset.ts';
import { draftText, STYLES, type Style } from './generate/styles.ts';
import { Random } from './random.ts';
import { readRuleset } from './read.ts';

/** Which constructs of nft's language our reader takes, asked of the reader itself, so that the suite grows with it. */
export interface Survey extends Ingredients {
  readonly refused: readonly { readonly construct: string; readonly example: string }[];
}

const SPECIMENS = 8; // of each construct: it is taken when all are

/** Where chains of `inet` tables stand without a device of their own. */
const HOOKS = CHAIN_HOOKS.filter((hook) => hook !== 'ingress' && hook !== 'egress');

export function surveyReader(): Survey {
  const refused: { construct: string; example: string }[] = [];
  const takes = (construct: string, make: (random: Random) => RulesetDraft): boolean => {
    for (let index = 0; index < SPECIMENS; index++) {
      const reading = readRuleset('specimen', draftText(make(new Random(index, construct.length))));
      if (reading.kind === 'understood') continue;
      refused.push({ construct, example: reading.constructs[0] ?? '' });
      return false;
    }
    return true;
  };
  const features: readonly Feature[] = FEATURES.filter((feature) =>
    takes(feature.name, (random) => specimen(random, feature)),
  );
  const styles: readonly Style[] = STYLES.filter((style) =>
    takes(`written in ${style}`, () => hookSpecimen('input', style)),
  );
  const hooks: readonly ChainHook[] = HOOKS.filter((hook) => takes(`hook ${hook}`, () => hookSpecimen(hook, 'blocks')));
  return { features, styles, hooks, refused };
}

import { draftText } from './generate/draft.ts';
import { FEATURES, type Feature } from './generate/features.ts';
import { specimen } from './generate/ruleset.ts';
import { Random } from './random.ts';
import { readRuleset } from './read.ts';

/** Which constructs of nft's language our reader takes, asked of the reader itself, so that the suite grows with it. */
export interface Survey {
  readonly taken: readonly Feature[];
  readonly refused: readonly { readonly feature: Feature; readonly example: string }[];
}

const SPECIMENS = 8; // of each feature: a feature is taken when all are

export function surveyReader(): Survey {
  const taken: Feature[] = [];
  const refused: { feature: Feature; example: string }[] = [];
  for (const [index, feature] of FEATURES.entries()) {
    let example: string | undefined;
    for (let specimenIndex = 0; specimenIndex < SPECIMENS && example === undefined; specimenIndex++) {
      const reading = readRuleset('specimen', draftText(specimen(new Random(index, specimenIndex), feature)));
      if (reading.kind === 'refused') example = reading.constructs[0] ?? '';
    }
    if (example === undefined) taken.push(feature);
    else refused.push({ feature, example });
  }
  return { taken, refused };
}

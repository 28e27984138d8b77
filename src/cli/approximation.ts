import { formatFlow } from '../analysis/index.ts';
import { escapeControls } from '../diagnostic/index.ts';
import type { ProvenApproximation } from '../verify/index.ts';
import { placeJson } from './report.ts';

/** A declared difference as other programs read it (schema/render.json). */
export function approximationJson({ approximation, packets, witness }: ProvenApproximation) {
  return {
    effect: approximation.effect,
    sentence: approximation.sentence,
    ...(approximation.help === undefined ? {} : { help: approximation.help }),
    flow: approximation.origin.flow ?? null,
    origin: approximation.origin.span === undefined ? null : placeJson(approximation.origin.span),
    packets,
    witness: formatFlow(witness),
  };
}

const HEADS = {
  wider: 'wider than the policy',
  narrower: 'narrower than the policy',
  refusal: 'refused in another way than the policy says',
  elsewhere: 'sent to another place than the policy says',
} as const satisfies Record<ProvenApproximation['approximation']['effect'], string>;

export function approximationText({ approximation, packets, witness }: ProvenApproximation): string {
  const { effect, sentence, help } = approximation;
  const lines = [
    `approximation, ${HEADS[effect]}: ${escapeControls(sentence)}`,
    ...packets.slice(0, 2).map((line) => `  ${escapeControls(line)}`),
    `  for example ${escapeControls(formatFlow(witness))}`,
    ...(help === undefined ? [] : [`  help: ${escapeControls(help)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

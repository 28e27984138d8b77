import { escapeControls } from '../../diagnostic/index.ts';
import type { ClusterProof } from '../../verify/index.ts';
import type { Console } from '../console.ts';
import { diagnosticsJson, placeJson, reportDiagnostics } from '../report.ts';

/** schema/render.json, less the artifacts. */
export function clusterProofJson({ target, holds, approximations, diagnostics }: ClusterProof) {
  return {
    target,
    proven: holds,
    approximations: approximations.map(({ approximation, witness }) => ({
      effect: approximation.effect,
      sentence: approximation.sentence,
      ...(approximation.help === undefined ? {} : { help: approximation.help }),
      flow: approximation.flow ?? null,
      origin: approximation.span === undefined ? null : placeJson(approximation.span),
      packets: [],
      witness,
    })),
    diagnostics: diagnosticsJson(diagnostics),
  };
}

/** What to know of manifests, on standard error. */
export function tellClusterProof(console: Console, { approximations, diagnostics }: ClusterProof): void {
  const { colors } = console.stderr;
  reportDiagnostics(
    console,
    diagnostics.filter(({ severity }) => severity !== 'error'),
  );
  for (const { approximation, witness } of approximations) {
    const { effect, sentence, help } = approximation;
    const lines = [
      `approximation, ${effect} than the policy: ${escapeControls(sentence)}`,
      `  for example ${escapeControls(witness)}`,
      ...(help === undefined ? [] : [`  help: ${escapeControls(help)}`]),
    ];
    console.stderr.write(`${lines.join('\n')}\n`);
  }
  const { length } = approximations;
  const but = length === 0 ? '' : `, but for the ${length === 1 ? 'approximation' : `${length} approximations`} above`;
  console.stderr.write(
    `${colors.green('proven')}: read back, this lets through exactly what the policy allows${but}\n`,
  );
}

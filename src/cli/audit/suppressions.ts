import type { Suppression } from '../../analysis/index.ts';
import { hasErrors } from '../../diagnostic/index.ts';
import { loadSuppressions } from '../../policy/index.ts';
import { type Console, EXIT } from '../console.ts';
import { readFile, readSource } from '../files.ts';
import { Stop } from '../report.ts';

export const DEFAULT_SUPPRESSIONS = 'portcullis-audit.yaml';

/** What is accepted, from the file that is named or the one that is there. @throws Stop where it cannot be used */
export async function suppressionsFor(console: Console, path: string | undefined): Promise<readonly Suppression[]> {
  if (path === undefined && typeof readFile(console, DEFAULT_SUPPRESSIONS) === 'string') return [];
  const { suppressions, diagnostics } = loadSuppressions(await readSource(console, path ?? DEFAULT_SUPPRESSIONS));
  if (hasErrors(diagnostics)) throw new Stop(EXIT.unusable, diagnostics);
  return suppressions.map(({ span, ...rest }) => ({ ...rest, origin: { span, text: `suppression of ${rest.code}` } }));
}

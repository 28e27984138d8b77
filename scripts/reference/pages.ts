import { cliReference } from './cli.ts';
import { diagnosticsReference } from './diagnostics.ts';
import { policyReference } from './policy.ts';

/** The pages of docs/reference/ that are generated. */
export const REFERENCE_PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'cli.md': cliReference,
  'diagnostics.md': diagnosticsReference,
  'policy.md': policyReference,
};

import { auditReference } from './audit.ts';
import { cliReference } from './cli.ts';
import { diagnosticsReference } from './diagnostics.ts';
import { policyReference } from './policy.ts';

/** The pages of docs/reference/ that are generated. */
export const REFERENCE_PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'audit.md': auditReference,
  'cli.md': cliReference,
  'diagnostics.md': diagnosticsReference,
  'policy.md': policyReference,
};

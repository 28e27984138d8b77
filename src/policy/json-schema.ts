import { LANGUAGE_VERSION, policy } from './language.ts';
import type { Definitions, JsonSchema } from './shape.ts';

/**
 * The JSON Schema (draft 2020-12) of one policy file, from the same description that reads it. It accepts every file that
 * `loadPolicy` accepts; what a schema cannot say (names that must exist, dates that must be real) it leaves to `check`.
 */
export function policyJsonSchema(): JsonSchema {
  const definitions: Definitions = new Map();
  const root = policy.schema(definitions);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `Portcullis policy, language version ${LANGUAGE_VERSION}`,
    ...root,
    $defs: Object.fromEntries([...definitions].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

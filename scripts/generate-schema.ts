import { writeFileSync } from 'node:fs';
import { factsJsonSchema, policyJsonSchema, suppressionsJsonSchema } from '../src/policy/index.ts';

/** Writes the schemas by which editors help to write our files. A test says when they are out of date. */
const SCHEMAS = {
  policy: policyJsonSchema(),
  'audit-suppressions': suppressionsJsonSchema(),
  'host-facts': factsJsonSchema(),
};
for (const [name, schema] of Object.entries(SCHEMAS)) {
  writeFileSync(new URL(`../schema/${name}.json`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
}

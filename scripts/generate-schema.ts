import { writeFileSync } from 'node:fs';
import { policyJsonSchema } from '../src/policy/index.ts';

/** Writes schema/policy.json, by which editors help to write policies. A test says when it is out of date. */
writeFileSync(new URL('../schema/policy.json', import.meta.url), `${JSON.stringify(policyJsonSchema(), null, 2)}\n`);

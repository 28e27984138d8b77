import { mkdirSync, writeFileSync } from 'node:fs';
import { REFERENCE_PAGES } from './reference/pages.ts';

/** Writes docs/reference/. A test says when it is out of date. */
mkdirSync(new URL('../docs/reference/', import.meta.url), { recursive: true });
for (const [name, text] of Object.entries(REFERENCE_PAGES)) {
  writeFileSync(new URL(`../docs/reference/${name}`, import.meta.url), await text());
}

import { readFileSync } from 'node:fs';
import { packagedFile } from '../own-files.ts';

/** The version of this program, as package.json says. */
export function programVersion(): string {
  const text = readFileSync(packagedFile('package.json'), 'utf8');
  const content: unknown = JSON.parse(text);
  if (typeof content === 'object' && content !== null && 'version' in content) return String(content.version);
  throw new TypeError('package.json has no version');
}

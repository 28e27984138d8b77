import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Work with files in a folder of its own, which is gone afterwards. `write` gives the path of what it wrote. */
export function inScratch<Result>(work: (write: (name: string, text: string) => string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
  try {
    return work((name, text) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

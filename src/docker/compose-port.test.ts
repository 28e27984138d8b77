import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SourceFile } from '../source/index.ts';
import { readDocker } from './read.ts';

/** The machine's port as it was written, where it can be told apart. */
function hostOf(port: string): string | undefined {
  const text = `services:\n  a:\n    image: i\n    ports: [${port}]\n`;
  const { facts, diagnostics } = readDocker([new SourceFile('compose.yml', text)]);
  const written = facts?.containers[0]?.published[0]?.written;
  assert.ok(written !== undefined, diagnostics[0]?.message);
  return written.host;
}

describe('the machine’s port of a Compose file, with its variable', () => {
  const cases: readonly (readonly [port: string, host: string | undefined])[] = [
    ['"8080:80"', '8080'],
    ['"80"', undefined],
    ['"127.0.0.1::80"', ''],
    ['"[::1]:8080:80/udp"', '8080'],
    ['"::1:8080:80"', '8080'],
    ['"${PORT:-8080}:80"', '${PORT:-8080}'],
    ['"${PORT-8080}:${PORT-8080}"', '${PORT-8080}'],
    ['"$PORT:80"', '$PORT'],
    ['"${ADDRESS:-127.0.0.1}:${PORT:-8080}:80"', '${PORT:-8080}'],
    ['"${WHERE:-127.0.0.1:8080}:80"', undefined],
    ['"${ALL:-127.0.0.1:8080:80}"', undefined],
    ['"${FIRST:-80}${SECOND:-80}:80"', undefined],
    ['{ target: 80, published: "${PORT:-8080}" }', '${PORT:-8080}'],
    ['{ target: 80, published: "8080-8090" }', '8080-8090'],
    ['{ target: 80 }', undefined],
  ];
  for (const [port, host] of cases) test(port, () => assert.equal(hostOf(port), host));
});

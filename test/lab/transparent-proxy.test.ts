import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { findProgram, isolationArguments, run } from '../../src/host/index.ts';
import { isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const missing = ['curl', 'openssl'].filter((program) => findProgram(program) === undefined);
const skip =
  'skip' in found
    ? found.skip
    : missing.length > 0 && `SKIPPED: ${missing.join(' and ')} not installed; apt-get install ${missing.join(' ')}`;

interface Told {
  readonly missing?: string;
  readonly outcomes: Readonly<Record<string, string>>;
  readonly records: readonly {
    readonly host: string;
    readonly verdict: string;
    readonly reason?: string;
    readonly address?: string;
  }[];
}

describe('what the kernel redirects to the proxy, with a curl that chooses the address itself', { skip }, () => {
  let told: Told;
  before(async () => {
    const isolation = 'skip' in found ? assert.fail(found.skip) : found.isolation;
    const inside = [process.execPath, join(import.meta.dirname, 'transparent-proxy-main.ts')];
    const done = await run('unshare', [...isolationArguments(isolation, 0), ...inside], { timeoutMs: 60_000 });
    assert.equal(done.exitCode, 0, done.stderr);
    told = JSON.parse(done.stdout);
  });

  const expected: readonly (readonly [string, string, RegExp])[] = [
    ['T1: an allowed name at the address of an attacker, IPv4', 'allowed4', /^0 the real one \/a$/],
    ['T1: the same, IPv6', 'allowed6', /^0 the real one \/a$/],
    ['T1: plain HTTP, IPv4', 'plain4', /^0 the real one \/b$/],
    ['T1: plain HTTP, IPv6', 'plain6', /^0 the real one \/b$/],
    ['T2: an unlisted name', 'unlisted', /^35 .*(?:alert access denied|access denied)/i],
    ['T2: an unlisted name, plain HTTP', 'unlistedPlain', /^0 \{[\s\S]*"unlisted-name"/],
    ['T3: no name, but an address', 'address', /^35 /],
    ['T9: something that waits for the server, where no flow leads', 'ssh', /^(?!0 \S)/],
    ['an address that a flow leads to by itself', 'granted', /^\d+ SSH-2\.0-granted/],
    ['who connects to the listener itself', 'direct', /^35 /],
  ];
  for (const [what, name, fits] of expected) {
    test(what, (context) => {
      if (told.missing !== undefined) return context.skip(`SKIPPED: ${told.missing}`);
      assert.match(told.outcomes[name] ?? '', fits);
    });
  }

  test('each is recorded with where the gateway went', (context) => {
    if (told.missing !== undefined) return context.skip(`SKIPPED: ${told.missing}`);
    const allowed = told.records
      .filter(({ verdict }) => verdict === 'allow')
      .map(({ host, address }) => `${host} ${address}`);
    assert.deepEqual(allowed.toSorted(), [
      '203.0.113.77 203.0.113.77',
      ...Array.from({ length: 4 }, () => 'site.example 127.0.0.5'),
    ]);
  });
});

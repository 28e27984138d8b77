import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findProgram, hostCapabilities } from '../../src/host/index.ts';
import type { Told, Verdict } from './attempt.ts';
import { BROWSER } from './browser.ts';
import { run } from './commands.ts';

/**
 * The gateway as it is used, attacked by the programs that agents use: the policy in the kernel, `portcullis gateway run`, clients under
 * the agents' accounts, a world outside with a resolver and servers. What each row of the attack matrix came to is told in a table:
 * `npm test -- test/gateway/attacks.test.ts`.
 */
const { isolation } = await hostCapabilities();
const PROGRAMS = [
  'conntrack',
  'curl',
  'dig',
  'ip',
  'nc',
  'nft',
  'openssl',
  'ping',
  'prlimit',
  'script',
  'setpriv',
  'ss',
];
const hasBrowser = findProgram(BROWSER) !== undefined;
const missing = [...PROGRAMS, 'unshare'].filter((program) => findProgram(program) === undefined);
const skip =
  isolation !== 'root'
    ? 'SKIPPED, nothing was attacked: it takes root to play agents, a gateway and the world; run it as root'
    : missing.length > 0
      ? `SKIPPED, nothing was attacked: ${missing.join(', ')} missing; \`npm test\` as root installs them`
      : false;

const WORLD = join(import.meta.dirname, 'world-main.ts');
const ISOLATED = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];

/** The rows of the attack matrix: names (D), TLS (T), proxies (P), the kernel and survival (K). T8 and T10 are none of a gateway's. */
const ROWS = [
  ...numbered('D', 15),
  ...numbered('T', 11).filter((row) => row !== 'T8' && row !== 'T10'),
  ...numbered('P', 9),
  ...numbered('K', 11),
];
/** Those of which something is let through, and the documents say so; of all others everything is denied. */
const WITH_RESIDUALS = ['D6', 'K10', 'K2', 'K4', 'T7'];

test('every way round the gateway is closed, and what is allowed works', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  chmodSync(folder, 0o755); // agents read the certificate, the gateway the policy
  try {
    const { code, out, err } = await run('unshare', [...ISOLATED, process.execPath, WORLD, folder]);
    const told: readonly Told[] = out.split('\n').flatMap((line) => (line.startsWith('{') ? JSON.parse(line) : []));
    for (const { rows, what, came, verdict, holds } of told)
      t.diagnostic(`${rows.join(', ').padEnd(15)} ${verdictText(verdict, holds).padEnd(8)} ${what}: ${came}`);
    assert.deepEqual(
      told.filter(({ holds }) => !holds),
      [],
      err,
    );
    assert.equal(code, 0, err);
    const noBrowser = `SKIPPED, no browser was tried: ${BROWSER} is missing; \`npm test\` as root installs it`;
    await t.test('a real browser is among the clients', { skip: hasBrowser ? false : noBrowser }, () => {
      assert.equal(told.filter(({ what }) => what.startsWith('a browser')).length, 2);
    });
    const tried = new Set(told.flatMap(({ rows }) => rows));
    assert.deepEqual([...tried].toSorted(), ROWS.toSorted(), 'each row is tried, and nothing that is none');
    const residual = told.flatMap(({ rows, verdict }) => (typeof verdict === 'string' ? [] : { rows, ...verdict }));
    assert.deepEqual([...new Set(residual.flatMap(({ rows }) => rows))].toSorted(), WITH_RESIDUALS);
    for (const { residual: documented } of residual) {
      const [path = '', heading = ''] = documented.split('#');
      assert.ok(isHeading(path, heading), `${documented} is no heading of the documents`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function numbered(letter: string, last: number): string[] {
  return Array.from({ length: last }, (_, at) => `${letter}${at + 1}`);
}

/** Whether a page of the documents has a heading that is linked to so. */
function isHeading(path: string, anchor: string): boolean {
  const page = readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
  const headings = page.split('\n').filter((line) => line.startsWith('#'));
  return headings.some((line) => line.replace(/^#+ /, '').toLowerCase().replaceAll(' ', '-') === anchor);
}

function verdictText(verdict: Verdict, holds: boolean): string {
  if (!holds) return 'WRONG';
  return typeof verdict === 'string' ? verdict : 'RESIDUAL';
}

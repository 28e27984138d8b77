import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findProgram, hostCapabilities } from '../../src/host/index.ts';
import { run } from './commands.ts';

/**
 * The gateway as it is used, attacked by the programs that agents use: the policy in the kernel, `portcullis gateway run`, curl as the
 * agent, a world outside with a resolver and servers. What each row of the attack matrix came to is told.
 */
const { isolation } = await hostCapabilities();
const missing = ['curl', 'openssl', 'nft', 'ip', 'setpriv', 'unshare'].filter(
  (program) => findProgram(program) === undefined,
);
const skip =
  isolation !== 'root'
    ? 'SKIPPED, nothing was attacked: it takes root to play an agent, a gateway and the world; run it as root'
    : missing.length > 0
      ? `SKIPPED, nothing was attacked: ${missing.join(', ')} missing; \`npm test\` as root installs them`
      : false;

/** By row and attempt: what must come of it. */
const MUST: Readonly<Record<string, RegExp>> = {
  'K7 the gateway is started, and the kernel does not enforce the policy': /^exit 3: G0004$/,
  '- an allowed name through the proxy, plain': /^http allowed\.example \/$/,
  '- an allowed name through the proxy, TLS': /^https allowed\.example allowed\.example$/,
  '- an allowed name through SOCKS': /^https allowed\.example allowed\.example$/,
  'K3 no proxy configured: an allowed name, TLS, IPv4': /^https allowed\.example allowed\.example$/,
  'K3 no proxy configured: an allowed name, TLS, IPv6': /^https allowed\.example allowed\.example$/,
  'K3 no proxy configured: an allowed name, plain': /^http allowed\.example \/$/,
  'D1 an unlisted name is looked up': /^curl 6$/, // could not resolve
  'D7 CONNECT to an unlisted name': /^unlisted-name$/,
  'D1, D7 the resolver outside was asked for it': /^false$/,
  'D12 a name that stands for loopback and private addresses': /^(own|special)-address$/,
  'D12 a name that stands for the metadata address': /^special-address$/,
  'D12 a name that stands for this machine': /^own-address$/,
  'T1 an allowed name at an attacker’s address': /^https allowed\.example allowed\.example$/, // at its own address: see the last row
  'T2 an unlisted name at an allowed address': /^curl (35|56|52)$/,
  'T3 no name at all': /^curl (35|56|52)$/,
  'K1 straight to an address, another port, IPv4': /^curl 7$/,
  'K1 straight to an address, another port, IPv6': /^curl 7$/,
  'K4 the metadata address': /^(unlisted-address|curl (7|52|56))$/,
  'K4 the metadata address through the proxy': /^unlisted-address$/,
  'K4 the socket of the gateway’s operators': /^curl 7$/,
  'P2 loopback in other clothes': /^bad-(host|request)$/,
  'P7 CONNECT to port 25 of an allowed name': /^curl 56$/,
  '- what was refused, when an operator has approved it': /^https evil\.example evil\.example$/,
  'K8 the same when the approval is over': /^unlisted-name$/,
  'K8 what was open then': /^true$/,
  '- what must not work is tried as the agent': /^exit 0: 0 of 43$/,
  '- the same where the kernel enforces nothing':
    /^exit 1: [1-9]\d* of 43 attempts got out: the agent can go around the gateway$/,
  'K8 a narrower policy is read': /^the policy was read again$/,
  'K8 a name that it no longer has': /^unlisted-name$/,
  '- and when it has it again': /^https allowed\.example allowed\.example$/,
  'K6 the gateway is killed: the proxy': /^curl 7$/,
  'K6 the gateway is killed: without a proxy': /^curl 7$/,
  'K6 and when it runs again': /^https allowed\.example allowed\.example$/,
  '- it is told to end': /^exit 0$/,
  'T1 addresses that were ever connected to for the allowed name':
    /^(2606:2800:220:1::1|93\.184\.216\.34)( 93\.184\.216\.34)?$/,
};

interface Told {
  readonly row: string;
  readonly what: string;
  readonly came: string;
}

test('every way round the gateway is closed, and what is allowed works', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  chmodSync(folder, 0o755); // the agent reads the certificate, the gateway the policy
  try {
    const world = join(import.meta.dirname, 'world-main.ts');
    const isolated = [
      '--net',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      '--propagation',
      'private',
    ];
    const { code, out, err } = await run('unshare', [...isolated, process.execPath, world, folder]);
    const told: readonly Told[] = out.split('\n').flatMap((line) => (line.startsWith('{') ? JSON.parse(line) : []));
    for (const { row, what, came } of told) t.diagnostic(`${row.padEnd(7)} ${what}: ${came}`);
    const wrong = told.filter(({ row, what, came }) => !MUST[`${row} ${what}`]?.test(came));
    assert.deepEqual(wrong, [], err);
    assert.deepEqual(
      Object.keys(MUST).filter((name) => !told.some(({ row, what }) => `${row} ${what}` === name)),
      [],
      err,
    );
    assert.equal(code, 0, err);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

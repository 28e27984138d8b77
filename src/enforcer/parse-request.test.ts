import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRequest } from './parse-request.ts';
import type { Request } from './protocol.ts';
import { Refusal } from './refusal.ts';

const HASH = 'ab'.repeat(32);
const BY = { name: 'alice', session: '203.0.113.9 50000 192.0.2.1 2222', startedAt: 12.5 };
const META = { by: BY, at: '2026-11-25T20:00:00Z', policyHash: HASH, summary: 'more' };
const STEP = { v4: '', v6: '', hooked: true };
const TEXTS = { mechanism: 'nftables', begin: '', confirm: '', revert: '' } as const;

const GOOD: readonly Request[] = [
  { kind: 'snapshot', callerPid: 1, connections: true },
  { kind: 'begin', meta: META, terse: HASH, texts: TEXTS, keep: 5 },
  {
    kind: 'begin',
    meta: META,
    terse: HASH,
    texts: TEXTS,
    keep: 5,
    trialSeconds: 60,
    persist: { mechanism: 'nftables', ruleset: '', lockdown: '', policy: '{}', others: '' },
  },
  {
    kind: 'begin',
    meta: META,
    terse: HASH,
    texts: { mechanism: 'iptables', heldBy: 'kernel', begin: STEP, confirm: STEP, revert: STEP },
    keep: 5,
    persist: { mechanism: 'iptables', ruleset: { v4: '', v6: '' }, lockdown: { v4: '', v6: '' }, policy: '{}' },
  },
  { kind: 'confirm', by: BY, sameSession: false },
  { kind: 'revert', by: { name: 'root' } },
  { kind: 'recall', number: 3 },
  {
    kind: 'cut',
    by: BY,
    connections: [
      {
        family: 6,
        protocol: 6,
        src: '2001:db8::1',
        sport: 1,
        dst: '::1',
        dport: 2,
        hook: 'input',
        tracked: true,
        uid: 0,
      },
    ],
  },
  { kind: 'note', event: 'drill', by: BY, outcome: 'good', details: { seconds: 3, real: true, text: 'x' } },
];

test('every request is taken as it is', () => {
  for (const request of GOOD) assert.deepEqual(parseRequest(JSON.stringify(request)), request);
});

function problemOf(text: string): string {
  try {
    parseRequest(text);
  } catch (error) {
    assert.ok(error instanceof Refusal);
    assert.equal(error.problem.kind, 'unusable');
    return error.problem.message;
  }
  throw new assert.AssertionError({ message: `it was taken: ${text}` });
}

test('what is wrong is told, all of it', () => {
  const cases: readonly (readonly [text: string, ...said: RegExp[]])[] = [
    ['', /it is no JSON/],
    ['{"kind":"reboot"}', /kind must be one of snapshot, state, begin/],
    ['[]', /kind must be one of/],
    ['{"kind":"__proto__"}', /kind must be one of/],
    ['{"kind":"recall","number":0}', /recall\.number must be a whole number from 1/],
    ['{"kind":"recall","number":1,"path":"/etc"}', /recall\.path is not known/],
    [
      '{"kind":"confirm","by":{"name":1,"session":2}}',
      /by\.name must be/,
      /by\.session must be/,
      /sameSession must be given/,
    ],
    ['{"kind":"cut","by":{"name":"a"},"connections":[{"src":"-D"}]}', /connections\[0\]\.src must be an address/],
    ['{"kind":"snapshot","callerPid":1e99,"connections":1}', /callerPid must be/, /connections must be/],
  ];
  for (const [text, ...said] of cases) {
    const message = problemOf(text);
    for (const pattern of said) assert.match(message, pattern);
  }
});

test('a request with any part of it replaced is taken as it stands or refused, and never breaks', () => {
  const spoilt = fc
    .constantFrom(...GOOD)
    .chain((request) =>
      fc
        .tuple(fc.constantFrom(...Object.keys(request)), fc.constantFrom(undefined, null, [], {}, -1, 1e308, 'x'))
        .map(([key, value]) => JSON.stringify({ ...request, [key]: value })),
    );
  let refused = 0;
  fc.assert(
    fc.property(spoilt, (text) => {
      try {
        assert.deepEqual(parseRequest(text), JSON.parse(text));
      } catch (error) {
        assert.ok(error instanceof Refusal && error.problem.kind === 'unusable', String(error));
        refused++;
      }
    }),
    { numRuns: 1_000 },
  );
  assert.ok(refused > 500, `only ${refused} were refused`);
});

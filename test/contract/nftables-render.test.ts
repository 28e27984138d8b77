import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Intent } from '../../src/ir/index.ts';
import { nftablesTarget } from '../../src/target/nftables/index.ts';
import { renderProven } from '../../src/verify/index.ts';
import {
  AGENT_HOST,
  account,
  CONTAINERS,
  EVERYTHING,
  flow,
  intent,
  machines,
  NOTHING,
  named,
  ROUTER,
  tcp,
} from './intents.ts';

/** What we write, as files that a person can read: `UPDATE_GOLDEN=1` writes them anew, and the change is reviewed. */
const GOLDEN: readonly (readonly [string, Intent])[] = [
  ['nothing', NOTHING],
  ['router', ROUTER],
  ['containers', CONTAINERS],
  ['agent-host', AGENT_HOST],
  ['everything', EVERYTHING],
];

describe('what is written for nftables', () => {
  for (const [name, policy] of GOLDEN) {
    test(name, () => {
      const { artifacts, proof } = renderProven(nftablesTarget, policy);
      assert.deepEqual(proof.diagnostics, []);
      const told = proof.approximations.map(({ approximation: { effect, sentence } }) => `# ${effect}: ${sentence}\n`);
      const text = `${told.join('')}${artifacts?.[0]?.text}`;
      const file = new URL(`golden/nftables-${name}.nft`, import.meta.url);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
      assert.equal(text, readFileSync(file, 'utf8'));
    });
  }
});

describe('what cannot be written is said, all of it, and nothing is printed', () => {
  test('unknown accounts, names that nft has no words for', () => {
    const policy = intent(
      [
        flow('a', account(4_294_900_000), machines('192.0.2.1'), tcp(443)),
        flow('b', machines('192.0.2.1'), account(4_294_900_000), tcp(443)),
        flow('quoted"name', account(1), machines('192.0.2.1'), tcp(443)),
        flow('x'.repeat(120), account(1), machines('192.0.2.1'), tcp(443)),
        flow('c', account(1), named(`zone-${'é'.repeat(100)}`), tcp(443)),
        flow(
          'd',
          account(1),
          { kind: 'remote', ranges: [], interfaces: [{ name: 'very-long-interface', wildcard: false }] },
          tcp(443),
        ),
      ],
      { unknownAccounts: new Map([[4_294_900_000, 'openclaw']]) },
    );
    const { artifacts, proof } = renderProven(nftablesTarget, policy);
    assert.equal(artifacts, undefined);
    assert.deepEqual(
      proof.diagnostics.map(({ code, message }) => `${code} ${message}`.replace(/[xé/a-f0-9]{40,}/g, '...')),
      [
        'N0101 flow `a` needs the account `openclaw`, which this machine does not have',
        'N0102 the flow `quoted"name` cannot be written in nft\'s language',
        "N0102 the flow `...` cannot be written in nft's language",
        "N0102 the zone `zone-...` cannot be written in nft's language",
        "N0102 the interface `very-long-interface` cannot be written in nft's language",
      ],
    );
  });

  test('a flow from names is a warning: nothing is let in, as the policy means it', () => {
    const policy = intent([flow('from-names', named('backend'), account(1000), tcp(22))]);
    const { artifacts, proof } = renderProven(nftablesTarget, policy);
    assert.ok(artifacts !== undefined);
    assert.deepEqual(
      proof.diagnostics.map(({ code, severity }) => `${code} ${severity}`),
      ['N0104 warning'],
    );
  });
});

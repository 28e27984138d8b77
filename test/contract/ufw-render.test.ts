import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Intent } from '../../src/ir/index.ts';
import { ufwTarget } from '../../src/target/ufw/index.ts';
import { renderProven } from '../../src/verify/index.ts';
import { AGENT_HOST, account, EVERYTHING, flow, intent, machines, tcp } from './intents.ts';

/** What we write, as files that a person can read: `UPDATE_GOLDEN=1` writes them anew, and the change is reviewed. */
const GOLDEN: readonly (readonly [string, Intent])[] = [
  ['agent-host', AGENT_HOST],
  ['everything', EVERYTHING],
];

describe('what is written for ufw', () => {
  for (const [name, policy] of GOLDEN) {
    test(name, () => {
      const { artifacts, proof } = renderProven(ufwTarget, policy);
      const told = proof.approximations.map(({ approximation: { effect, sentence } }) => `# ${effect}: ${sentence}\n`);
      const shown = artifacts?.filter((artifact) => /commands|before|default|user6?\.rules/.test(artifact.name)) ?? [];
      const text = `${told.join('')}${shown.map((each) => `\n# ==> ${each.name} <==\n${each.text}`).join('')}`;
      const file = new URL(`golden/ufw-${name}.txt`, import.meta.url);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
      assert.equal(text, readFileSync(file, 'utf8'));
    });
  }
});

describe('what cannot be written is said, all of it, and nothing is printed', () => {
  test('unknown accounts, names that ufw has no words for', () => {
    const through = (name: string) =>
      ({ kind: 'remote', ranges: [], interfaces: [{ name, wildcard: false }] }) as const;
    const policy = intent(
      [
        flow('a', account(4_294_900_000), machines('192.0.2.1'), tcp(443)),
        flow("it's", account(1), machines('192.0.2.1'), tcp(443)),
        flow('b', account(1), through('eth0+'), tcp(443)),
        flow('c', account(1), through('eth0:1'), tcp(443)),
      ],
      { unknownAccounts: new Map([[4_294_900_000, 'openclaw']]) },
    );
    const { artifacts, proof } = renderProven(ufwTarget, policy);
    assert.equal(artifacts, undefined);
    assert.deepEqual(
      proof.diagnostics.map(({ code, message }) => `${code} ${message}`),
      [
        'N0321 flow `a` needs the account `openclaw`, which this machine does not have',
        "N0425 the flow `it's` cannot be written for ufw",
        'N0425 the interface `eth0+` cannot be written for ufw',
        'N0425 the interface `eth0:1` cannot be written for ufw',
      ],
    );
  });
});

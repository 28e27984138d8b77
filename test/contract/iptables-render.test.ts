import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Intent } from '../../src/ir/index.ts';
import { iptablesIpsetTarget, iptablesTarget } from '../../src/target/iptables/index.ts';
import { hooksFile, IPSET_FILE, rulesFile } from '../../src/target/iptables/print.ts';
import { renderProven } from '../../src/verify/index.ts';
import {
  AGENT_HOST,
  account,
  EVERYTHING,
  everyProcess,
  flow,
  intent,
  machines,
  NOTHING,
  named,
  ROUTER,
  tcp,
} from './intents.ts';

/** Enough for chains by port and by address, and for a set. */
const MANY = intent([
  ...Array.from({ length: 60 }, (_, at) =>
    flow(`flow-${at}`, everyProcess, machines(`10.0.${at}.7`), tcp(at < 40 ? 443 : 444 + at)),
  ),
  flow('listed', everyProcess, machines(...Array.from({ length: 12 }, (_, at) => `192.0.2.${at * 2}`)), tcp(22)),
]);

/** What we write, as files that a person can read: `UPDATE_GOLDEN=1` writes them anew, and the change is reviewed. */
const GOLDEN: readonly (readonly [string, Intent])[] = [
  ['nothing', NOTHING],
  ['router', ROUTER],
  ['agent-host', AGENT_HOST],
  ['everything', EVERYTHING],
  ['many', MANY],
];

for (const target of [iptablesTarget, iptablesIpsetTarget]) {
  describe(`what is written for ${target.name}`, () => {
    for (const [name, policy] of GOLDEN) {
      test(name, () => {
        const { artifacts, proof } = renderProven(target, policy);
        assert.deepEqual(proof.diagnostics, []);
        const told = proof.approximations.map(
          ({ approximation: { effect, sentence } }) => `# ${effect}: ${sentence}\n`,
        );
        const files = artifacts?.map(({ name: file, text }) => `\n# ${file}\n${text}`) ?? [];
        const text = [...told, ...files].join('');
        const golden = new URL(`golden/${target.name}-${name}.rules`, import.meta.url);
        if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, text);
        assert.equal(text, readFileSync(golden, 'utf8'));
      });
    }
  });
}

test('the files, in the order in which they are loaded', () => {
  const names = renderProven(iptablesIpsetTarget, AGENT_HOST).artifacts?.map(({ name }) => name);
  assert.deepEqual(names, [
    IPSET_FILE,
    ...([4, 6] as const).flatMap((family) => [rulesFile(family), hooksFile(family)]),
  ]);
});

describe('what cannot be written is said, all of it, and nothing is printed', () => {
  const policy = intent(
    [
      flow('a', account(4_294_900_000), machines('192.0.2.1'), tcp(443)),
      flow('b', machines('192.0.2.1'), account(4_294_900_000), tcp(443)),
      flow('x'.repeat(256), account(1), machines('192.0.2.1'), tcp(443)),
      flow('two\nlines', account(1), machines('192.0.2.1'), tcp(443)),
      flow('below/proc', machines('192.0.2.1'), everyProcess, tcp(443), {
        rate: { count: 1, per: 'second', perSource: true },
      }),
      flow('fast', machines('192.0.2.1'), everyProcess, tcp(443), {
        rate: { count: 1_000_001, per: 'second', perSource: false },
      }),
      flow('c', account(1), named('é'.repeat(130)), tcp(443)),
      flow('d', account(1), { kind: 'remote', ranges: [], interfaces: [{ name: 'odd+', wildcard: false }] }, tcp(443)),
    ],
    { unknownAccounts: new Map([[4_294_900_000, 'openclaw']]) },
  );

  test('unknown accounts, names and rates that iptables has no words for', () => {
    const { artifacts, proof } = renderProven(iptablesIpsetTarget, policy);
    assert.equal(artifacts, undefined);
    assert.deepEqual(
      proof.diagnostics.map(({ code, message }) =>
        `${code} ${message}`.replace(/x{40,}/g, '...').replace(/é{40,}/g, '---'),
      ),
      [
        'N0321 flow `a` needs the account `openclaw`, which this machine does not have',
        "N0322 the flow `...` cannot be written in iptables' language",
        "N0322 the flow `two\nlines` cannot be written in iptables' language",
        "N0322 the flow `below/proc` cannot be written in iptables' language",
        'N0323 `fast` asks for more than a million packets a second, which no rule of iptables can say',
        "N0322 the zone `---` cannot be written in iptables' language",
        "N0322 the interface `odd+` cannot be written in iptables' language",
      ],
    );
  });

  test('a zone whose name cannot be a set’s is told by a comment', () => {
    const names = intent([flow('mail', everyProcess, named('*.mail.example.com'), tcp(25))]);
    const { artifacts, proof } = renderProven(iptablesIpsetTarget, names);
    assert.ok(proof.holds);
    const text = artifacts?.map((each) => each.text).join('') ?? '';
    assert.match(text, /--match-set pcn4-%[0-9a-f]{16} dst -m comment --comment names:\*\.mail\.example\.com /);
    assert.match(text, /^create pcn6-%[0-9a-f]{16} hash:ip family inet6 /m);
  });

  test('without sets a zone of names may be called anything', () => {
    const { proof } = renderProven(iptablesTarget, policy);
    assert.ok(!proof.diagnostics.some(({ message }) => message.includes('zone')));
  });

  test('too many sources with too many destinations', () => {
    const apart = (first: number): ReturnType<typeof machines> =>
      machines(...Array.from({ length: 400 }, (_, at) => `${first}.${at >> 6}.${at & 63}.7`));
    const wide = intent([flow('wide', apart(10), apart(11), tcp(443))]);
    assert.deepEqual(
      renderProven(iptablesTarget, wide).proof.diagnostics.map(({ code, message }) => `${code} ${message}`),
      ['N0325 flow `wide` would be 160000 rules: each source with each destination is one'],
    );
    assert.ok(renderProven(iptablesIpsetTarget, wide).proof.holds);
  });

  test('a flow from names is a warning: nothing is let in, as the policy means it', () => {
    const from = intent([flow('from-names', named('backend'), account(1000), tcp(22))]);
    const { artifacts, proof } = renderProven(iptablesTarget, from);
    assert.ok(artifacts !== undefined);
    assert.deepEqual(
      proof.diagnostics.map(({ code, severity }) => `${code} ${severity}`),
      ['N0324 warning'],
    );
  });
});

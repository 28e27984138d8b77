import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { audit, type Finding } from '../../src/analysis/index.ts';
import { type Flow, formatRate, type Intent, type Ruleset, symbolKey } from '../../src/ir/index.ts';
import type { Family } from '../../src/net/index.ts';
import { evaluate, intentRuleset } from '../../src/semantics/index.ts';
import { rulesetArbitrary } from './arbitraries.ts';
import { intentArbitrary } from './nftables-intents.ts';

const rest = { opaque: [], today: '2026-11-25', serviceName: () => undefined };

describe('an audit', () => {
  test('of any ruleset shows only packets that fare as it says', () => {
    fc.assert(
      fc.property(rulesetArbitrary, (ruleset) => {
        for (const { witness, code, message } of audit({ ...rest, ruleset })) {
          assert.ok(message.length > 0);
          if (witness !== undefined) assert.equal(evaluate(ruleset, witness.flow).verdict, witness.verdict, code);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('calls a port open to the world exactly where most strangers get in, asked one by one', () => {
    fc.assert(
      fc.property(intentArbitrary, (policy) => {
        const ruleset = intentRuleset(policy);
        const findings = audit({ ...rest, ruleset, policy });
        for (const family of [4, 6] as const) {
          const isOpen = (port: number): boolean => getsIn(ruleset, policy, family, port);
          if (saysWide(findings, family)) {
            // Half of all ports, so some of those that are spread over them; none in particular.
            assert.ok(SPREAD.some(isOpen), `IPv${family}`);
            continue;
          }
          for (const port of [22, 443, 444, 65_535])
            assert.equal(saysOpen(findings, family, port), isOpen(port), `IPv${family} ${port}`);
        }
      }),
      { numRuns: 40 },
    );
  });
});

const SPREAD = Array.from({ length: 16 }, (_, index) => 4_096 * index + 1_000);

/** Whether most strangers get in, through some interface of the wire and to some receiver. */
function getsIn(ruleset: Ruleset, policy: Intent, family: Family, port: number): boolean {
  const passing = STRANGERS[family].filter((stranger) =>
    WIRES.some((wire) =>
      RECEIVERS.some((account) => {
        const flow = knock(policy, family, stranger, wire, port);
        return evaluate(ruleset, account === undefined ? flow : { ...flow, dstAccount: account }).verdict === 'accept';
      }),
    ),
  );
  return passing.length * 2 > STRANGERS[family].length;
}

/** Addresses spread evenly over those that machines have on the internet. */
const STRANGERS: Readonly<Record<Family, readonly bigint[]>> = {
  4: Array.from({ length: 59 }, (_, index) => BigInt(index + 1) * 0x0370_0000n + 0x0101_0101n),
  6: Array.from({ length: 59 }, (_, index) => (0x2000n << 112n) + (BigInt(index) << 119n) + 7n),
};
const WIRES = ['eth', 'lo9', 'eth0', 'eth9', 'wan0']; // with each name that a policy of these laws knows
const RECEIVERS = [undefined, 0, 20, 33, 500, 1000, 70_000, 4_294_967_294]; // a policy may say whose service it is

function knock({ grants }: Intent, family: Family, stranger: bigint, wire: string, port: number): Flow {
  const rates = grants.flatMap(({ name, rate }) =>
    rate === undefined ? [] : [symbolKey({ kind: 'within-rate', flow: name, limit: formatRate(rate) })],
  );
  return {
    hook: 'input',
    family,
    src: { family, value: stranger },
    dst: { family, value: family === 4 ? 0xc000_0205n : (0x2001_0db8n << 96n) + 5n },
    protocol: 6,
    sport: 40_000,
    dport: port,
    tcpFlags: 2,
    state: 'new',
    inInterface: wire,
    srcType: 'unicast',
    dstType: 'local',
    symbols: new Set(rates),
  };
}

function saysOpen(findings: readonly Finding[], family: Family, port: number): boolean {
  return findings.some(({ code, subject, message }) => {
    if (!speaksOf(message, family)) return false;
    const [, first, last] = /^tcp\/(\d+)(?:-(\d+))?$/.exec(subject) ?? [];
    return /^A100[2-5]$/.test(code) && first !== undefined && Number(first) <= port && port <= Number(last ?? first);
  });
}

function saysWide(findings: readonly Finding[], family: Family): boolean {
  return findings.some(
    ({ code, subject, message }) => code === 'A1001' && subject.startsWith('tcp') && speaksOf(message, family),
  );
}

function speaksOf(message: string, family: Family): boolean {
  const only = / over IPv([46])/.exec(message)?.[1];
  return only === undefined || only === String(family);
}

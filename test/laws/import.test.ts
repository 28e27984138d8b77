import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { loadCatalog } from '../../src/catalog/index.ts';
import { type ImportProof, proveImport } from '../../src/cli/import/proof.ts';
import { type Imported, importPolicy } from '../../src/import/index.ts';
import type { Intent, NameGroup, Peer, Ruleset } from '../../src/ir/index.ts';
import { loadPolicyText } from '../../src/policy/index.ts';
import { resolvePolicy } from '../../src/resolve/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { TARGETS } from '../../src/target/index.ts';
import { renderProven } from '../../src/verify/index.ts';
import { AGENT_HOST, EVERYTHING, NOTHING, ROUTER } from '../contract/intents.ts';
import { intentArbitrary } from './nftables-intents.ts';

const catalog = loadCatalog();
const ACCOUNTS = ['openclaw', 'systemd-resolve', 'systemd-timesync', '_apt', 'claw', 'squid', 'unbound', 'chrony'];
const context = {
  accounts: new Map([['root', 0], ...ACCOUNTS.map((name, index) => [name, 900 + index] as const)]),
  catalog,
  today: '2026-11-22',
};

interface RoundTrip {
  readonly imported: Imported;
  readonly proof: ImportProof;
}

/** Imports a ruleset and compares the policy, read from its text, with it. */
function imported(ruleset: Ruleset, groups: readonly NameGroup[]): RoundTrip {
  const result = importPolicy({
    ruleset,
    source: 'rules',
    name: 'imported',
    accounts: new Map(),
    services: new Map(catalog.serviceNames().map((name) => [name, catalog.service(name) ?? []])),
    groups,
  });
  const { policy, diagnostics } = loadPolicyText(new SourceFile('p.yaml', result.text), () => ({ reason: 'none' }));
  assert.ok(policy);
  const resolved = resolvePolicy(policy, context);
  const errors = [...diagnostics, ...resolved.diagnostics].filter(({ severity }) => severity === 'error');
  assert.deepEqual(errors, [], result.text);
  assert.ok(resolved.intent);
  return { imported: result, proof: proveImport(result.comparable, resolved.intent) };
}

function fromNft(text: string): RoundTrip {
  const { ast, diagnostics } = TARGETS.nftables.parse([new SourceFile('rules.nft', text)]);
  assert.deepEqual(diagnostics, []);
  assert.ok(ast);
  return imported(TARGETS.nftables.lift(ast).ruleset, []);
}

/** policy -> nftables -> policy */
function roundTrip(intent: Intent): RoundTrip {
  const { artifacts, proof } = renderProven(TARGETS.nftables, intent);
  assert.ok(artifacts !== undefined, JSON.stringify(proof.diagnostics.map(({ message }) => message)));
  const { ast } = TARGETS.nftables.parse(artifacts.map(({ name, text }) => new SourceFile(name, text)));
  assert.ok(ast);
  return imported(TARGETS.nftables.lift(ast).ruleset, intent.groups);
}

describe('a policy, rendered and imported again, lets the same packets through', () => {
  for (const [name, intent] of Object.entries({ AGENT_HOST, EVERYTHING, ROUTER, NOTHING })) {
    test(name, () => {
      const { imported: result, proof } = roundTrip(intent);
      assert.ok(proof.equal, `${proof.wider.outline}\n${proof.narrower.outline}\n${result.text}`);
      assert.deepEqual(result.leftOut, []);
    });
  }

  for (const name of ['openclaw-prod', 'vps-agent', 'home-server']) {
    test(`examples/${name}.yaml`, () => {
      const file = new URL(`../../examples/${name}.yaml`, import.meta.url);
      const { policy } = loadPolicyText(new SourceFile(name, readFileSync(file, 'utf8')), () => ({ reason: 'none' }));
      const { intent } = resolvePolicy(policy!, context);
      const { imported: result, proof } = roundTrip(intent!);
      assert.ok(proof.equal, `${proof.wider.outline}\n${proof.narrower.outline}\n${result.text}`);
    });
  }

  test('of ICMP echo replies between programs of this machine, without an open loopback', () => {
    const local: Peer = { kind: 'local' };
    const intent: Intent = {
      ...NOTHING,
      baseline: [],
      grants: [
        {
          name: 'f0',
          from: [local],
          to: [local, { kind: 'remote', ranges: [] }],
          services: [{ protocol: 1, icmp: { type: 0 } }],
          required: false,
          origin: {},
        },
      ],
    };
    const { imported: result, proof } = roundTrip(intent);
    assert.ok(proof.equal, `${proof.wider.outline}\n${proof.narrower.outline}\n${result.text}`);
  });

  test('whatever the policy: never wider, and narrower only by what it says it left out', () => {
    fc.assert(
      fc.property(intentArbitrary, (intent) => {
        const { imported: result, proof } = roundTrip(intent);
        if (result.lostLimits.length > 0) return; // told by name; the flows are wider beyond the limit
        assert.deepEqual(proof.wider.outline, [], result.text);
        if (result.leftOut.length === 0) assert.ok(proof.equal, `${proof.narrower.outline}\n${result.text}`);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a firewall that somebody wrote', () => {
  test('of two thousand rules that overlap, refuse and accept, is imported exactly', () => {
    const PORTS = [22, 53, 80, 110, 143, 389, 443, 445, 993, 3306, 5432, 6379, 8080, 9090, 9100, 9200];
    let seed = 7;
    const below = (limit: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0; // the generator of the C standard's example
      return (seed >>> 8) % limit;
    };
    const rules = Array.from({ length: 2_000 }, () => {
      const source = below(3) === 0 ? `10.${below(4)}.${below(8)}.0/24` : `10.${below(4)}.${below(8)}.${below(256)}`;
      const port = below(4) === 0 ? `${8_000 + below(50)}-${8_050 + below(50)}` : String(PORTS[below(PORTS.length)]);
      return `ip saddr ${source} ${below(5) === 0 ? 'udp' : 'tcp'} dport ${port} ${below(8) === 0 ? 'drop' : 'accept'}`;
    });
    const text = `table inet t {
  chain i {
    type filter hook input priority 0; policy drop;
    iifname "lo" accept
    ct state established,related accept
    ct state invalid drop
    ${rules.join('\n    ')}
  }
  chain o { type filter hook output priority 0; policy drop; oifname "lo" accept; ct state established,related accept; ct state invalid drop; }
  chain f { type filter hook forward priority 0; policy drop; ct state invalid drop; }
}`;
    const { imported: result, proof } = fromNft(text);
    assert.ok(proof.equal, `${proof.wider.outline}\n${proof.narrower.outline}`);
    assert.ok(result.flows.length > 0 && result.flows.length < 2_000, String(result.flows.length));
  });

  test('a policy with one port too many or one too few is found out', () => {
    const rules = (
      port: string,
    ): string => `table inet t { chain i { type filter hook input priority 0; policy drop; tcp dport ${port} accept; }
  chain o { type filter hook output priority 0; policy drop; }
  chain f { type filter hook forward priority 0; policy drop; } }`;
    const { imported: more } = fromNft(rules('22-23'));
    const { imported: less } = fromNft(rules('22'));
    const intentOf = (text: string): Intent => {
      const { policy } = loadPolicyText(new SourceFile('p.yaml', text), () => ({ reason: 'none' }));
      return resolvePolicy(policy!, context).intent!;
    };
    assert.match(proveImport(less.comparable, intentOf(more.text)).wider.outline.join(), /port 23/);
    assert.match(proveImport(more.comparable, intentOf(less.text)).narrower.outline.join(), /port 23/);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BASELINE, type Grant, type Intent, type Peer, type Service } from '../ir/index.ts';
import { PROTOCOLS, range } from '../net/index.ts';
import { type Coverage, coverage } from './coverage.ts';
import { judge, type Observed } from './probe-result.ts';
import { stageFor } from './probe-stage.ts';
import { type Probe, planProbes } from './probes.ts';

const here: Peer = { kind: 'local' };
const https: Service = { protocol: PROTOCOLS.tcp, ports: { first: 443, last: 443 } };

function grant(name: string, from: Peer, service: Service = https): Grant {
  return { name, from: [from], to: [here], services: [service], required: false, origin: {} };
}

function remote(...ranges: readonly string[]): Peer {
  return { kind: 'remote', ranges: ranges.map(range) };
}

/** Coverage when the kernel does with every packet what `kernel` says. */
function covered(
  grants: readonly Grant[],
  options: {
    kernel?: (probe: Probe) => Observed['result'];
    counted?: ReadonlyMap<string, number>;
    limit?: number;
  } = {},
): ReadonlyMap<string, Coverage> {
  const intent: Intent = {
    name: 'test',
    baseline: BASELINE.filter(({ name }) => name === 'loopback' || name === 'invalid'),
    grants,
    groups: [],
    tests: [],
    zones: new Map(),
    unknownAccounts: new Map(),
  };
  const plan = planProbes(intent, stageFor(intent), options.limit ?? 1_000);
  const obeys = ({ expected }: Probe) => (expected.verdict === 'accept' ? 'passed' : 'refused');
  const kernel = options.kernel ?? obeys;
  const results = plan.probes
    .filter(({ unsendable }) => unsendable === undefined)
    .map((probe) => judge(probe, { result: 'passed', afterMs: 1 }, { result: kernel(probe), afterMs: 1 }, []));
  return new Map(coverage(intent, plan, results, options.counted ?? new Map()).map((each) => [each.flow, each]));
}

describe('coverage', () => {
  test('counts the packets that each flow let through, beside what the kernel counted', () => {
    const found = covered([grant('web', remote('10.0.0.1'))], { counted: new Map([['web', 1]]) });
    assert.deepEqual(found.get('web'), { flow: 'web', passed: 1, counted: 1 });
    assert.equal(found.get('baseline:loopback')?.uncovered, undefined);
  });

  const reasons: readonly {
    name: string;
    grants: readonly Grant[];
    limit?: number;
    kernel?: (probe: Probe) => Observed['result'];
    says: RegExp;
  }[] = [
    {
      name: 'a protocol that the lab cannot send',
      grants: [grant('x', remote('10.0.0.1'), { protocol: PROTOCOLS.gre })],
      says: /the lab sends TCP, UDP and ICMP/,
    },
    {
      name: 'addresses that no packet can carry',
      grants: [grant('x', remote('224.0.0.0/4'))],
      says: /no packet of another machine can carry its addresses/,
    },
    {
      name: 'a zone that this host does not know',
      grants: [{ ...grant('x', here), from: [] }],
      says: /cannot recognise where it comes from/,
    },
    {
      name: 'another flow that lets its packets through',
      grants: [grant('wide', remote('10.0.0.0/8')), grant('x', remote('10.0.0.0/8'))],
      says: /`wide` lets its packets through already/,
    },
    {
      name: 'a kernel that does not let its packets through',
      grants: [grant('x', remote('10.0.0.1'))],
      kernel: () => 'silence',
      says: /the policy allows it \(x\), and it did not pass \(silence\)/,
    },
    {
      name: 'a limit that left no room',
      grants: ['a', 'b', 'c', 'x'].map((name, index) => grant(name, remote(`10.0.${index}.1`))),
      limit: 2,
      says: /too many probes for all/,
    },
  ];
  for (const { name, grants, limit, kernel, says } of reasons) {
    test(`says why a flow was not exercised: ${name}`, () => {
      const found = covered(grants, {
        ...(limit === undefined ? {} : { limit }),
        ...(kernel === undefined ? {} : { kernel }),
      });
      assert.equal(found.get('x')?.passed, 0);
      assert.match(found.get('x')?.uncovered ?? '', says);
    });
  }
});

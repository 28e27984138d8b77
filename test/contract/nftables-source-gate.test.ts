import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BASELINE, type Grant, type Intent } from '../../src/ir/index.ts';
import { range } from '../../src/net/index.ts';
import { TARGETS } from '../../src/target/index.ts';
import { renderProven } from '../../src/verify/index.ts';

/** Flows from one network to exact destinations, over IPv4 and IPv6, and one that the other networks' flows overlap. */
function intentOf(flows: number): Intent {
  const grants = Array.from(
    { length: flows },
    (_, at): Grant => ({
      name: `flow-${at}`,
      from: [{ kind: 'remote', ranges: [range('10.8.0.0/16'), range('2001:db8:8::/48')] }],
      to: [{ kind: 'remote', ranges: [range(`192.0.2.${at % 250}`), range(`2001:db8::${at.toString(16)}`)] }],
      services: [{ protocol: 6, ports: { first: 443 + at, last: 443 + at } }],
      required: false,
      origin: {},
    }),
  );
  const overlapping: Grant = {
    name: 'overlapping',
    from: [{ kind: 'remote', ranges: [range('10.8.3.0/24')] }],
    to: [{ kind: 'remote', ranges: [range('192.0.2.0/24')] }],
    services: [{ protocol: 17, ports: { first: 53, last: 53 } }],
    required: false,
    origin: {},
  };
  return {
    name: 'gates',
    baseline: BASELINE.filter((piece) => piece.name !== 'forwarding'),
    grants: [...grants, overlapping],
    groups: [],
    tests: [],
    zones: new Map(),
    unknownAccounts: new Map(),
  };
}

function rendered(flows: number): string {
  const { artifacts, proof } = renderProven(TARGETS.nftables, intentOf(flows));
  assert.deepEqual(proof.unexplained, []);
  assert.ok(proof.holds && artifacts !== undefined);
  return artifacts.map(({ text }) => text).join('');
}

describe('many flows from one network to exact destinations', () => {
  it('ask for the network once and then look exact tuples up, and are proven so', () => {
    const text = rendered(200);
    assert.match(text, /^\t\tip saddr 10\.8\.0\.0\/16 jump forward-ip-gate-1$/m);
    assert.match(
      text,
      /map forward-ip-gate-1-to-ports \{\n\t\ttype ipv4_addr \. inet_proto \. inet_service : counter\n\t\telements/,
    );
  });

  it('stay in one interval map while they are few, which is shorter to read', () => {
    assert.doesNotMatch(rendered(20), /gate/);
  });
});

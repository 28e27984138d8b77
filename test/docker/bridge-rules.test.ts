import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  address,
  all,
  atHook,
  type Flow,
  field,
  inState,
  interfaces,
  not,
  ofType,
  type Ruleset,
} from '../../src/ir/index.ts';
import { parseAddress, range } from '../../src/net/index.ts';
import { HeaderSpace, type PacketSet } from '../../src/packetset/index.ts';
import { denote, evaluate, packetsOf, sampleFlow, describe as words } from '../../src/semantics/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { readHost } from '../../src/target/registry.ts';
import { type BridgeNetwork, iptablesFiles, NETWORKS, nftablesText } from './bridge-rules.ts';

/** Rules of either backend, read without anything that was not understood for the packets that are asked about. */
function read(network: BridgeNetwork, backend: 'iptables' | 'nftables'): Ruleset {
  const { ipset, rules } = iptablesFiles(network);
  const files =
    backend === 'nftables'
      ? { nftables: [new SourceFile('docker-bridges.nft', nftablesText(network))], iptables: [] }
      : { nftables: [], iptables: [new SourceFile('rules.v4', rules), new SourceFile('sets.ipset', ipset)] };
  const { lifted, diagnostics } = readHost(files);
  assert.ok(lifted, diagnostics.map(({ message }) => message).join('\n'));
  return lifted.ruleset;
}

/** First packets that are forwarded, between these interfaces as a kernel has them. */
function forwarded(space: HeaderSpace): PacketSet {
  return packetsOf(
    space,
    all(
      atHook('forward'),
      field('family', 4),
      inState('new'),
      ofType('src', 'unicast'),
      ofType('dst', 'unicast'),
      // What a bridge leads to is in its subnet: the routing table says so.
      interfaces('in', ...['eth0', 'docker0', 'bridge1'].map((name) => ({ name, wildcard: false }))),
      interfaces('out', ...['eth0', 'docker0', 'bridge1'].map((name) => ({ name, wildcard: false }))),
    ),
  ).intersect(packetsOf(space, ROUTED));
}

const SUBNETS = { docker0: '172.17.0.0/16', bridge1: '192.0.2.0/24' } as const;
const through = (side: 'in' | 'out', name: string) => interfaces(side, { name, wildcard: false });
/** Whatever goes to a subnet leaves by its bridge, and nothing else does. */
const ROUTED = {
  kind: 'any',
  of: [
    ...Object.entries(SUBNETS).map(([name, subnet]) => all(through('out', name), address('dst', range(subnet)))),
    all(through('out', 'eth0'), {
      kind: 'not',
      of: address('dst', ...Object.values(SUBNETS).map((subnet) => range(subnet))),
    }),
  ],
} as const;

function accepted(space: HeaderSpace, ruleset: Ruleset): PacketSet {
  return denote(space, ruleset).accept.intersect(forwarded(space));
}

function packet(more: Partial<Flow> & { readonly to: string; readonly from: string }): Flow {
  const { to, from, ...rest } = more;
  return {
    hook: 'forward',
    family: 4,
    src: parseAddress(from)!,
    dst: parseAddress(to)!,
    protocol: 6,
    sport: 40_000,
    dport: 80,
    tcpFlags: 2,
    state: 'new',
    inInterface: 'eth0',
    outInterface: 'bridge1',
    srcType: 'unicast',
    dstType: 'unicast',
    symbols: new Set(),
    ...rest,
  };
}

describe('the rules of Docker’s two backends are read with the same meaning', () => {
  for (const network of NETWORKS) {
    test(network.name, () => {
      const space = new HeaderSpace();
      const [one, other] = [read(network, 'iptables'), read(network, 'nftables')];
      const [a, b] = [accepted(space, one), accepted(space, other)];
      assert.ok(!a.isEmpty());
      const [more, less] = [a.subtract(b), b.subtract(a)];
      // An internal network is told by its addresses with iptables and by its interface with nftables: they part where a sender forges one.
      const inside = through('in', 'bridge1');
      const own = address('src', range(SUBNETS.bridge1));
      const forgedIn = packetsOf(space, all(through('out', 'bridge1'), own, not(inside)));
      const forgedWithin = packetsOf(space, all(through('out', 'bridge1'), inside, not(own)));
      const [moreForged, lessForged] = [more.intersect(forgedIn), less.intersect(forgedWithin)];
      assert.equal(moreForged.isEmpty(), network.internal !== true);
      const rest = more.subtract(moreForged).union(less.subtract(lessForged));
      assert.ok(network.internal === true ? rest.isEmpty() : more.union(less).isEmpty(), words(rest).join('; '));
    });
  }

  /** What Docker says of each, by single packets. */
  const says: readonly (readonly [what: string, flow: Flow, open: (network: BridgeNetwork) => boolean | undefined])[] =
    [
      [
        'from the world by the published port',
        packet({ from: '203.0.113.9', to: '198.51.100.1', dport: 8080, dstType: 'local' }),
        ({ publishes = false, routed = false }) => (publishes && !routed ? true : undefined), // else it is not forwarded
      ],
      [
        'from the world to the container’s own address',
        packet({ from: '203.0.113.9', to: '192.0.2.2' }),
        ({ publishes = false, routed = false }) => publishes && routed,
      ],
      ['from the world to another port', packet({ from: '203.0.113.9', to: '192.0.2.2', dport: 81 }), () => false],
      [
        'from the other network',
        packet({ from: '172.17.0.2', to: '192.0.2.2', inInterface: 'docker0', dport: 81 }),
        () => false,
      ],
      [
        'to the world',
        packet({ from: '192.0.2.2', to: '203.0.113.9', inInterface: 'bridge1', outInterface: 'eth0' }),
        ({ internal = false }) => !internal,
      ],
      [
        'to its neighbour',
        packet({ from: '192.0.2.2', to: '192.0.2.3', inInterface: 'bridge1' }),
        ({ icc = true }) => icc,
      ],
    ];
  for (const backend of ['iptables', 'nftables'] as const) {
    for (const network of NETWORKS) {
      test(`${network.name}, by ${backend}: what is open is what Docker says`, () => {
        const ruleset = read(network, backend);
        for (const [what, flow, isOpen] of says) {
          const expected = isOpen(network);
          if (expected !== undefined) assert.equal(evaluate(ruleset, flow).verdict === 'accept', expected, what);
        }
      });
    }
  }

  test('a rule that is missing shows', () => {
    const space = new HeaderSpace();
    const network = NETWORKS.find(({ name }) => name === 'without ICC')!;
    const [one, other] = [read(network, 'iptables'), read({ ...network, icc: true }, 'nftables')];
    const witness = sampleFlow(accepted(space, other).subtract(accepted(space, one)));
    assert.equal(witness?.inInterface, 'bridge1');
    assert.equal(witness?.outInterface, 'bridge1');
  });
});

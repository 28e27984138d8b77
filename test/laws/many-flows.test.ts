import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { POLICY, portcullis } from '../cli/cli.ts';

/** What every kind of address, of interface and of state is asked about by some rule, and what can change the packet on its way. */
const FOREIGN = `table inet t {
  chain in { type filter hook input priority 0; policy drop;
    ct state established,related accept
    ip saddr 10.0.0.0/8 tcp dport { 22, 443 } accept
    ip6 saddr 2001:db8::/32 meta mark set 7
    meta mark 7 udp dport 53 accept
    fib daddr type multicast accept
    iifname "lo" accept
  }
  chain out { type filter hook output priority 0; policy accept;
    meta skuid 998 ip daddr 203.0.113.0/24 reject
    fib daddr type broadcast drop
    ip daddr 224.0.0.0/4 udp dport 5353 drop
    oifname "eth1" ip6 daddr fd00::/8 drop
    limit rate 3/second tcp dport 25 drop
  }
  chain forward { type filter hook forward priority 0; policy drop;
    ip saddr 192.0.2.0/25 ip daddr 198.51.100.7 tcp dport 443 accept
    ip6 saddr 2001:db8::/33 jump deeper
  }
  chain deeper { ip6 daddr 2001:db8::9 tcp dport 443-500 accept; return; }
}
`;

const SUBJECTS = [
  ['a policy', ['--policy', 'portcullis.yaml']],
  ['a firewall', ['--in', 'foreign.nft']],
] as const;

const ADDRESSES = {
  4: [
    '10.0.0.1',
    '10.0.0.2',
    '192.0.2.1',
    '192.0.2.200',
    '198.51.100.7',
    '203.0.113.9',
    '8.8.8.8',
    '127.0.0.1',
    '127.9.9.9',
    '224.0.0.251',
    '255.255.255.255',
    '0.0.0.0',
  ],
  6: ['2001:db8::9', '2001:DB8:8000::1', 'fd00::1', 'fe80::1', '::1', '::', 'ff02::fb', '2001:db8:0:0:0:0:0:9'],
} as const;
const WORDS = ['host', 'agent', 'bastion', 'internet', '10.0.0.0/8', '[2001:db8::9]', 'nobody', '10.0.0.1:1024'];
const ODD = ['host', '[10.0.0.1]', '2001:db8::9', '10.0.0.0/8', '1.2.3', '[::g]', 'backend.example.com'];

const either = fc.constantFrom(...ADDRESSES[4], ...ADDRESSES[6].map((address) => `[${address}]`));
const target = fc.oneof({ weight: 8, arbitrary: either }, { weight: 1, arbitrary: fc.constantFrom(...ODD) });
const source = fc.oneof(fc.constantFrom(...WORDS), fc.constantFrom('<address>', '<address>'));

/** Flows of one form, that differ in their addresses. */
const alike = fc
  .record({
    protocol: fc.constantFrom('tcp', 'udp', 'tcp', 'udp', 'icmp', 'sctp', 'nonsense'),
    from: source,
    port: fc.constantFrom(':443', ':22', ':53', ':5353', ':25', ':443-500', ':99999', ''),
    suffix: fc.constantFrom(
      ...[
        '',
        '',
        '',
        ' iif eth0',
        ' oif eth1',
        ' iif eth0 oif eth1',
        ' uid 998',
        ' state established',
        ' mark 7',
        ' x',
      ],
    ),
    ends: fc.array(fc.tuple(fc.constantFrom(...ADDRESSES[4], ...ADDRESSES[6]), target), {
      minLength: 20,
      maxLength: 20, // enough for a view of their form
    }),
  })
  .map(({ protocol, from, port, suffix, ends }) =>
    ends.map(([address, to]) => `${protocol} ${from.replace('<address>', address)} -> ${to}${port}${suffix}`),
  );

suite('many flows at once', () => {
  for (const [name, subject] of SUBJECTS) {
    test(`each of them is answered by ${name} as it is alone`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(alike, { minLength: 6, maxLength: 6 }), async (forms) => {
          const flows = forms.flat();
          const files = { 'portcullis.yaml': POLICY, 'foreign.nft': FOREIGN, 'flows.txt': flows.join('\n') };
          const together = await portcullis(['why', ...subject, '--flows', 'flows.txt'], { files });
          const lines = together.stdout.trimEnd().split('\n');
          for (const [index, flow] of flows.entries()) {
            const alone = await portcullis(['why', ...subject, '--json', flow], { files });
            const answer: { readonly error?: unknown } = JSON.parse(lines[index] ?? '');
            if (alone.exitCode === 0) assert.deepEqual(answer, JSON.parse(alone.stdout), flow);
            else assert.ok(answer.error !== undefined, flow);
          }
        }),
        { numRuns: 6, seed: 20261126, endOnFailure: true },
      );
    });
  }
});

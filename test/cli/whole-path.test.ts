import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { documentOf, portcullis } from './cli.ts';

const RULES = `table inet gate {
  chain early {
    type filter hook input priority -10;
    udp dport 53 accept
    tcp dport 22 accept
    tcp dport 1 drop
  }
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established accept
    tcp dport 22 jump admins
    tcp dport { 22, 23 } goto others
    tcp dport 22 accept
  }
  chain admins {
    ip saddr 10.0.0.0/8 accept
    tcp dport 22 jump { ip saddr 192.168.0.0/16 accept; }
    ip saddr 203.0.113.9 return
    drop
  }
  chain others {
    meta mark 7 accept
  }
}
`;
const files = { 'gate.nft': RULES };

suite('why --whole-path', () => {
  test('every rule that was asked, none that was not', async () => {
    const args = ['why', '--in', 'gate.nft', '--whole-path', '--json', 'tcp 203.0.113.9 -> host:22'];
    const { path } = documentOf(await portcullis(args, { files }), 'why');
    assert.ok(Array.isArray(path));
    assert.deepEqual(
      path.map(({ chain, rule, origin, verdict }) => `${origin?.line ?? '-'} ${chain}: ${rule}: ${verdict}`),
      [
        '4 early: udp dport 53 accept: no match',
        '5 early: tcp dport 22 accept: accept',
        '10 input: ct state established accept: no match',
        '11 input: tcp dport 22 jump admins: jump',
        '16 admins: ip saddr 10.0.0.0/8 accept: no match',
        '17 admins: tcp dport 22 jump { ip saddr 192.168.0.0/16 accept; }: jump',
        '17 admins { 1 }: ip saddr 192.168.0.0/16 accept: no match',
        '18 admins: ip saddr 203.0.113.9 return: return',
        '12 input: tcp dport { 22, 23 } goto others: goto',
        '22 others: meta mark 7 accept: no match',
        '- input: policy drop: drop',
      ],
    );
  });

  test('as text; without it only what matched', async () => {
    const ask = (...more: readonly string[]) =>
      portcullis(['why', '--in', 'gate.nft', ...more, 'tcp 203.0.113.9 -> host:22'], { files });
    assert.match((await ask('--whole-path')).stdout, /ip saddr 10\.0\.0\.0\/8 accept +no match +gate\.nft:16\n/);
    assert.doesNotMatch((await ask()).stdout, /no match/);
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { portcullis } from '../cli/cli.ts';
import { auditNft, codes } from './ask.ts';

/**
 * The requirements' own examples, run for real: the iptables script with iptables 1.8.9 (nft), the UFW commands of sections 4 and 6 with ufw
 * 0.36.2, each in a network namespace of its own. `*.nft` is what `nft list ruleset` then says, `*.v4` and `*.v6` are what iptables-save and
 * ip6tables-save say. `test/lab/audit.test.ts` runs the script again.
 */
function fixture(name: string): string {
  return readFileSync(new URL(`requirements/${name}`, import.meta.url), 'utf8');
}

/** What is wrong with each example, as the corrections of the requirements list it, and the code that must say so. */
const FAULTS: Readonly<Record<string, readonly (readonly [fault: string, code: string])[]>> = {
  'iptables-script': [
    ['only IPv4 is filtered, IPv6 stays open', 'A1201 IPv6'],
    ['so that IPv6 lets everything in', 'A1001 tcp,udp IPv6'],
    ['and everything out', 'A1101 tcp,udp IPv6'],
    ['HTTPS to anywhere', 'A1102 tcp/443'],
    ['DNS to anywhere', 'A1103 udp/53'],
    ['DNS by UDP only', 'A1104 dns'],
    ['time to anywhere', 'A1105 udp/123'],
    ['SSH from anywhere', 'A1003 tcp/22'],
    ['no limit on SSH', 'A1007 tcp/22'],
    ['9090 from sixteen million addresses', 'A1006 tcp/9090'],
    ['no ICMP errors', 'A1207 icmp'],
    ['no drop of invalid packets', 'A1205 input'],
    ['ESTABLISHED on each rule is redundant', 'A0006 udp dport 53 ct state new,established accept'],
    ['and here', 'A0006 udp dport 123 ct state new,established accept'],
    ['and here', 'A0006 tcp dport 443 ct state new,established accept'],
    ['what is refused at forward is not logged', 'A1204 forward'],
  ],
  'ufw-section4': [
    ['outgoing is allowed already: no egress filter', 'A1101 tcp,udp'],
    ['the allow-out rules do nothing', 'A0003 tcp dport 443 accept'],
    ['neither do these', 'A0003 udp dport 53 accept'],
    ['no rate limiting', 'A1007 tcp/22'],
    ['SSH from anywhere', 'A1003 tcp/22'],
    ['the agent’s API for everybody', 'A1004 tcp/8080'],
  ],
  'ufw-section6': [
    ['SSH from anywhere', 'A1003 tcp/22'],
    ['no rate limiting', 'A1007 tcp/22'],
    ['HTTPS to anywhere', 'A1102 tcp/443'],
    ['DNS to anywhere', 'A1103 udp/53'],
    ['DNS by UDP only', 'A1104 dns'],
    ['time to anywhere', 'A1105 udp/123'],
  ],
};

for (const [name, faults] of Object.entries(FAULTS)) {
  suite(name, () => {
    const found = codes(auditNft(fixture(`${name}.nft`)));
    for (const [fault, code] of faults)
      test(`${fault}: ${code}`, () => assert.ok(found.includes(code), found.join('\n')));

    test('the same of iptables-save', async () => {
      const files = Object.fromEntries(
        ['v4', 'v6']
          .map((ending) => [`rules.${ending}`, fixture(`${name}.${ending}`)])
          .filter(([, text]) => text !== ''),
      );
      const ran = await portcullis(['audit', ...Object.keys(files), '--json'], { files });
      const missing = new Set(
        faults.map(([, code]) => code.slice(0, 5)).filter((code) => !ran.stdout.includes(`"code": "${code}"`)),
      );
      assert.deepEqual([...missing], []);
    });
  });
}

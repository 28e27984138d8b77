import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SourceFile } from '../../source/index.ts';
import { ufwTarget } from './index.ts';
import { formatTuple, TUPLE } from './tuple.ts';

function read(...lines: readonly string[]) {
  const { ast, diagnostics } = ufwTarget.parse([new SourceFile('commands', `${lines.join('\n')}\n`)]);
  return {
    settings: ast?.settings,
    rules: ast?.rules.map((rule) => formatTuple(rule).replace(TUPLE, '')),
    said: diagnostics.filter(({ code }) => code !== 'N0405').map(({ code, message }) => `${code} ${message}`),
  };
}

/** Each command, and the rules that the real ufw 0.36.2 keeps for it. */
const RULES: readonly (readonly [command: string, ...tuples: readonly string[]])[] = [
  ['ufw allow 22/tcp', 'allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in', 'allow tcp 22 ::/0 any ::/0 in'],
  ['sudo ufw limit ssh', 'limit tcp 22 0.0.0.0/0 any 0.0.0.0/0 in', 'limit tcp 22 ::/0 any ::/0 in'],
  ['ufw deny from 192.0.2.7/24', 'deny any any 0.0.0.0/0 any 192.0.2.0/24 in'],
  ['ufw allow out on wg0 to 2001:DB8::1 port 53', 'allow any 53 2001:db8::1 any ::/0 out_wg0'],
  ['ufw reject log-all proto udp from 10.0.0.1 port 1:9', 'reject_log-all udp any 0.0.0.0/0 1:9 10.0.0.1 in'],
  ['ufw route allow in on a out on b to 10.0.0.1', 'route:allow any any 10.0.0.1 any 0.0.0.0/0 in_a!out_b'],
  ['ufw allow proto igmp from any to any', 'allow igmp any 0.0.0.0/0 any 0.0.0.0/0 in'],
  ['ufw allow from 10.0.0.1 to any app "WWW Full"', 'allow tcp 80,443 0.0.0.0/0 any 10.0.0.1 WWW%20Full - in'],
  ["ufw allow from 10.0.0.1 comment 'näher'", 'allow any any 0.0.0.0/0 any 10.0.0.1 in comment=6ec3a4686572'],
  ['ufw deny from 0.0.0.0/0 to any port 25', 'deny any 25 0.0.0.0/0 any 0.0.0.0/0 in'],
];

describe('a command of ufw', () => {
  for (const [command, ...tuples] of RULES)
    test(command, () => assert.deepEqual(read(command).rules, tuples, read(command).said.join('\n')));

  /** In ufw's own words. */
  const refused: readonly (readonly [command: string, why: string])[] = [
    ['ufw allow out 443/tcp to any', 'Wrong number of arguments'],
    ['ufw allow 80,443', "Must specify 'tcp' or 'udp' with multiple ports"],
    ['ufw allow from 10.0.0.1 to 2001:db8::1', "Mixed IP versions for 'from' and 'to'"],
    ['ufw allow port 22', "Need 'to' or 'from' clause"],
    ['ufw allow from any port any', 'Could not find protocol'],
    ['ufw allow 22/icmp', 'Bad port'],
    ['ufw allow proto gre from any port 5', "Invalid port with protocol 'gre'"],
    ['ufw insert 0 allow 22', "Cannot insert rule at position '0'"],
    ['ufw allow 22 comment', "Option 'comment' missing required argument"],
    ['ufw permit 22', 'Invalid syntax'],
  ];
  for (const [command, why] of refused) {
    test(`${command}: refused`, () => {
      const { rules, said } = read('ufw allow 1/tcp', command);
      assert.equal(rules?.length, 2);
      assert.ok(
        said.some((line) => line.startsWith('N0413') && line.endsWith(why)),
        said.join('\n'),
      );
    });
  }

  test('policies, logging and the switch', () => {
    const { settings } = read(
      'ufw default reject outgoing',
      'ufw default allow routed',
      'ufw logging full',
      'ufw enable',
    );
    assert.deepEqual(settings, {
      isEnabled: true,
      isIpv6: true,
      policies: { input: 'DROP', output: 'REJECT', forward: 'ACCEPT' },
      logLevel: 'full',
    });
  });

  test('the same packets with another answer replace a rule, and a rule that is there already is not added', () => {
    const { rules, said } = read(
      'ufw allow from 10.0.0.1',
      'ufw deny from 10.0.0.2',
      'ufw deny from 10.0.0.1',
      'ufw deny from 10.0.0.2',
    );
    assert.deepEqual(rules, ['deny any any 0.0.0.0/0 any 10.0.0.1 in', 'deny any any 0.0.0.0/0 any 10.0.0.2 in']);
    assert.equal(said.filter((line) => line.startsWith('N0414')).length, 1);
  });

  test('what a shell would work out first is not followed, and neither are other programs', () => {
    const { said } = read(
      'ufw allow $PORT',
      'for p in 1 2; do ufw allow $p; done',
      'iptables -P INPUT ACCEPT',
      'echo y | ufw enable',
    );
    assert.equal(said.filter((line) => line.startsWith('N0415')).length, 3);
  });

  test('a profile that nobody knows may apply or not', () => {
    const { ast, diagnostics } = ufwTarget.parse([
      new SourceFile('commands', 'ufw allow Mystery\nufw --force enable\n'),
    ]);
    assert.ok(diagnostics.some(({ code }) => code === 'N0419'));
    const { opaque } = ufwTarget.lift(ast!);
    assert.deepEqual(
      opaque.map(({ text }) => text),
      ['ufw allow Mystery', 'ufw allow Mystery'],
    );
  });

  test('a profile’s file tells its ports', () => {
    const profile = new SourceFile('mystery', '[Mystery]\ntitle=x\ndescription=y\nports=7/udp|8,9/tcp\n');
    const { ast } = ufwTarget.parse([
      new SourceFile('commands', 'ufw allow from 10.0.0.1 to any app mystery\n'),
      profile,
    ]);
    assert.deepEqual(
      ast?.rules.map(({ protocol, to }) => [protocol, to.ports, to.app]),
      [
        ['udp', '7', 'Mystery'],
        ['tcp', '8,9', 'Mystery'],
      ],
    );
  });
});

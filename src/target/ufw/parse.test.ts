import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SourceFile } from '../../source/index.ts';
import { ufwTarget } from './index.ts';
import { formatTuple, TUPLE } from './tuple.ts';

function read(files: Readonly<Record<string, string>>) {
  const { ast, diagnostics } = ufwTarget.parse(Object.entries(files).map(([name, text]) => new SourceFile(name, text)));
  return {
    ast,
    rules: ast?.rules.map((rule) => formatTuple(rule).replace(TUPLE, '')),
    codes: diagnostics.map(({ code }) => code),
    messages: diagnostics.map(({ message }) => message),
  };
}

const STATUS = `Status: active
Logging: on (low)
Default: deny (incoming), reject (outgoing), allow (routed)
New profiles: skip

To                         Action      From
--                         ------      ----
22/tcp                     LIMIT IN    Anywhere                   # SSH # in
10.0.0.1/esp               ALLOW IN    Anywhere                  
80,443/tcp (WWW Full)      ALLOW IN    10.0.0.0/8                
25 on eth1                 DENY IN     2001:db8::/32 1024:2048    (log-all)
2001:db8:1234:5678:9abc:def0:1234:5678 22/tcp ALLOW IN    Anywhere (v6)             

53 (v6)                    ALLOW OUT   Anywhere (v6) on eth0     

Anywhere on eth1           ALLOW FWD   10.0.0.1 on eth0          
`;

const USER = `*filter
:ufw-user-input - [0:0]
:ufw-user-output - [0:0]
:ufw-user-forward - [0:0]
:ufw-user-limit - [0:0]
:ufw-user-limit-accept - [0:0]
### RULES ###

### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in comment=535348
-A ufw-user-input -p tcp --dport 22 -j ACCEPT

### END RULES ###
-A ufw-user-limit -j REJECT
-A ufw-user-limit-accept -j ACCEPT
COMMIT
`;

const CONF = 'ENABLED=yes\nLOGLEVEL=low\n';

describe('what ufw shows and keeps', () => {
  test('`ufw status verbose`', () => {
    const { ast, rules, codes } = read({ status: STATUS });
    assert.deepEqual(codes, ['N0405']); // what stands before and behind the rules
    assert.deepEqual(ast?.settings.policies, { input: 'DROP', output: 'REJECT', forward: 'ACCEPT' });
    assert.deepEqual(rules, [
      'limit tcp 22 0.0.0.0/0 any 0.0.0.0/0 in comment=535348202320696e',
      'allow esp any 10.0.0.1 any 0.0.0.0/0 in',
      'allow tcp 80,443 0.0.0.0/0 any 10.0.0.0/8 in',
      'deny_log-all any 25 ::/0 1024:2048 2001:db8::/32 in_eth1',
      'allow tcp 22 2001:db8:1234:5678:9abc:def0:1234:5678 any ::/0 in',
      'allow any 53 ::/0 any ::/0 out_eth0',
      'route:allow any any 0.0.0.0/0 any 10.0.0.1 in_eth0!out_eth1',
    ]);
  });

  test('a line of `ufw status` that is not understood is an error with its place', () => {
    const { ast, codes, messages } = read({ status: STATUS.replace('LIMIT IN ', 'ALLOWS IN') });
    assert.equal(ast, undefined);
    assert.deepEqual(codes, ['N0411']);
    assert.match(messages[0] ?? '', /22\/tcp {21}ALLOWS IN/);
  });

  test('an ufw that is not enabled enforces nothing, and that is said aloud', () => {
    for (const files of [
      { 'user.rules': USER, 'ufw.conf': CONF.replace('yes', 'no') },
      { status: 'Status: inactive\n' },
    ]) {
      const { ast, codes } = read(files);
      assert.ok(codes.includes('N0404'));
      assert.deepEqual(ufwTarget.lift(ast!).ruleset.tables, []);
    }
  });

  test('rules below a line of ufw’s that say something else were edited by hand', () => {
    const { codes } = read({ 'user.rules': USER.replace('--dport 22 -j', '--dport 23 -j'), 'ufw.conf': CONF });
    assert.ok(codes.includes('N0410'));
    assert.ok(!read({ 'user.rules': USER, 'ufw.conf': CONF }).codes.includes('N0410'));
  });

  test('what two sources say has to agree', () => {
    const added = "Added user rules (see 'ufw status' for running firewall):\nufw allow 22/tcp comment 'SSH'\n";
    assert.ok(!read({ 'user.rules': USER, 'ufw.conf': CONF, added }).codes.includes('N0403'));
    assert.ok(read({ 'user.rules': USER, 'ufw.conf': CONF, added: added.replace('22', '23') }).codes.includes('N0403'));
    assert.ok(read({ 'user.rules': USER, 'ufw.conf': CONF, status: 'Status: inactive\n' }).codes.includes('N0403'));
  });

  test('a rule between those of one profile is no disagreement with `ufw status`, which shows a profile once', () => {
    const between = USER.replace(
      /### tuple[\s\S]*?ACCEPT\n/,
      [
        '### tuple ### reject any 5298 0.0.0.0/0 any 0.0.0.0/0 Bonjour - out',
        "-A ufw-user-output -p tcp --dport 5298 -j REJECT --reject-with tcp-reset -m comment --comment 'dapp_Bonjour'",
        "-A ufw-user-output -p udp --dport 5298 -j REJECT -m comment --comment 'dapp_Bonjour'",
        '',
        '### tuple ### deny udp 25 0.0.0.0/0 any 0.0.0.0/0 out',
        '-A ufw-user-output -p udp --dport 25 -j DROP',
        '',
        '### tuple ### reject udp 5353 0.0.0.0/0 any 0.0.0.0/0 Bonjour - out',
        "-A ufw-user-output -p udp --dport 5353 -j REJECT -m comment --comment 'dapp_Bonjour'",
        '',
      ].join('\n'),
    );
    const profiles = '[Bonjour]\ntitle=Bonjour\ndescription=Names\nports=5298|5353/udp\n';
    const lines = [
      'Bonjour                    REJECT OUT  Anywhere                   (out)',
      '25/udp                     DENY OUT    Anywhere                   (out)',
    ];
    const status = (...shown: readonly string[]): string =>
      `Status: active\n\nTo                         Action      From\n--                         ------      ----\n${shown.join('\n')}\n\n`;
    const said = (text: string) => read({ 'user.rules': between, 'ufw.conf': CONF, profiles, status: text }).messages;
    assert.deepEqual(
      said(status(...lines)).filter((message) => message.includes('do not say the same')),
      [],
    );
    assert.match(said(status(...lines.toReversed())).join(), /do not say the same/);
    assert.match(said(status(lines[0]!)).join(), /do not say the same/);
  });

  test('without IPv6 all of it but loopback is dropped', () => {
    const { ast } = read({ 'user.rules': USER, 'ufw.conf': CONF, ufw: 'IPV6=no\nDEFAULT_INPUT_POLICY="DROP"\n' });
    const table = ast?.tables.find(({ family }) => family === 6);
    assert.deepEqual(
      table?.chains.map(({ name, policy, rules }) => [name, policy, rules.length]),
      [
        ['INPUT', 'DROP', 1],
        ['FORWARD', 'DROP', 0],
        ['OUTPUT', 'DROP', 1],
      ],
    );
  });

  test('settings that only a shell could work out are an error', () => {
    const { codes } = read({ 'user.rules': USER, 'ufw.conf': CONF, ufw: 'DEFAULT_INPUT_POLICY="$X"\n' });
    assert.deepEqual(codes, ['N0406']);
    assert.deepEqual(read({ ufw: 'DEFAULT_INPUT_POLICY="drop"\n' }).codes, ['N0406']);
  });

  test('what is nothing of ufw is refused', () =>
    assert.deepEqual(read({ else: 'something else entirely\n' }).codes, ['N0401']));

  test('a chain that is declared again is emptied, as `iptables-restore --noflush` does it', () => {
    const before = (more: string): string => `*filter\n:ufw-before-input - [0:0]\n${more}COMMIT\n`;
    const allowed = 'DEFAULT_INPUT_POLICY="ACCEPT"\n';
    const tracked = (text: string): number | undefined => {
      const { ast } = read({ 'user.rules': USER, 'ufw.conf': CONF, ufw: allowed, 'before.rules': text });
      return ast?.tables[0]?.chains.find(({ name }) => name === 'ufw-track-input')?.rules.length;
    };
    assert.deepEqual([tracked(before('')), tracked(before(':ufw-track-input - [0:0]\n'))], [2, 0]);
  });

  test('`after.rules` that Docker’s traffic is led through are what they are, with chains of others', () => {
    const after = `*filter
:ufw-after-input - [0:0]
:ufw-user-forward - [0:0]
:DOCKER-USER - [0:0]
-A DOCKER-USER -j ufw-user-forward
COMMIT
`;
    const { ast, codes } = read({ 'user.rules': USER, 'ufw.conf': CONF, 'after.rules': after });
    assert.ok(!codes.includes('N0402'));
    const chains = ast?.tables.find(({ family }) => family === 4)?.chains ?? [];
    assert.equal(chains.find(({ name }) => name === 'DOCKER-USER')?.rules.length, 1);
    assert.equal(chains.find(({ name }) => name === 'ufw-after-input')?.rules.length, 0);
  });
});

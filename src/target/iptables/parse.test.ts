import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SourceFile } from '../../source/index.ts';
import type { Rule, Table } from './ast.ts';
import { parseFiles } from './parse.ts';

function parsed(text: string, name = 'rules'): { readonly tables: readonly Table[]; readonly said: readonly string[] } {
  const { ast, diagnostics } = parseFiles([new SourceFile(name, text)]);
  return {
    tables: ast?.tables ?? [],
    said: diagnostics.map(({ code, message, span }) => `${code} ${span?.file.positionAt(span.start).line}: ${message}`),
  };
}

/** A rule as one line, in one way of writing. */
function written({ options, matches, target }: Rule): string {
  const words = (list: Rule['options']): string[] =>
    list.flatMap(({ name, negated, values }) => [
      ...(negated ? ['!'] : []),
      name,
      ...values.map((value) => `<${value}>`),
    ]);
  return [
    ...words(options),
    ...matches.flatMap((module) => ['-m', module.name, ...words(module.options)]),
    ...(target === undefined ? [] : [target.kind === 'goto' ? '-g' : '-j', target.name, ...words(target.options)]),
  ].join(' ');
}

function ruleOf(line: string): string {
  const { tables, said } = parsed(`*filter\n:INPUT ACCEPT [0:0]\n:c - [0:0]\n${line}\nCOMMIT\n`, 'rules.v4');
  assert.deepEqual(said, []);
  const [rule] = tables[0]?.chains.find(({ name }) => name === 'INPUT')?.rules ?? [];
  assert.ok(rule !== undefined);
  return written(rule);
}

describe('a line of iptables', () => {
  const cases: readonly (readonly [title: string, line: string, rule: string])[] = [
    ['counters before it', '[12:720] -A INPUT -j ACCEPT', '-j ACCEPT'],
    ['negation before the option', '-A INPUT ! -s 10.0.0.0/8 -j DROP', '! --source <10.0.0.0/8> -j DROP'],
    ['negation before the value, as old versions wrote it', '-A INPUT -s ! 10.0.0.0/8 -p tcp --dport ! 22', '! --source <10.0.0.0/8> --protocol <tcp> -m tcp ! --destination-port <22>'],
    ['the match of a protocol comes along', '-A INPUT -p tcp --dport 22 --syn', '--protocol <tcp> -m tcp --destination-port <22> --syn'],
    ['the other name of a match', '-A INPUT -p icmpv6 -m icmpv6 --icmpv6-type 1', '--protocol <icmpv6> -m icmp6 --icmpv6-type <1>'],
    ['long names, short ones and beginnings', '-A INPUT --source 10.0.0.1 --in-interface eth0 --proto udp --sports 1 --jump RETURN'.replace(' --sports 1', ''), '--source <10.0.0.1> --in-interface <eth0> --protocol <udp> -j RETURN'],
    ['beginnings of options', '-A INPUT -p tcp -m multiport --destination-port 1,2', '--protocol <tcp> -m multiport --destination-ports <1,2>'],
    ['values behind an equals sign and behind a letter', '-A INPUT -ptcp --dport=22 -jDROP', '--protocol <tcp> -m tcp --destination-port <22> -j DROP'],
    ['quotes and what they hold', String.raw`-A INPUT -m comment --comment "a \"b\" -j c" -j LOG --log-prefix "-x "`, '-m comment --comment <a "b" -j c> -j LOG --log-prefix <-x >'],
    ['two values', '-A INPUT -p tcp -m tcp --tcp-flags SYN,ACK SYN -m set --match-set s src,dst', '--protocol <tcp> -m tcp --tcp-flags <SYN,ACK> <SYN> -m set --match-set <s> <src,dst>'],
    ['an option belongs to the last match that knows it', '-A INPUT -m hashlimit --hashlimit-name a -m recent --name b --set', '-m hashlimit --hashlimit-name <a> -m recent --name <b> --set'],
    ['options that nobody knows are kept', '-A INPUT -m odd ! --much 1 2 --more -j ODD --xo', '-m odd ! --much <1> <2> --more -j ODD --xo'],
    ['goto', '-A INPUT -f -g c', '--fragment -g c'],
    ['what asks nothing', '-A INPUT -4 -c 1 2 -j c', '-j c'],
  ]; // biome-ignore format: one case a line
  for (const [title, line, rule] of cases) test(title, () => assert.equal(ruleOf(line), rule));
});

describe('commands of a file', () => {
  const cases: readonly (readonly [title: string, lines: string, rules: string])[] = [
    ['insert before all, and at a place', '-A INPUT -s 1.1.1.1\n-I INPUT -s 2.2.2.2\n-I INPUT 2 -s 3.3.3.3', '2 3 1'],
    ['delete by number and by rule', '-A INPUT -s 1.1.1.1\n-A INPUT -s 2.2.2.2\n-A INPUT -s 3.3.3.3\n-D INPUT 1\n-D INPUT --source 3.3.3.3', '2'],
    ['replace', '-A INPUT -s 1.1.1.1\n-A INPUT -s 2.2.2.2\n-R INPUT 1 -s 3.3.3.3', '3 2'],
    ['flush a chain', '-A INPUT -s 1.1.1.1\n-F INPUT\n-A INPUT -s 2.2.2.2', '2'],
    ['flush all', '-A INPUT -s 1.1.1.1\n-F\n-Z', ''],
  ]; // biome-ignore format: one case a line
  for (const [title, lines, rules] of cases) {
    test(title, () => {
      const { tables, said } = parsed(`*filter\n${lines}\nCOMMIT\n`, 'rules.v4');
      assert.deepEqual(said, []);
      const [chain] = tables[0]?.chains ?? [];
      assert.equal(chain?.rules.map(({ options }) => options[0]?.values[0]?.[0]).join(' '), rules);
    });
  }

  test('new, renamed and deleted chains, and policies', () => {
    const { tables } = parsed('*filter\n-N a\n-N b\n-A INPUT -j a\n-E a c\n-X b\n-P INPUT DROP\nCOMMIT\n', 'rules.v4');
    assert.deepEqual(
      tables[0]?.chains.map(({ name, policy, rules }) => [name, policy, rules.map(written)]),
      [
        ['INPUT', 'DROP', ['-j c']],
        ['c', undefined, []],
      ],
    );
  });
});

describe('the family of a table', () => {
  const table = (rule: string): string => `*filter\n:INPUT ACCEPT [0:0]\n${rule}COMMIT\n`;
  const cases: readonly (readonly [title: string, text: string, name: string, families: string])[] = [
    ['by the first line of what was saved', `# Generated by ip6tables-save v1.8.9 (nf_tables) on x\n${table('')}`, 'x', '6'],
    ['by iptables-legacy’s', `# Generated by ip6tables-legacy-save v1.8.9 on x\n${table('')}`, 'x', '6'],
    ['both in one file', `# Generated by iptables-save v1.8.9\n${table('')}# Generated by ip6tables-save v1.8.9\n${table('')}`, 'x', '4 6'],
    ['by an address', table('-A INPUT -s 2001:db8::/32 -j DROP\n'), 'x', '6'],
    ['by a protocol', table('-A INPUT -p icmp -j ACCEPT\n'), 'x.v6', '4'],
    ['by a refusal', table('-A INPUT -j REJECT --reject-with icmp6-adm-prohibited\n'), 'x', '6'],
    ['not by what a comment says', table('-A INPUT -m comment --comment 10.0.0.1 -j DROP\n'), 'ip6tables.save', '6'],
    ['by the tables around it', `*raw\nCOMMIT\n${table('-A INPUT -s ::1 -j DROP\n')}`, 'x', '6 6'],
    ['the second time a table comes is the other family', `${table('-A INPUT -s 10.0.0.1\n')}${table('')}`, 'x', '4 6'],
    ['by the name of the file', table(''), '/etc/iptables/rules.v6', '6'],
    ['by the name of ufw’s file', table(''), 'user6.rules', '6'],
  ]; // biome-ignore format: one case a line
  for (const [title, text, name, families] of cases) {
    test(title, () => {
      const { tables, said } = parsed(text, name);
      assert.deepEqual([tables.map(({ family }) => family).join(' '), said], [families, []]);
    });
  }

  test('is taken for IPv4 where nothing tells, and said so', () => {
    const { tables, said } = parsed(table(''), 'x');
    assert.equal(tables[0]?.family, 4);
    assert.deepEqual(said, ['N0306 1: nothing tells of which family the table `filter` is; it is taken for IPv4']);
  });

  test('rules for one family only', () => {
    const { tables, said } = parsed(
      table('-A INPUT -6 -s ::1 -j DROP\n-A INPUT -4 -j DROP\n').replace('-s ::1 ', ''),
      'x.v4',
    );
    assert.equal(tables[0]?.chains[0]?.rules.length, 1);
    assert.deepEqual(said, ['N0307 3: the rule is `-6` only, and is left out of the table of IPv4']);
  });
});

describe('what is no text of iptables', () => {
  const cases: readonly (readonly [text: string, said: string])[] = [
    ['-A INPUT -j DROP\n', 'N0301 1: this is no line of `iptables-save` or `ip6tables-save`: no table is open'],
    ['*filter\n-A INPUT 22 -j DROP\nCOMMIT\n', 'N0301 2: this is no line of `iptables-save` or `ip6tables-save`: `22` is no option'],
    ['*filter\n-A INPUT -s\nCOMMIT\n', 'N0301 2: this is no line of `iptables-save` or `ip6tables-save`: `-s` wants a value'],
    ['*filter\n-A INPUT -j A -j B\nCOMMIT\n', 'N0301 2: this is no line of `iptables-save` or `ip6tables-save`: a rule has one target'],
    ['*filter\n-A INPUT -m comment --comment "x\nCOMMIT\n', 'N0301 2: this is no line of `iptables-save` or `ip6tables-save`: a quote is never closed'],
    ['*filter\n-A INPUT -46 -j DROP\nCOMMIT\n', 'N0301 2: this is no line of `iptables-save` or `ip6tables-save`: `-46` holds more than one option'],
    ['*filter\n-N a\n-A a -j DROP\n-N a\nCOMMIT\n', 'N0301 4: this is no line of `iptables-save` or `ip6tables-save`: there is a chain `a` already'],
    ['*filter\n:INPUT REJECT\nCOMMIT\n', 'N0301 2: this is no line of `iptables-save` or `ip6tables-save`: `REJECT` is no policy of a chain'],
    ['*broute\n:BROUTING ACCEPT\nCOMMIT\n', 'N0302 1: there is no table `broute`'],
    ['*filter\n-A lost -j DROP\nCOMMIT\n', 'N0303 2: there is no chain `lost` that this could change'],
    ['*filter\n-D INPUT 1\nCOMMIT\n', 'N0303 2: there is no rule `1` that this could change'],
    ['*filter\n:INPUT ACCEPT\n', 'N0304 1: the table `filter` is never committed'],
    ['*filter\n-A INPUT -s 10.0.0.1\nCOMMIT\n*filter\n-A INPUT -s 10.0.0.1\nCOMMIT\n', 'N0305 4: the table `filter` of IPv4 is given twice: here and at rules.v4:1'],
    ['*filter\n:a - [0:0]\n:b - [0:0]\n-A a -j b\n-A b -j a\nCOMMIT\n', 'N0308 5: chain `b` leads back to chain `a`'],
    ['create s hash:ip\nadd t 10.0.0.1\n', 'N0310 2: this is no line of `ipset save`: there is no set `t` above'],
  ]; // biome-ignore format: one case a line
  for (const [text, expected] of cases) {
    test(expected, () => assert.deepEqual(parsed(text, 'rules.v4').said, [expected]));
  }

  test('chains that lead on for too long', () => {
    const chains = Array.from({ length: 300 }, (_, at) => `:c${at} - [0:0]`).join('\n');
    const jumps = Array.from({ length: 299 }, (_, at) => `-A c${at} -j c${at + 1}`).join('\n');
    const { said } = parsed(`*filter\n${chains}\n${jumps}\nCOMMIT\n`, 'rules.v4');
    assert.match(said[0] ?? '', /^N0309 \d+: chain `c\d+` is more than 200 jumps deep$/);
  });
});

test('tables of both backends stand side by side', () => {
  const table = '*filter\n:INPUT DROP [0:0]\nCOMMIT\n';
  const { tables, said } = parsed(
    `# Generated by iptables-save v1.8.9 (nf_tables)\n${table}# Generated by iptables-save v1.8.9\n${table}`,
  );
  assert.deepEqual([tables.map(({ backend }) => backend), said], [['nf_tables', 'legacy'], []]);
});

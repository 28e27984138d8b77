import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderDiagnostic } from '../../diagnostic/index.ts';
import { SourceFile } from '../../source/index.ts';
import { nftablesTarget } from './index.ts';

function problems(text: string): string[] {
  const { ast, diagnostics } = nftablesTarget.parse([new SourceFile('rules.nft', text)]);
  assert.equal(ast, undefined);
  return diagnostics.map((each) => renderDiagnostic(each));
}

describe('errors of the nftables reader, as people see them', () => {
  it('all at once, each with its line', () => {
    assert.deepEqual(
      problems(
        [
          'table inet portcullis {',
          '  chain input {',
          '    type filter hook input priority filter - 5; policy drop;',
          '    tcp dport 22 frobnicate accept',
          '    ip saddr 10.0.0.300 accept',
          '    meta frob 5 accept',
          '    jump nowhere',
          '  }',
          '}',
        ].join('\n'),
      ).map((each) => each.split('\n').slice(0, 3).join('\n')),
      [
        'error[N0201]: expected a statement or a field of the packet that is understood, found `frobnicate`\n  --> rules.nft:4:18\n  4 |     tcp dport 22 frobnicate accept',
        'error[N0201]: expected an address, found `10.0.0.300`\n  --> rules.nft:5:14\n  5 |     ip saddr 10.0.0.300 accept',
        'error[N0201]: expected a `meta` key that is understood, found `frob`\n  --> rules.nft:6:10\n  6 |     meta frob 5 accept',
      ],
    );
  });

  const cases: readonly (readonly [string, string, string])[] = [
    ['a jump to nowhere', 'table ip t {\nchain a {\njump b\n}\n}', 'N0203 3:1 there is no chain `b` in this table'],
    [
      'a set that is not there',
      'table ip t {\nchain a {\nip saddr @s accept\n}\n}',
      'N0203 3:1 there is no set or map `s` in this table',
    ],
    [
      'a counter that is not there',
      'table ip t {\nchain a {\ncounter name "c" accept\n}\n}',
      'N0203 3:1 there is no counter `c` in this table',
    ],
    [
      'a circle',
      'table ip t {\nchain a {\njump b\n}\nchain b {\ngoto a\n}\n}',
      'N0204 5:7 chain `b` leads back to chain `a`',
    ],
    ['an end too early', 'table ip t {\nchain a {\naccept\n', 'N0201 4:1 expected `}`, found the end'],
    [
      'a set that is there already',
      'table ip t {\nset s { type mark; }\n}\ncreate set ip t s { type mark; }',
      'N0213 4:1 the set `s` is there already, and `create` wants a new one',
    ],
    [
      'an element that is there already',
      'table ip t {\nset s { type mark; elements = { 1 }; }\n}\ncreate element ip t s { 2, 1 }',
      'N0213 4:1 the element `1` is there already, and `create` wants a new one',
    ],
    [
      'an element that is not there',
      'table ip t {\nset s { type mark; elements = { 1 }; }\n}\ndelete element ip t s { 1, 2 }',
      'N0210 4:1 there is no element `2` that this could change',
    ],
    [
      'a counter that is not there to delete',
      'table ip t {\n}\ndelete counter ip t c',
      'N0210 3:1 there is no counter `c` that this could change',
    ],
    [
      'a command for what is not there',
      'flush table ip t',
      'N0210 1:1 there is no table `ip t` that this could change',
    ],
    [
      'an unknown object',
      'table ip t {\ngizmo q { over 5 mbytes }\n}',
      'N0201 2:1 expected a chain, set, map or other object, found `gizmo`',
    ],
    [
      'a name that nobody defined',
      'table ip t {\nchain a {\ntcp dport $x accept\n}\n}',
      'N0206 3:11 `$x` is not defined here, or what it holds is too large',
    ],
    [
      'a file that cannot be had',
      'include "other.nft"',
      'N0207 1:9 the file `other.nft` that is included here cannot be read: only the text itself was given',
    ],
    ['JSON that is none', '{"nftables": [', 'N0202 1:15 this is no `nft -j list ruleset`: it is no JSON from here on'],
    [
      'an unknown key in JSON',
      '{"nftables": [{"table": {"family": "ip", "name": "t", "colour": "red"}}]}',
      'N0202 1:65 this is no `nft -j list ruleset`: a table has `colour`, which is not understood',
    ],
    [
      'an unknown statement in JSON',
      '{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip", "table": "t", "name": "c"}}, {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"frob": {}}]}}]}',
      'N0202 1:176 this is no `nft -j list ruleset`: `frob` is not understood',
    ],
    [
      'half a class of traffic, with another rule on the next line',
      'table ip t {\nchain c {\nmeta priority none-0:\ntcp dport 22 drop\n}\n}',
      'N0201 3:21 expected a statement or a field of the packet that is understood, found `:`',
    ],
    [
      'more connections than the kernel counts',
      'table ip t {\nchain c {\nct count over 4294967296 drop\n}\n}',
      'N0201 3:15 expected a number of connections, found `4294967296`',
    ],
    [
      'more connections than the kernel counts, in JSON',
      '{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip", "table": "t", "name": "c"}}, {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"ct count": {"val": 4294967296}}]}}]}',
      'N0202 1:189 this is no `nft -j list ruleset`: the number has more than 32 bits',
    ],
    [
      'a burst of more packets than the kernel counts, in JSON',
      '{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip", "table": "t", "name": "c"}}, {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"limit": {"rate": 1, "per": "second", "burst": 4294967296}}]}}]}',
      'N0202 1:224 this is no `nft -j list ruleset`: the burst has more than 32 bits',
    ],
  ];
  for (const [title, text, expected] of cases) {
    it(title, () => {
      const { ast, diagnostics } = nftablesTarget.parse([new SourceFile('rules.nft', text)]);
      assert.equal(ast, undefined);
      const [first] = diagnostics;
      const { line, column } = first!.span!.file.positionAt(first!.span!.start);
      assert.equal(`${first!.code} ${line}:${column} ${first!.message}`, expected);
    });
  }
});

describe('rules in the words of nftables’ own tests', () => {
  const rules: readonly string[] = [
    'limit rate 1 kbytes / second',
    'counter bytes 1024 packets 1',
    'add @s { ip saddr . 22 timeout 1m }',
    'update @m { 192.0.2.1 timeout 1s : 0x2 }',
    'update @n { ip saddr : ip daddr . tcp dport }',
    'ip6 saddr vmap { 2001:db8:1:2:3:4:5::: accept, ::6: drop }',
    '@ll,0,128 0xfedcba987654321001234567890abcde drop', // 128 bits: kept as text
    'dnat ip6 to [2001:db8:1::]/64',
  ];
  for (const rule of rules) {
    it(rule, () => {
      const sets = [
        'set s { type ipv4_addr . inet_service; }',
        'map m { type ipv4_addr : mark; }',
        'map n { type ipv4_addr : ipv4_addr . inet_service; }',
      ];
      const text = `table inet t {\n${sets.join('\n')}\nchain c {\n${rule}\n}\n}`;
      const { ast, diagnostics } = nftablesTarget.parse([new SourceFile('rules.nft', text)]);
      assert.deepEqual(diagnostics, []);
      assert.ok(ast !== undefined);
      const { ruleset, opaque } = nftablesTarget.lift(ast);
      assert.deepEqual(opaque, []);
      assert.ok(ruleset.tables[0]!.chains[0]!.rules.length > 0);
    });
  }
});

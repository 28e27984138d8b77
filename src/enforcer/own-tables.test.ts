import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { foreignCommands } from './own-tables.ts';

describe('a text is given to the kernel where each command names a table of ours', () => {
  const accepted: readonly string[] = [
    '',
    '# nothing\n\n',
    'table inet portcullis',
    'table inet portcullis\ndelete table inet portcullis\n',
    'table inet portcullis {\n\tchain a/input {\n\t\ttcp dport { 22, 23 } accept\n\t}\n}\n',
    'add element inet portcullis trial { ipv4 timeout 60s, ipv6 timeout 60s }',
    'create set inet portcullis trial { typeof meta nfproto; flags timeout; comment "by }{ ; include x"; }',
    'insert rule inet portcullis input meta nfproto @trial goto b/input; delete set inet portcullis trial',
    'add rule inet portcullis input log prefix "a\\b $x" # the rest is a comment } include',
    'flush chain inet portcullis input\ndelete chain inet portcullis a/input\ndestroy table inet portcullis-lockdown',
    'add counter inet portcullis flow-include',
    'table inet portcullis {\n\tchain redirects {\n\t\ttype nat hook output priority -100; policy accept;\n\t\tmeta nfproto @trial goto b/redirects\n\t}\n}\n',
  ];
  for (const text of accepted) {
    test(JSON.stringify(text.slice(0, 70)), () => assert.deepEqual(foreignCommands(text), []));
  }
});

describe('a text is not given to the kernel', () => {
  const refused: readonly (readonly [text: string, line: number, why: RegExp])[] = [
    ['flush ruleset', 1, /about no object/],
    ['table inet portcullis\n\nflush ruleset\n', 3, /about no object/],
    ['table inet filter {\n}\n', 1, /names no table of ours/],
    ['table ip portcullis {\n}\n', 1, /names no table of ours/],
    ['table portcullis {\n}\n', 1, /names no table of ours/],
    ['add rule inet docker input accept', 1, /names no table of ours/],
    ['add rule inet portcullis-2 input accept', 1, /names no table of ours/],
    ['delete table inet portcullis; delete table ip filter', 1, /names no table of ours/],
    ['table inet portcullis { } ; table ip nat { }', 1, /names no table of ours/],
    ['table inet portcullis { } table ip nat { }', 1, /goes on after its table/],
    ['table inet portcullis x { }', 1, /goes on after its table/],
    ['include "/etc/passwd"', 1, /says `include`/],
    ['table inet portcullis {\n  include "/tmp/x"\n}', 2, /says `include`/],
    ['define x = 1\n', 1, /says `define`/],
    ['table inet portcullis {\n chain a { ip saddr $x accept\n }\n}', 2, /uses a variable/],
    ['table inet portcullis {\n', 1, /never closed/],
    ['table inet portcullis { } }\nflush ruleset', 1, /never opened/],
    ['add rule inet portcullis input log prefix "a', 1, /quote is never closed/],
    ['table inet portcullis \\\n{ }', 1, /backslash/],
    ['table inet portcullis\r\nflush ruleset', 1, /control character/],
    ['table inet portcullis {\u0000}', 1, /control character/],
    ['list ruleset', 1, /no command that we give/],
    ['"table" inet portcullis', 1, /no command that we give/],
    ['add table inet "portcullis"', 1, /names no table of ours/],
    ['table inet portcullis { }\nadd rule ip nat OUTPUT dnat to 127.0.0.1:3129', 2, /names no table of ours/],
    ['add ct helper inet portcullis x { }', 1, /about no object/],
  ];
  for (const [text, line, why] of refused) {
    test(JSON.stringify(text.slice(0, 70)), () => {
      const [first] = foreignCommands(text);
      assert.ok(first !== undefined, 'it was taken');
      assert.equal(first.line, line);
      assert.match(first.why, why);
    });
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { matchesDnsPattern, parseDnsName, parseDnsPattern } from './dns-name.ts';

describe('host names', () => {
  for (const [text, expected] of [
    ['Discord.COM', 'discord.com'],
    ['discord.com.', 'discord.com'],
    ['localhost', 'localhost'],
    ['_dmarc.example.com', '_dmarc.example.com'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(parseDnsName(text), expected));
  }

  // egress-attacks.md P1 and P2: what a gateway must not take for a name.
  for (const text of [
    '',
    '.',
    '..',
    'a..b',
    '-a.b',
    'a-.b',
    'a b.c',
    'a\0.b',
    'a\n.b',
    'a%00.b',
    'u@h',
    'a#b',
    'a\\b',
    'bücher.example',
    '127.0.0.1',
    '0x7f.1',
    '1.2.3.0x7f',
    '2130706433',
    `${'a'.repeat(64)}.b`,
    `${'a.'.repeat(127)}ab`,
  ]) {
    it(`refuses ${JSON.stringify(text).slice(0, 40)}`, () => assert.equal(parseDnsName(text), undefined));
  }
});

describe('patterns', () => {
  const name = (text: string) => {
    const parsed = parseDnsName(text);
    assert.ok(parsed !== undefined);
    return parsed;
  };

  it('match every depth below a wildcard, and not its apex', () => {
    const pattern = parseDnsPattern('*.discord.gg');
    assert.ok(pattern !== undefined);
    assert.ok(matchesDnsPattern(pattern, name('gateway.discord.gg')));
    assert.ok(matchesDnsPattern(pattern, name('a.b.discord.gg')));
    assert.ok(!matchesDnsPattern(pattern, name('discord.gg')));
    assert.ok(!matchesDnsPattern(pattern, name('evildiscord.gg')));
    assert.ok(!matchesDnsPattern(pattern, name('discord.gg.evil.example')));
  });

  for (const text of ['*', '*.com', '*.*.com', 'a.*.com', 'a*.example.com', '**.example.com', '*.']) {
    it(`refuses ${text}`, () => assert.equal(parseDnsPattern(text), undefined));
  }
});

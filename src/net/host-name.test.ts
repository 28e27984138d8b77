import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatAddress } from './address.ts';
import { type Host, type NoHost, parseAuthority, parseHost } from './host-name.ts';

function shown(host: Host | NoHost): string {
  switch (host.kind) {
    case 'name':
      return host.name;
    case 'address':
      return `address ${formatAddress(host.address)}`;
    case 'none':
      return `none: ${host.sentence}`;
  }
}

describe('a host, in the one form in which it is compared', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['discord.com', 'discord.com'],
    ['DISCORD.com', 'discord.com'],
    ['discord.com.', 'discord.com'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['_dmarc.example.com', '_dmarc.example.com'],
    ['192.0.2.1', 'address 192.0.2.1'],
    ['[2001:DB8::1]', 'address 2001:db8::1'],
  ];
  for (const [text, expected] of cases) {
    test(text, () => assert.equal(shown(parseHost(text, { bracketed: true })), expected));
  }
});

describe('what is no host', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /empty/],
    ['a'.repeat(64), /no name/],
    [`${'a.'.repeat(130)}com`, /longer/],
    ['discord.com\0.evil.example', /character/],
    ['discord.com\r\nHost: evil.example', /character/],
    ['discord.com%00', /character/],
    ['discord%2ecom', /character/],
    ['user@discord.com', /character/],
    ['discord.com#.evil.example', /character/],
    ['evil.example\\discord.com', /character/],
    ['discord.com/..', /character/],
    ['discord com', /character/],
    ['bücher.example', /character/],
    ['discord。com', /character/], // the ideographic full stop, which IDNA maps to a dot (UTS 46)
    ['discord..com', /no name/],
    ['.discord.com', /no name/],
    ['discord.com..', /no name/],
    ['-a.example', /no name/],
    ['127.1', /read differently/],
    ['0x7f.0.0.1', /read differently/],
    ['0177.0.0.1', /read differently/],
    ['2130706433', /read differently/],
    ['0x7f000001', /read differently/],
    ['127.0.0.1.', /read differently/],
    ['1.2.3.4.5', /no name/],
    ['example.123', /no name/],
    ['::1', /without brackets/],
    ['[::ffff:127.0.0.1]', /clothes/],
    ['[::ffff:7f00:1]', /clothes/],
    ['[fe80::1%eth0]', /zone id/],
    ['[127.0.0.1]', /read differently/],
    ['[::1', /no closing/],
  ];
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () => assert.match(shown(parseHost(text, { bracketed: true })), expected));
  }
});

describe('a host with its port', () => {
  const cases: readonly (readonly [string, number | undefined, string])[] = [
    ['discord.com:443', undefined, 'discord.com 443'],
    ['discord.com', 80, 'discord.com 80'],
    ['[2001:db8::1]:8443', undefined, 'address 2001:db8::1 8443'],
    ['[2001:db8::1]', 443, 'address 2001:db8::1 443'],
    ['discord.com', undefined, 'none: has no port'],
    ['discord.com:', 443, 'none: is followed by something that is no port'],
    ['discord.com:0', 443, 'none: is followed by a port that does not exist'],
    ['discord.com:65536', 443, 'none: is followed by a port that does not exist'],
    ['discord.com:443:80', 443, 'none: is an IPv6 address without brackets'],
    ['discord.com:+443', 443, 'none: is followed by something that is no port'],
    ['discord.com:443@evil.example:80', 443, 'none: has a character that is in no host name'],
  ];
  for (const [text, port, expected] of cases) {
    test(text, () => {
      const authority = parseAuthority(text, port);
      const said = authority.kind === 'none' ? shown(authority) : `${shown(authority.host)} ${authority.port}`;
      assert.equal(said, expected);
    });
  }
});

test('whatever is taken for a host is taken for the same one when it is written out', () => {
  const letter = fc.constantFrom(...'abcXYZ019.-_:[]%@ \0\r\n\\/#üx');
  fc.assert(
    fc.property(fc.array(letter, { maxLength: 40 }), (letters) => {
      const host = parseHost(letters.join(''), { bracketed: true });
      if (host.kind === 'none') return;
      const text =
        host.kind === 'name'
          ? host.name
          : host.address.family === 6
            ? `[${formatAddress(host.address)}]`
            : formatAddress(host.address);
      assert.deepEqual(parseHost(text, { bracketed: true }), host);
    }),
    { numRuns: 2_000 },
  );
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatDnsPattern, formatRange, PROTOCOLS } from '../net/index.ts';
import { SourceFile } from '../source/index.ts';
import { parseDestination, parseEndpoint } from './endpoint-text.ts';
import type { Endpoint, ServiceReference, Transport } from './policy-file.ts';
import { Reporter } from './reporter.ts';
import { parseService } from './service-text.ts';
import { parseAccount, parseCgroup, parseDate, parseInterface, parseRate } from './text.ts';

type Parse<T> = (
  text: string,
  span: { file: SourceFile; start: number; end: number },
  report: Reporter,
) => T | undefined;

/** What the text means, or the code of the problem that is reported. */
function read<T>(parse: Parse<T>, text: string): T | string | undefined {
  const report = new Reporter();
  const value = parse(text, { file: new SourceFile('test', text), start: 0, end: text.length }, report);
  const [problem, ...more] = report.diagnostics();
  assert.equal(more.length, 0, 'one problem at most');
  assert.equal(value === undefined, problem !== undefined, 'a value or a problem, never both or none');
  return value ?? problem?.code;
}

describe('a service', () => {
  const tcp = (first: number, last = first): Transport => ({ protocol: PROTOCOLS.tcp, ports: { first, last } });
  const echo: Transport = { protocol: PROTOCOLS.icmp, family: 4, icmp: { type: 8 } };
  const echo6: Transport = { protocol: PROTOCOLS.icmpv6, family: 6, icmp: { type: 128 } };
  const transports = (...of: Transport[]): ServiceReference => ({ kind: 'transports', transports: of });
  const cases: readonly (readonly [string, ServiceReference | string])[] = [
    ['ssh', { kind: 'name', name: 'ssh' }],
    ['any', { kind: 'any' }],
    ['tcp/22', transports(tcp(22))],
    ['22/tcp', transports(tcp(22))],
    ['TCP/22', transports(tcp(22))],
    ['tcp/0', transports(tcp(0))],
    ['tcp/65535', transports(tcp(65535))],
    ['tcp/65536', 'P0042'],
    ['tcp/8000-8100', transports(tcp(8000, 8100))],
    ['tcp/1-65535', transports(tcp(1, 65535))],
    ['tcp/80,443', transports(tcp(80), tcp(443))],
    ['tcp/80,', 'P0042'],
    ['tcp/any', transports({ protocol: PROTOCOLS.tcp })],
    ['tcp/*', transports({ protocol: PROTOCOLS.tcp })],
    ['any/tcp', transports({ protocol: PROTOCOLS.tcp })],
    ['sctp/80', transports({ protocol: PROTOCOLS.sctp, ports: { first: 80, last: 80 } })],
    ['gre', transports({ protocol: PROTOCOLS.gre })],
    ['protocol/47', transports({ protocol: 47 })],
    ['protocol/256', 'P0040'],
    ['icmp', transports({ protocol: PROTOCOLS.icmp, family: 4 }, { protocol: PROTOCOLS.icmpv6, family: 6 })],
    ['icmp/echo-request', transports(echo, echo6)],
    ['icmpv4/echo-request', transports(echo)],
    ['icmpv6/echo-request', transports(echo6)],
    ['icmp/8', transports(echo)],
    ['icmpv6/128', transports(echo6)],
    ['icmp/redirect', transports({ protocol: PROTOCOLS.icmp, family: 4, icmp: { type: 5 } })],
    ['icmp/packet-too-big', transports({ protocol: PROTOCOLS.icmpv6, family: 6, icmp: { type: 2 } })],
    ['icmp/3/4', transports({ protocol: PROTOCOLS.icmp, family: 4, icmp: { type: 3, code: 4 } })],
    ['icmp/destination-unreachable/4', 'P0047'],
    ['icmp/8/256', 'P0046'],
    ['icmp/__proto__', 'P0046'],
    ['443', 'P0045'],
    ['tcp', 'P0044'],
    ['gre/1', 'P0043'],
    ['tcp/1/2', 'P0040'],
    ['constructor/1', 'P0041'],
    ['', 'P0040'],
  ];
  for (const [text, expected] of cases) test(`\`${text}\``, () => assert.deepEqual(read(parseService, text), expected));
});

describe('an end of a flow', () => {
  const show = (end: Endpoint | string | undefined): string | undefined => {
    if (end === undefined || typeof end === 'string') return end;
    switch (end.kind) {
      case 'zone':
      case 'catalog':
        return `${end.kind} ${end.name}`;
      case 'addresses':
        return `addresses ${formatRange(end.range)}`;
      case 'domain':
        return `domain ${formatDnsPattern(end.pattern)}`;
    }
  };
  const cases: readonly (readonly [string, string])[] = [
    ['agent', 'zone agent'],
    ['catalog:discord', 'catalog discord'],
    ['catalog:a.b', 'P0030'],
    ['10.0.0.1', 'addresses 10.0.0.1'],
    ['10.0.0.0/8', 'addresses 10.0.0.0/8'],
    ['10.0.0.1-10.0.0.3', 'addresses 10.0.0.1-10.0.0.3'],
    ['2001:db8::1', 'addresses 2001:db8::1'],
    ['[2001:db8::1]', 'addresses 2001:db8::1'],
    ['[2001:db8::/32]', 'addresses 2001:db8::/32'],
    ['2001:db8::1-2001:db8::f', 'addresses 2001:db8::1-2001:db8::f'],
    ['::ffff:10.0.0.1', 'addresses ::ffff:10.0.0.1'],
    ['10.0.0.1/8', 'P0032'],
    ['10.0.0.256', 'P0031'],
    ['1.2.3', 'P0031'],
    ['api.example.com', 'domain api.example.com'],
    ['API.Example.COM.', 'domain api.example.com'],
    ['*.example.com', 'domain *.example.com'],
    ['*.com', 'P0030'],
    ['1.2.3.example.com', 'domain 1.2.3.example.com'],
    ['https://example.com', 'P0037'],
    ['', 'P0030'],
  ];
  for (const [text, expected] of cases)
    test(`\`${text}\``, () => assert.equal(show(read(parseEndpoint, text)), expected));

  test('with its service, as tests write it', () => {
    const split = (text: string) => {
      const found = read(parseDestination, text);
      return found === undefined || typeof found === 'string' ? found : [show(found.to), JSON.stringify(found.service)];
    };
    const https = JSON.stringify({
      kind: 'transports',
      transports: [{ protocol: 6, ports: { first: 443, last: 443 } }],
    });
    const any = JSON.stringify({ kind: 'any' });
    const ssh = JSON.stringify({ kind: 'name', name: 'ssh' });
    assert.deepEqual(split('discord.com:443/tcp'), ['domain discord.com', https]);
    assert.deepEqual(split('198.51.100.7:443/tcp'), ['addresses 198.51.100.7', https]);
    assert.deepEqual(split('[2001:db8::1]:443/tcp'), ['addresses 2001:db8::1', https]);
    assert.deepEqual(split('10.0.0.0/8:tcp/443'), ['addresses 10.0.0.0/8', https]);
    assert.deepEqual(split('2001:db8::/32'), ['addresses 2001:db8::/32', any]);
    assert.deepEqual(split('catalog:discord:443/tcp'), ['catalog discord', https]);
    assert.deepEqual(split('catalog:discord'), ['catalog discord', any]);
    assert.deepEqual(split('agent:ssh'), ['zone agent', ssh]);
    assert.deepEqual(split('agent'), ['zone agent', any]);
    assert.equal(split('agent:'), 'P0040');
    assert.equal(split('agent:443'), 'P0045');
  });
});

describe('small values', () => {
  const cases: readonly (readonly [string, Parse<unknown>, string, unknown])[] = [
    ['rate', parseRate, '6/minute', { count: 6, per: 'minute', perSource: false }],
    ['rate', parseRate, '10/second per source', { count: 10, per: 'second', perSource: true }],
    ['rate', parseRate, ' 6 / minute  per  source ', { count: 6, per: 'minute', perSource: true }],
    ['rate', parseRate, '4294967295/day', { count: 4294967295, per: 'day', perSource: false }],
    ['rate', parseRate, '4294967296/day', 'P0050'],
    ['rate', parseRate, '0/day', 'P0050'],
    ['rate', parseRate, '6/min', 'P0050'],
    ['rate', parseRate, '6/minute per host', 'P0050'],
    ['date', parseDate, '2027-03-31', '2027-03-31'],
    ['date', parseDate, '2028-02-29', '2028-02-29'],
    ['date', parseDate, '2027-02-29', 'P0051'],
    ['date', parseDate, '2027-3-31', 'P0051'],
    ['date', parseDate, '2027-13-01', 'P0051'],
    ['account', parseAccount, 'openclaw', { kind: 'name', name: 'openclaw' }],
    ['account', parseAccount, '998', { kind: 'uids', first: 998, last: 998 }],
    ['account', parseAccount, '1000-1999', { kind: 'uids', first: 1000, last: 1999 }],
    ['account', parseAccount, '4294967294', { kind: 'uids', first: 4294967294, last: 4294967294 }],
    ['account', parseAccount, '4294967295', 'P0052'],
    ['account', parseAccount, '2-1', 'P0052'],
    ['account', parseAccount, 'a b', 'P0052'],
    ['interface', parseInterface, 'eth0', { name: 'eth0', wildcard: false }],
    ['interface', parseInterface, 'br-*', { name: 'br-', wildcard: true }],
    ['interface', parseInterface, 'abcdefghijklmno', { name: 'abcdefghijklmno', wildcard: false }],
    ['interface', parseInterface, 'abcdefghijklmnop', 'P0053'],
    ['interface', parseInterface, '*', 'P0053'],
    ['interface', parseInterface, 'a/b', 'P0053'],
    ['cgroup', parseCgroup, 'system.slice/openclaw.service', 'system.slice/openclaw.service'],
    ['cgroup', parseCgroup, '/system.slice/', 'system.slice'],
    ['cgroup', parseCgroup, '/sys/fs/cgroup/user.slice', 'user.slice'],
    ['cgroup', parseCgroup, 'a/../b', 'P0054'],
    ['cgroup', parseCgroup, '/', 'P0054'],
  ];
  for (const [what, parse, text, expected] of cases) {
    test(`${what} \`${text}\``, () => assert.deepEqual(read(parse, text), expected));
  }
});

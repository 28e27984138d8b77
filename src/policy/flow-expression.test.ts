import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { formatRange } from '../net/index.ts';
import { type FlowEnd, parseFlowExpression } from './flow-expression.ts';

function end(of: FlowEnd): string {
  const host = of.kind === 'addresses' ? formatRange(of.range) : `${of.kind} ${of.name}`;
  return of.ports === undefined ? host : `${host} ports ${of.ports.first}-${of.ports.last}`;
}

suite('a flow expression', () => {
  const table: readonly (readonly [text: string, protocol: number, from: string, to: string])[] = [
    ['tcp 203.0.113.9 -> 10.0.0.5:22', 6, '203.0.113.9', '10.0.0.5 ports 22-22'],
    ['tcp 10.0.0.5:40000 -> 1.1.1.1:443', 6, '10.0.0.5 ports 40000-40000', '1.1.1.1 ports 443-443'],
    ['udp agent -> 9.9.9.9:53', 17, 'name agent', '9.9.9.9 ports 53-53'],
    ['icmp echo-request 10.0.0.9 -> host', 1, '10.0.0.9', 'name host'],
    ['icmpv6 echo-request [2001:db8::1] -> [2001:db8::2]', 58, '2001:db8::1', '2001:db8::2'],
    ['icmpv6 128 2001:db8::1 -> 2001:db8::2', 58, '2001:db8::1', '2001:db8::2'],
    ['tcp agent -> discord.com:443', 6, 'name agent', 'name discord.com ports 443-443'],
    ['tcp agent -> catalog:discord:443', 6, 'name agent', 'name catalog:discord ports 443-443'],
    ['tcp agent -> catalog:discord', 6, 'name agent', 'name catalog:discord'],
    [
      'tcp shop/web[Deployment] -> shop/db[StatefulSet]:5432',
      6,
      'workload shop/web[Deployment]',
      'workload shop/db[StatefulSet] ports 5432-5432',
    ],
    ['TCP 10.0.0.0/8 -> [2001:db8::/32]:8000-8100', 6, '10.0.0.0/8', '2001:db8::/32 ports 8000-8100'],
    ['tcp 10.0.0.1-10.0.0.9->host:22', 6, '10.0.0.1-10.0.0.9', 'name host ports 22-22'],
    ['47 10.0.0.1 -> 10.0.0.2', 47, '10.0.0.1', '10.0.0.2'],
  ];
  for (const [text, protocol, from, to] of table) {
    test(text, () => {
      const { flow, diagnostics } = parseFlowExpression(text);
      assert.deepEqual(diagnostics, []);
      assert.deepEqual([flow?.protocol, end(flow!.from), end(flow!.to)], [protocol, from, to]);
    });
  }

  test('its suffixes, in any order', () => {
    const { flow } = parseFlowExpression('tcp a -> b:1 state established uid openclaw iif eth0 mark 0x4000 oif br-1');
    assert.deepEqual(
      [flow?.inInterface?.text, flow?.outInterface?.text, flow?.account?.text, flow?.state?.text, flow?.mark],
      ['eth0', 'br-1', 'openclaw', 'established', 0x4000],
    );
  });

  test('marks of 32 bits', () => {
    assert.equal(parseFlowExpression('tcp a -> b:1 mark 4294967295').flow?.mark, 0xffff_ffff);
    for (const mark of ['4294967296', '0x100000000', '-1', 'x', '1.5'])
      assert.deepEqual(
        parseFlowExpression(`tcp a -> b:1 mark ${mark}`).diagnostics.map(({ code }) => code),
        ['F0009'],
      );
  });

  test('all that is wrong with it at once', () => {
    const { flow, diagnostics } = parseFlowExpression('tpc 10.0.0.300 -> 10.0.0.1/8:99999 iif');
    assert.equal(flow, undefined);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['F0002', 'F0005', 'F0004', 'F0009'],
    );
  });

  test('places point into the file that it stands in', () => {
    const whole = parseFlowExpression('tcp a -> b:99999').diagnostics[0]!.span!;
    assert.equal(whole.file.text.slice(whole.start, whole.end), '99999');
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import dnsPacket, { type Answer as PacketAnswer } from 'dns-packet';
import { formatAddress } from '../../net/index.ts';
import { ANSWER_LIMITS, type Answer } from './answer.ts';
import { AnswerCache } from './cache.ts';
import { TYPE } from './record-type.ts';
import { clock, found, resolver, shown, upstream } from './resolver.fixture.ts';
import { RESOLVER_LIMITS } from './resolver.ts';
import { addresses, answerTo, type Says, StandIn } from './stand-in.fixture.ts';
import { name } from './world.fixture.ts';

const a = (owner: string, data: string, ttl = 300): PacketAnswer => ({ type: 'A', name: owner, data, ttl });
const alias = (owner: string, data: string, ttl = 300): PacketAnswer => ({ type: 'CNAME', name: owner, data, ttl });
const soa = (owner: string, minimum: number, ttl = 3_600): PacketAnswer => ({
  type: 'SOA',
  name: owner,
  ttl,
  data: { mname: `ns.${owner}`, rname: `root.${owner}`, serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
});

describe('what is believed of an answer', () => {
  const cases: readonly {
    readonly name: string;
    readonly says: Says;
    readonly found: string;
    readonly host?: string;
  }[] = [
    {
      name: 'addresses of the name',
      says: addresses('93.184.216.34', '93.184.216.35'),
      found: '93.184.216.34 93.184.216.35 for 300',
    },
    {
      name: 'D11 the end of a chain of aliases, not what is beside it',
      says: () => ({
        answers: [
          a('evil.example', '93.0.0.66'),
          alias('api.example', 'b.cdn.example', 100),
          a('c.cdn.example', '93.0.0.1'),
          alias('b.cdn.example', 'c.cdn.example'),
          a('api.example', '93.0.0.67'),
        ],
        additionals: [a('api.example', '93.0.0.68')],
      }),
      found: '5 5 93.0.0.1 for 100',
    },
    {
      name: 'D11 no chain that goes in a circle',
      says: () => ({ answers: [alias('api.example', 'b.example'), alias('b.example', 'api.example')] }),
      found: 'unusable',
    },
    {
      name: 'D11 no chain without end',
      says: () => ({
        answers: [
          alias('api.example', 'n0.example'),
          ...Array.from({ length: 12 }, (_, at) => alias(`n${at}.example`, `n${at + 1}.example`)),
          a('n12.example', '93.0.0.1'),
        ],
      }),
      found: 'unusable',
    },
    {
      name: 'D10 a time to live of 0 as the least',
      says: () => ({ answers: [a('api.example', '93.0.0.1', 0)] }),
      found: '93.0.0.1 for 5',
    },
    {
      name: 'D10 2^31 as 0 (RFC 2181 8)',
      says: () => ({ answers: [a('api.example', '93.0.0.1', 2 ** 31)] }),
      found: '93.0.0.1 for 5',
    },
    {
      name: 'D10 2^31 - 1 as the most',
      says: () => ({ answers: [a('api.example', '93.0.0.1', 2 ** 31 - 1)] }),
      found: '93.0.0.1 for 3600',
    },
    {
      name: 'the least time of a chain',
      says: () => ({ answers: [alias('api.example', 'b.example', 20), a('b.example', '93.0.0.1', 400)] }),
      found: '5 93.0.0.1 for 20',
    },
    {
      name: 'that there is no such name, for as long as its zone says',
      says: () => ({ flags: 3, authorities: [soa('example', 30)] }),
      found: 'no name  for 30',
    },
    {
      name: 'that there is nothing, for less than a zone may wish',
      says: () => ({ authorities: [soa('example', 86_400)] }),
      found: ' for 300',
    },
    {
      name: 'no zone that the name is not in',
      says: () => ({ flags: 3, authorities: [soa('other.test', 200)] }),
      found: 'no name  for 5',
    },
    { name: 'no resolver that could not find out', says: () => ({ flags: 2 }), found: 'refused' },
    { name: 'no address that is too short', says: (query) => ({ raw: [shortAddress(query)] }), found: ' for 5' },
  ];
  for (const { name: title, says, found: expected, host } of cases) {
    test(title, async () => assert.equal(await found(says, host), expected));
  }

  test('D10 of 200 addresses as many as are kept', async () => {
    const texts = Array.from({ length: 200 }, (_, at) => `93.0.0.${at}`);
    const answer = await found((query, by) =>
      by === 'udp' ? { flags: dnsPacket.TRUNCATED_RESPONSE } : addresses(...texts)(query, by, Buffer.alloc(0)),
    );
    assert.equal(answer.split(' ').length - 2, ANSWER_LIMITS.records);
  });

  test('service bindings without what hides a name or gives an address', async () => {
    const binding = (...params: readonly [number, Buffer][]) =>
      Buffer.concat([Buffer.of(0, 1, 0), ...params.map(([key, value]) => param(key, value))]);
    const alpn = [1, Buffer.from('\u0002h2')] as const;
    const told = async (data: Buffer): Promise<string[]> => {
      upstream.says = (query) => ({ raw: [withRecord(answerTo(query, {}), TYPE.HTTPS, data)] });
      const answer = await resolver().lookUp({ name: name('api.example'), type: TYPE.HTTPS });
      return answer.kind === 'found' ? answer.records.map((record) => record.data.toString('hex')) : [answer.why];
    };
    const plain = binding([...alpn]);
    assert.deepEqual(await told(plain), [plain.toString('hex')]);
    assert.deepEqual(
      await told(binding([...alpn], [4, Buffer.of(10, 0, 0, 1)], [5, Buffer.from('ech')], [6, Buffer.alloc(16)])),
      [plain.toString('hex')],
    );
    assert.deepEqual(await told(binding([0, Buffer.of(0, 5)], [5, Buffer.from('ech')])), [], 'mandatory ech');
    assert.deepEqual(await told(binding([5, Buffer.from('ech')], [...alpn])), [], 'keys out of order');
    assert.deepEqual(await told(Buffer.from([0, 0, 1, 0x78, 0])), [], 'another name');
    assert.deepEqual(await told(plain.subarray(0, -1)), [], 'cut short');
  });
});

function param(key: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(key);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value]);
}

/** A reply with one more record, of any type, of the name in the question. */
function withRecord(reply: Buffer, type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(300, 6);
  head.writeUInt16BE(data.length, 10);
  const whole = Buffer.concat([reply, head, data]);
  whole.writeUInt16BE(1, 6);
  return whole;
}

function shortAddress(query: dnsPacket.DecodedPacket): Buffer {
  return withRecord(answerTo(query, {}), TYPE.A, Buffer.of(93, 0, 0));
}

describe('D13 a spoofed answer', () => {
  /** The stand-in speaks with the upstream's own address and port: only what the query has in it can tell. */
  const forged = async (forge: (right: Buffer) => Buffer): Promise<string> =>
    found((query) => {
      const right = answerTo(query, { answers: [a('api.example', '93.0.0.1')] });
      const wrong = forge(answerTo(query, { answers: [a('api.example', '93.66.66.66')] }));
      return { raw: [wrong, right] };
    });
  test('with another id is passed over', async () => {
    const answer = await forged((reply) => {
      reply.writeUInt16BE(reply.readUInt16BE(0) ^ 1, 0);
      return reply;
    });
    assert.equal(answer, '93.0.0.1 for 300');
  });
  test('to another question is passed over', async () => {
    const answer = await forged((reply) => {
      const query = dnsPacket.decode(reply);
      return answerTo({ ...query, questions: [{ type: 'A', name: 'evil.example' }] }, { answers: query.answers ?? [] });
    });
    assert.equal(answer, '93.0.0.1 for 300');
  });
  test('that is a query, or of two questions, is passed over', async () => {
    assert.equal(
      await forged((reply) => Buffer.concat([reply.subarray(0, 2), Buffer.of(0x01), reply.subarray(3)])),
      '93.0.0.1 for 300',
    );
    assert.equal(
      await forged((reply) => Buffer.concat([reply.subarray(0, 5), Buffer.of(2), reply.subarray(6)])),
      '93.0.0.1 for 300',
    );
  });
  test('with other letters makes it ask by TCP, where nobody can put in a word', async () => {
    const answer = await found((query, by) => {
      if (by === 'tcp') return { answers: [a('api.example', '93.0.0.1')] };
      const questions = (query.questions ?? []).map((each) => ({ ...each, name: swapCase(each.name) }));
      return { raw: [answerTo({ ...query, questions }, { answers: [a('api.example', '93.66.66.66')] })] };
    });
    assert.equal(answer, '93.0.0.1 for 300');
  });
  test('from elsewhere does not arrive', async () => {
    const other = await StandIn.start(() => undefined);
    const { createSocket } = await import('node:dgram');
    const spoofer = createSocket('udp4');
    const answer = await found(
      (query) => {
        const port = upstream.ports.at(-1)!;
        spoofer.send(answerTo(query, { answers: [a('api.example', '93.66.66.66')] }), port, '127.0.0.1');
        setTimeout(() => spoofer.send(answerTo(query, {}), port, '127.0.0.1'), 20);
        return undefined;
      },
      'api.example',
      TYPE.A,
      resolver({ limits: { ...RESOLVER_LIMITS, tryMs: 200 } }),
    );
    spoofer.close();
    other.close();
    assert.equal(answer, 'no-reply');
  });
  test('has to guess port, id and letters anew each time', async () => {
    upstream.says = addresses('93.0.0.1');
    const made = resolver();
    for (let at = 0; at < 30; at++) await made.lookUp({ name: name(`abcdefghij${at}.example`), type: TYPE.A });
    assert.ok(new Set(upstream.ports).size > 20, 'the same ports');
    const letters = upstream.names.map((each) => each.slice(0, 10));
    assert.ok(new Set(letters).size > 20, 'the same letters');
    assert.ok(letters.every((each) => each.toLowerCase() === 'abcdefghij'));
  });
});

function swapCase(text: string): string {
  return [...text].map((each) => (each === each.toLowerCase() ? each.toUpperCase() : each.toLowerCase())).join('');
}

describe('a resolver', () => {
  test('asks once for what many ask at once, and not again while it is good', async () => {
    clock.now = 0;
    upstream.says = addresses('93.0.0.1');
    const made = resolver();
    const question = { name: name('api.example'), type: TYPE.A };
    await Promise.all(Array.from({ length: 50 }, () => made.lookUp(question)));
    clock.now = 299_999;
    await made.lookUp(question);
    assert.equal(upstream.asked.length, 1);
    clock.now = 300_000;
    await made.lookUp(question);
    assert.equal(upstream.asked.length, 2);
  });

  test('remembers for a second that nothing came of it (RFC 9520)', async () => {
    clock.now = 0;
    upstream.says = () => ({ flags: 2 });
    const made = resolver();
    const question = { name: name('api.example'), type: TYPE.A };
    await made.lookUp(question);
    await made.lookUp(question);
    assert.equal(upstream.asked.length, 1);
    clock.now = 1_000;
    await made.lookUp(question);
    assert.equal(upstream.asked.length, 2);
  });

  test('turns to the next upstream where one is silent, broken or refuses', async () => {
    for (const bad of [
      () => undefined,
      () => ({ flags: 5 }),
      () => ({ raw: [Buffer.from('nonsense')] }),
    ] satisfies Says[]) {
      const first = await StandIn.start(bad);
      const limits = { ...RESOLVER_LIMITS, tryMs: 300, totalMs: 30_000 };
      const made = resolver({ upstreams: [first.upstream(), upstream.upstream()], limits });
      assert.equal(await found(addresses('93.0.0.1'), 'api.example', TYPE.A, made), '93.0.0.1 for 300');
      const before = first.asked.length;
      await made.lookUp({ name: name('b.example'), type: TYPE.A });
      assert.equal(first.asked.length, before, 'the one that answered is asked first from then on');
      first.close();
    }
  });

  test('asks by TCP for what does not fit, and where it is told to', async () => {
    const says: Says = (query, by) =>
      by === 'udp' ? { flags: dnsPacket.TRUNCATED_RESPONSE } : addresses('93.0.0.1')(query, by, Buffer.alloc(0));
    assert.equal(await found(says), '93.0.0.1 for 300');
    const made = resolver({ upstreams: [upstream.upstream('tcp')] });
    const names = Array.from({ length: 20 }, (_, at) => `n${at}.example`);
    upstream.says = addresses('93.0.0.1');
    const answers = await Promise.all(names.map((each) => made.lookUp({ name: name(each), type: TYPE.A })));
    assert.deepEqual(new Set(answers.map(shown)), new Set(['93.0.0.1 for 300']));
  });

  test('has only so many questions under way', async () => {
    upstream.says = () => undefined;
    const made = resolver({ limits: { ...RESOLVER_LIMITS, outstanding: 2, tryMs: 50, totalMs: 100 } });
    const ask = (host: string) => made.lookUp({ name: name(host), type: TYPE.A });
    const waiting = [ask('a.example'), ask('b.example')];
    const refused = await ask('c.example');
    assert.equal(shown(refused), 'busy');
    assert.deepEqual((await Promise.all(waiting)).map(shown), ['no-reply', 'no-reply']);
  });

  test('gives a dialler both families, and does not wait long for one of them', async () => {
    upstream.says = addresses('93.0.0.1', '2606::1');
    assert.deepEqual((await resolver().of(name('api.example'))).map(formatAddress), ['93.0.0.1', '2606::1']);
    upstream.says = (query, by, raw) =>
      query.questions?.[0]?.type === 'A' ? addresses('93.0.0.1')(query, by, raw) : undefined;
    const start = performance.now();
    const slow = resolver({ limits: { ...RESOLVER_LIMITS, tryMs: 2_000 } });
    assert.deepEqual((await slow.of(name('b.example'))).map(formatAddress), ['93.0.0.1']);
    assert.ok(performance.now() - start < 1_500);
    upstream.says = () => ({ flags: 3 });
    assert.deepEqual(await resolver().of(name('c.example')), []);
  });
});

test('a cache lets go of what was used longest ago when it is full', () => {
  const cache = new AnswerCache(1_000);
  const answer: Answer = { kind: 'failed', why: 'refused', until: 10 };
  for (const key of ['a', 'b', 'c', 'd']) cache.put(key, answer);
  assert.equal(cache.get('a', 0), answer);
  cache.put('e', answer);
  assert.equal(cache.get('b', 0), undefined);
  assert.equal(cache.get('a', 0), answer);
  assert.equal(cache.get('a', 10), undefined, 'it is no longer good');
  for (let at = 0; at < 10_000; at++) cache.put(`n${at}`, answer);
  assert.ok(cache.size <= 5);
});

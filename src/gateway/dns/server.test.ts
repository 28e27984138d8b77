import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import dnsPacket from 'dns-packet';
import { selfSigned } from '../../../test/lab/certificate.ts';
import { findProgram } from '../../host/index.ts';
import { TYPE } from './record-type.ts';
import { RESOLVER_LIMITS, Resolver } from './resolver.ts';
import { DNS_TCP_LIMITS } from './server.ts';
import { addresses, answerTo, framed, LOOPBACK, queryOf, StandIn, toldBy } from './stand-in.fixture.ts';
import { name, World } from './world.fixture.ts';

let upstream: StandIn;
before(async () => {
  upstream = await StandIn.start(addresses('93.184.216.34'));
});
after(() => upstream.close());

/** A client's connection, with what came over it. */
interface Line {
  readonly socket: Socket;
  readonly replies: () => Buffer[];
  readonly closed: Promise<void>;
}

function dial(port: number): Line {
  const socket = connect(port, '127.0.0.1');
  let said = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    said = Buffer.concat([said, chunk]);
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  const replies = (): Buffer[] => {
    const found: Buffer[] = [];
    for (let at = 0; at + 2 <= said.length; at += 2 + said.readUInt16BE(at))
      found.push(said.subarray(at + 2, at + 2 + said.readUInt16BE(at)));
    return found;
  };
  return { socket, replies, closed };
}

async function until(holds: () => boolean): Promise<void> {
  for (let at = 0; at < 200 && !holds(); at++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(holds(), 'it did not come to pass within two seconds');
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a server by TCP', () => {
  test('answers many queries of one connection, however they are cut', async () => {
    const world = await World.start(upstream);
    const { socket, replies } = dial(world.port);
    const bytes = Buffer.concat([1, 2, 3].map((id) => framed(queryOf('api.example', 'A', { id }))));
    for (const byte of bytes) {
      socket.write(Buffer.of(byte));
      await sleep(1);
    }
    await until(() => replies().length === 3);
    assert.deepEqual(
      replies().map((reply) => [toldBy(reply).data, reply.readUInt16BE(0)]),
      [1, 2, 3].map((id) => [['93.184.216.34'], id]),
    );
    socket.end(framed(queryOf('wild.example', 'A')));
    await until(() => replies().length === 4);
    await world.close();
  });

  test('answers whole what UDP had to cut short', async () => {
    const many = await StandIn.start((query, by, raw) =>
      by === 'udp'
        ? { flags: dnsPacket.TRUNCATED_RESPONSE }
        : addresses(...Array.from({ length: 32 }, (_, at) => `2606::${at}`))(query, by, raw),
    );
    const world = await World.start(many);
    const query = queryOf('api.example', 'AAAA', { additionals: [] });
    assert.equal(toldBy((await world.send(query))!).isTruncated, true);
    const { socket, replies } = dial(world.port);
    socket.end(framed(query));
    await until(() => replies().length === 1);
    assert.equal(toldBy(replies()[0]!).data.length, 32);
    await world.close();
    many.close();
  });

  test('lets nobody keep a connection by sending a byte now and then', async () => {
    const world = await World.start(upstream, { server: { tcp: { ...DNS_TCP_LIMITS, idleMs: 150 } } });
    const { socket, closed } = dial(world.port);
    const start = performance.now();
    const drip = setInterval(() => socket.write(Buffer.of(0)), 20);
    await closed;
    clearInterval(drip);
    assert.ok(performance.now() - start < 1_500);
    await world.close();
  });

  test('has only so many connections of one client', async () => {
    const world = await World.start(upstream, { server: { tcp: { ...DNS_TCP_LIMITS, perClient: 2 } } });
    const kept = [dial(world.port), dial(world.port)];
    await sleep(50);
    const third = dial(world.port);
    await third.closed;
    kept[0]!.socket.destroy();
    await kept[0]!.closed;
    await sleep(50);
    const again = dial(world.port);
    again.socket.write(framed(queryOf('api.example', 'A')));
    await until(() => again.replies().length === 1);
    await world.close();
    await Promise.all([kept[1]!.closed, again.closed]);
  });

  test('ends with a message that is too long, or that is none', async () => {
    const world = await World.start(upstream);
    for (const bytes of [
      Buffer.concat([Buffer.of(0xff, 0xff), Buffer.alloc(100)]),
      framed(Buffer.alloc(3)),
      framed(answerTo(dnsPacket.decode(queryOf('api.example', 'A')), {})),
    ]) {
      const { socket, closed, replies } = dial(world.port);
      socket.write(bytes);
      await closed;
      assert.deepEqual(replies(), []);
    }
    await world.close();
  });

  test('does not let answers pile up that nobody reads', async () => {
    const world = await World.start(upstream, {
      server: { tcp: { ...DNS_TCP_LIMITS, idleMs: 300 } },
      service: {
        budgets: { perSecond: 1e9, burst: 1e9, windowMs: 1e9, newNames: 10, oddNames: 10, longest: 100, clients: 10 },
      },
    });
    const { socket, closed } = dial(world.port);
    socket.pause();
    const lots = Buffer.concat(Array.from({ length: 1_000 }, () => framed(queryOf('api.example', 'A'))));
    for (let at = 0; at < 300 && !socket.destroyed; at++) {
      if (!socket.write(lots)) await Promise.race([sleep(30), closed]);
    }
    socket.resume();
    await closed;
    assert.ok(world.records.length < 250_000, `${world.records.length} were answered into nowhere`);
    await world.close();
  });
});

test('a place that is taken is an error, and nothing is left behind', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const bound = taken.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const { DnsServer } = await import('./server.ts');
  const world = await World.start(upstream);
  const server = new DnsServer({ service: world.service, whoAsks: () => undefined, tcp: DNS_TCP_LIMITS });
  await assert.rejects(server.listen([{ at: 'address', address: LOOPBACK, port }]), /EADDRINUSE/);
  taken.close();
  await world.close();
});

describe('an upstream by TLS', {
  skip:
    findProgram('openssl') === undefined ? 'SKIPPED: `openssl` is not installed, which makes the certificates' : false,
}, () => {
  test('is believed where its certificate is for its name, and by whom it should be', async () => {
    const right = await selfSigned(['dns.example']);
    const other = await selfSigned(['evil.example']);
    const asked = async (served: typeof right, trusted: typeof right): Promise<string> => {
      const server = createTlsServer({ ...served, ALPNProtocols: ['dot'] }, (socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (chunk: Buffer) => {
          const query = dnsPacket.decode(chunk.subarray(2));
          socket.write(
            framed(answerTo(query, { answers: [{ type: 'A', name: 'api.example', ttl: 60, data: '93.0.0.1' }] })),
          );
        });
      });
      server.on('tlsClientError', () => undefined);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      const resolver = new Resolver({
        upstreams: [{ by: 'tls', address: LOOPBACK, port, name: name('dns.example'), authorities: trusted.cert }],
        splits: [],
        local: new Map(),
        limits: { ...RESOLVER_LIMITS, tryMs: 1_000, totalMs: 2_000 },
        now: () => performance.now(),
      });
      const answer = await resolver.lookUp({ name: name('api.example'), type: TYPE.A });
      resolver.close();
      server.close();
      return answer.kind === 'found' ? `${answer.records.length} found` : answer.why;
    };
    assert.equal(await asked(right, right), '1 found');
    assert.equal(await asked(other, other), 'no-reply', 'for another name');
    assert.equal(await asked(right, other), 'no-reply', 'by nobody whom we trust');
  });
});

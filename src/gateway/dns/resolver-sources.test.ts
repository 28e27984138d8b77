import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TYPE } from './record-type.ts';
import { clock, found, resolver, shown, upstream } from './resolver.fixture.ts';
import { RESOLVER_LIMITS } from './resolver.ts';
import { addresses, StandIn } from './stand-in.fixture.ts';
import { address, name } from './world.fixture.ts';

describe('whom a resolver asks', () => {
  test('asks others below a name, and nobody for names of its own', async (t) => {
    const inner = await StandIn.start(addresses('10.0.0.7'));
    t.after(() => inner.close());
    const made = resolver({
      splits: [{ below: name('corp.example'), upstreams: [inner.upstream()] }],
      local: new Map([[name('printer.corp.example'), [address('10.0.0.9'), address('fd00::9')]]]),
    });
    const look = (host: string, type: number = TYPE.A) => found(addresses('93.0.0.1'), host, type, made);
    assert.equal(await look('git.corp.example'), '10.0.0.7 for 300');
    assert.equal(await look('corp.example'), '10.0.0.7 for 300');
    assert.equal(await look('notcorp.example'), '93.0.0.1 for 300');
    assert.equal(await look('printer.corp.example'), '10.0.0.9 for 60');
    assert.equal(await look('printer.corp.example', TYPE.AAAA), 'fd00::9 for 60');
    assert.equal(await look('printer.corp.example', TYPE.HTTPS), ' for 60');
    assert.deepEqual(inner.asked, ['A git.corp.example', 'A corp.example']);
  });

  test('asks others once they are named, and forgets what was found before', async (t) => {
    const inner = await StandIn.start(addresses('93.0.0.2'));
    t.after(() => inner.close());
    const made = resolver();
    assert.equal(await found(addresses('93.0.0.1'), 'api.example', TYPE.A, made), '93.0.0.1 for 300');
    made.replace({
      upstreams: [inner.upstream()],
      splits: [],
      local: new Map([[name('a.lan'), [address('10.0.0.9')]]]),
    });
    assert.equal(await found(addresses('93.0.0.1'), 'api.example', TYPE.A, made), '93.0.0.2 for 300');
    assert.equal(await found(addresses('93.0.0.1'), 'a.lan', TYPE.A, made), '10.0.0.9 for 60');
  });

  test('keeps nothing that others say who are no longer asked, and asks them for nothing more', async (t) => {
    const inner = await StandIn.start(addresses('93.0.0.2'));
    t.after(() => inner.close());
    const made = resolver({ limits: { ...RESOLVER_LIMITS, tryMs: 100, totalMs: 2_000 } });
    upstream.says = () => undefined;
    const late = made.lookUp({ name: name('api.example'), type: TYPE.A });
    while (upstream.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    made.replace({ upstreams: [inner.upstream()], splits: [], local: new Map() });
    assert.equal(await found(() => undefined, 'api.example', TYPE.A, made), '93.0.0.2 for 300');
    assert.equal(shown(await late), 'no-reply');
    assert.equal(upstream.asked.length, 1, 'the old one is asked once');
    assert.equal(
      await found(() => undefined, 'api.example', TYPE.A, made),
      '93.0.0.2 for 300',
      'what is late is not kept',
    );
    assert.deepEqual(made.silent, []);
  });

  test('asks those of the longest name that fits', async (t) => {
    const [inner, innermost] = [await StandIn.start(addresses('10.0.0.7')), await StandIn.start(addresses('10.0.0.8'))];
    t.after(() => {
      inner.close();
      innermost.close();
    });
    const made = resolver({
      splits: [
        { below: name('example'), upstreams: [upstream.upstream()] },
        { below: name('corp.example'), upstreams: [inner.upstream()] },
        { below: name('lab.corp.example'), upstreams: [innermost.upstream()] },
      ],
    });
    const look = (host: string) => found(addresses('93.0.0.1'), host, TYPE.A, made);
    assert.equal(await look('a.lab.corp.example'), '10.0.0.8 for 300');
    assert.equal(await look('a.corp.example'), '10.0.0.7 for 300');
    assert.equal(await look('a.example'), '93.0.0.1 for 300');
  });

  test('says who is silent, until somebody answers again', async () => {
    const made = resolver({
      upstreams: [upstream.upstream()],
      splits: [{ below: name('corp.example'), upstreams: [upstream.upstream()] }],
      limits: { ...RESOLVER_LIMITS, tryMs: 50, totalMs: 100 },
    });
    clock.now = 7_000;
    assert.deepEqual(made.silent, []);
    assert.equal(await found(() => undefined, 'git.corp.example', TYPE.A, made), 'no-reply');
    assert.deepEqual(made.silent, [{ below: 'corp.example', since: 7_000 }]);
    assert.equal(await found(() => ({ flags: 2 }), 'api.example', TYPE.A, made), 'refused'); // an answer, too
    clock.now = 8_000;
    assert.equal(await found(() => undefined, 'hub.corp.example', TYPE.A, made), 'no-reply');
    assert.deepEqual(made.silent, [{ below: 'corp.example', since: 7_000 }]);
    clock.now = 8_000 + 300_000;
    assert.deepEqual(made.silent, [], 'nobody has asked for long');
    clock.now = 8_000;
    made.replace({ upstreams: [upstream.upstream()], splits: [], local: new Map() });
    assert.deepEqual(made.silent, []);
    clock.now = 0;
  });
});

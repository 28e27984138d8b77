import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Grant, Intent, Peer } from '../ir/index.ts';
import { type Address, parseAddress, parseDnsPattern, parseHost, range } from '../net/index.ts';
import { EgressPolicy } from '../semantics/index.ts';
import { Admission } from './admission.ts';
import { dial, interleaved } from './dial.ts';
import { Gatekeeper, type GatekeeperSettings } from './gatekeeper.ts';
import type { GatewayRecord } from './record.ts';
import type { Client } from './wanted.ts';

const address = (text: string): Address => parseAddress(text)!;
const AGENT: Client = { agent: 'openclaw', address: address('127.0.0.1'), port: 40_000, account: 1000 };
const local: Peer = { kind: 'local', accounts: [{ first: 1000, last: 1000 }] };

/** `internet` is loopback here, so that what is dialled in a test needs no network. */
function policyOf(port: number, ...grants: readonly Partial<Grant>[]): EgressPolicy {
  const group = {
    key: 'names',
    patterns: [parseDnsPattern('echo.example')!],
    enforcement: 'gateway' as const,
    origin: {},
  };
  const services = [{ protocol: 6, ports: { first: port, last: port } }];
  const grant: Grant = {
    name: 'echo',
    from: [local],
    to: [{ kind: 'named', group: 'names' }],
    services,
    required: false,
    origin: {},
  };
  const intent: Intent = {
    name: 'example',
    baseline: [],
    grants: grants.map((more) => ({ ...grant, ...more })),
    groups: [group],
    tests: [],
    zones: new Map([['internet', [{ kind: 'remote', ranges: [range('127.0.0.0/8'), range('::1')] }]]]),
    unknownAccounts: new Map(),
  };
  return new EgressPolicy(intent);
}

interface World {
  readonly gatekeeper: Gatekeeper;
  readonly records: readonly GatewayRecord[];
  readonly clock: { now: number };
}

function world(policy: EgressPolicy, more: Partial<GatekeeperSettings> = {}): World {
  const records: GatewayRecord[] = [];
  const clock = { now: 0 };
  let id = 0;
  const gatekeeper = new Gatekeeper(policy, {
    record: (record) => records.push(record),
    observe: false,
    isOwn: () => false,
    newId: () => `r${++id}`,
    clock: { now: () => clock.now, time: () => '2026-11-26T00:00:00.000Z' },
    ...more,
  });
  return { gatekeeper, records, clock };
}

function admit({ gatekeeper }: World, name: string, port: number, client = AGENT): ReturnType<Gatekeeper['admit']> {
  const host = parseHost(name, { bracketed: true });
  return host.kind === 'none'
    ? assert.fail(host.sentence)
    : gatekeeper.admit({ way: 'connect', client, host, protocol: 6, port });
}

describe('a connection through the gateway', () => {
  let server: Server;
  let port = 0;
  const accepted: Socket[] = [];
  before(async () => {
    server = createServer((socket) => {
      accepted.push(socket);
      socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const bound = server.address();
    port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  });
  after(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });

  const found = (...texts: string[]) => ({ of: async () => texts.map(address) });

  test('is dialled at an address of the name, and recorded when it ends', async () => {
    const here = world(policyOf(port, {}));
    const admission = admit(here, 'echo.example', port);
    assert.ok(admission instanceof Admission);
    const dialled = await dial(admission, found('127.0.0.1'));
    assert.ok('socket' in dialled);
    admission.connected(dialled.address, () => dialled.socket.destroy());
    assert.deepEqual(here.records, []);
    here.clock.now = 1_500;
    admission.closed({ sent: 3, received: 4 });
    admission.closed({ sent: 9, received: 9 }); // both sides tell of the end
    dialled.socket.destroy();
    assert.deepEqual(here.records, [
      {
        id: 'r1',
        time: '2026-11-26T00:00:00.000Z',
        way: 'connect',
        agent: 'openclaw',
        client: '127.0.0.1:40000',
        host: 'echo.example',
        port,
        protocol: 'tcp',
        verdict: 'allow',
        flow: 'echo',
        address: '127.0.0.1',
        sent: 3,
        received: 4,
        milliseconds: 1_500,
      },
    ]);
  });

  test('skips addresses that may not be dialled and those that do not answer', async () => {
    const here = world(policyOf(port, {}));
    const admission = admit(here, 'echo.example', port);
    assert.ok(admission instanceof Admission);
    const dialled = await dial(admission, found('169.254.169.254', '::1', '127.0.0.1')); // nobody listens on ::1
    assert.ok('socket' in dialled);
    assert.equal(dialled.address.family, 4);
    dialled.socket.destroy();
  });

  test('is refused where the name stands for something else only: rebinding', async () => {
    const here = world(policyOf(port, {}));
    const admission = admit(here, 'echo.example', port);
    assert.ok(admission instanceof Admission);
    const refused = await dial(admission, found('169.254.169.254', '10.0.0.1'));
    assert.ok('reason' in refused);
    assert.equal(refused.reason, 'special-address');
    assert.equal(here.records[0]?.reason, 'special-address');
  });

  test('is refused before anything is looked up where no flow leads there', () => {
    const here = world(policyOf(port, {}));
    const refused = admit(here, 'evil.example', port);
    assert.ok(!(refused instanceof Admission));
    assert.equal(refused.reason, 'unlisted-name');
    assert.equal(refused.sentence, 'no flow of openclaw leads to evil.example');
    assert.equal(here.records[0]?.verdict, 'deny');
  });

  test('is cut when the policy becomes narrower, and only then', async () => {
    const here = world(policyOf(port, {}));
    const admission = admit(here, 'echo.example', port);
    assert.ok(admission instanceof Admission);
    let cut = 0;
    admission.connected(address('127.0.0.1'), () => cut++);
    assert.equal(here.gatekeeper.replace(policyOf(port, {}, { name: 'more' })), 0);
    assert.equal(cut, 0);
    assert.equal(here.gatekeeper.replace(policyOf(port)), 1);
    assert.equal(cut, 1);
    admission.closed({ sent: 0, received: 0 });
    assert.equal(here.records[0]?.reason, 'cut');
    assert.equal(here.gatekeeper.open.size, 0);
  });

  test('counts against the rate of its flow, which fills again', () => {
    const here = world(policyOf(port, { rate: { count: 2, per: 'minute', perSource: true } }));
    const reasons = (): (string | undefined)[] =>
      [1, 2, 3].map((at) => {
        // From another address of this machine each time: it is the same account.
        const admission = admit(here, 'echo.example', port, { ...AGENT, address: address(`127.0.0.${at}`) });
        return admission instanceof Admission ? undefined : admission.reason;
      });
    assert.deepEqual(reasons(), [undefined, undefined, 'rate']);
    here.clock.now = 30_000; // half a minute: one more
    assert.deepEqual(reasons(), [undefined, 'rate', 'rate']);
  });

  test('while only observing, goes wherever it is public, and is recorded as what would be denied', async () => {
    const here = world(policyOf(port, {}), { observe: true });
    const admission = admit(here, 'other.example', port);
    assert.ok(admission instanceof Admission);
    assert.equal(admission.mayDial(address('127.0.0.1')), undefined);
    assert.equal(admission.mayDial(address('169.254.169.254')), 'special-address');
    admission.closed({ sent: 1, received: 1 });
    assert.equal(here.records[0]?.verdict, 'would-deny');
    assert.equal(here.records[0]?.reason, 'unlisted-name');
  });
});

test('families take turns, IPv6 first', () => {
  const texts = ['192.0.2.1', '192.0.2.2', '2001:db8::1'].map(address);
  assert.deepEqual(
    interleaved(texts).map(({ family }) => family),
    [6, 4, 4],
  );
});

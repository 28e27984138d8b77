import { connect, type Server, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { Grant, Intent, NameGroup, Peer } from '../../ir/index.ts';
import { type Address, formatAddress, parseAddress, parseDnsPattern, range } from '../../net/index.ts';
import { EgressPolicy } from '../../semantics/index.ts';
import { Gatekeeper, type GatekeeperSettings } from '../gatekeeper.ts';
import type { WhoAsks } from '../identity.ts';
import type { GatewayRecord } from '../record.ts';
import { EgressProxy, type Listener, type ProxySettings } from './proxy.ts';

/** For tests and benches: a gateway on the loopback, which is its internet, with names of its own. */
export const UID = 1_000;

export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new TypeError(`${text} is no address`);
  return parsed;
}

/** A flow: to names, or to addresses; of the agent's account, or of everybody at an address. */
export interface TestFlow {
  readonly to: readonly string[]; // names, or ranges of addresses
  readonly ports: readonly number[];
  readonly from?: string; // an address; else the account
}

const local: Peer = { kind: 'local', accounts: [{ first: UID, last: UID }] };

export function policyOf(...flows: readonly TestFlow[]): EgressPolicy {
  const groups: NameGroup[] = [];
  const grants = flows.map(({ to, ports, from }, index): Grant => {
    const patterns = to.flatMap((text) => parseDnsPattern(text) ?? []);
    const ranges = patterns.length > 0 ? [] : to.map((text) => range(text));
    const key = `group-${index}`;
    groups.push({ key, patterns, enforcement: 'gateway', origin: {} });
    return {
      name: `flow-${index}`,
      from: [from === undefined ? local : { kind: 'remote', ranges: [range(from)] }],
      to: patterns.length > 0 ? [{ kind: 'named', group: key }] : [{ kind: 'remote', ranges }],
      services: ports.map((port) => ({ protocol: 6, ports: { first: port, last: port } })),
      required: false,
      origin: {},
    };
  });
  const intent: Intent = {
    name: 'test',
    baseline: [],
    grants,
    groups,
    tests: [],
    zones: new Map([['internet', [{ kind: 'remote', ranges: [range('127.0.0.0/8'), range('::1')] }]]]),
    unknownAccounts: new Map(),
  };
  return new EgressPolicy(intent);
}

/** From 127.0.0.1 it is the agent's account; from 127.0.0.2 a container; nobody knows anybody else. */
const whoAsks: WhoAsks = (_, client) => {
  const from = formatAddress(client.address);
  if (from === '127.0.0.1' || from === '::1') return { agent: 'openclaw', account: UID, ...client };
  return from === '127.0.0.2' ? { agent: from, ...client } : undefined;
};

export interface World {
  readonly proxy: EgressProxy;
  readonly port: number; // of the first listener
  readonly gatekeeper: Gatekeeper;
  readonly records: GatewayRecord[];
  readonly lookedUp: string[];
  readonly troubles: string[];
}

export interface WorldSettings extends Partial<Omit<ProxySettings, 'listeners'>> {
  readonly listeners?: readonly Listener[];
  readonly names?: Readonly<Record<string, readonly string[]>>; // else 127.0.0.1
  readonly keeper?: Partial<GatekeeperSettings>;
}

export async function startWorld(policy: EgressPolicy, settings: WorldSettings = {}): Promise<World> {
  const { names = {}, keeper, listeners = [{ kind: 'http', at: { host: '127.0.0.1', port: 0 } }], ...more } = settings;
  const records: GatewayRecord[] = [];
  const lookedUp: string[] = [];
  const troubles: string[] = [];
  let id = 0;
  const gatekeeper = new Gatekeeper(policy, {
    record: (record) => records.push(record),
    observe: false,
    isOwn: () => false,
    newId: () => `r${++id}`,
    clock: { now: () => performance.now(), time: () => '2026-11-26T00:00:00.000Z' },
    ...keeper,
  });
  const of = async (name: string): Promise<readonly Address[]> => {
    lookedUp.push(name);
    return (names[name] ?? ['127.0.0.1']).map(address);
  };
  const onTrouble = (sentence: string): void => void troubles.push(sentence);
  const proxy = await EgressProxy.listen({
    gatekeeper,
    addresses: { of },
    whoAsks,
    credentials: [],
    onTrouble,
    ...more,
    listeners,
  });
  return { proxy, port: proxy.endpoints[0]?.port ?? 0, gatekeeper, records, lookedUp, troubles };
}

/** Listens on a port that the kernel chooses, unless one is given. */
export async function listening(server: Server, host = '127.0.0.1', port = 0): Promise<number> {
  await new Promise<void>((done) => server.listen(port, host, done));
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

export const ignore = (): void => undefined;

/** A client by hand. */
export class Hand {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#isClosed = true;
    });
    socket.on('end', () => {
      this.#isClosed = true;
    });
  }

  static async connect(port: number, options: Partial<TcpNetConnectOpts> = {}): Promise<Hand> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, ...options });
    const hand = new Hand(socket);
    await new Promise((done) => socket.once('connect', done).once('close', done));
    return hand;
  }

  get text(): string {
    return this.#received.toString('latin1');
  }

  get bytes(): Buffer {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  write(data: string | Uint8Array): this {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
    return this;
  }

  /** What has come so far, as soon as it fits; or once the other side has ended. @throws where neither happens in time. */
  async until(fits: RegExp, ms = 5_000): Promise<string> {
    const end = performance.now() + ms;
    while (!fits.test(this.text) && !this.#isClosed) {
      if (performance.now() > end)
        throw new Error(`nothing fits ${fits} in ${JSON.stringify(this.text.slice(0, 500))}`);
      await new Promise((done) => setTimeout(done, 2));
    }
    return this.text;
  }

  /** All that comes, once the other side has ended. */
  async all(ms = 5_000): Promise<string> {
    return this.until(/$./, ms);
  }

  close(): void {
    this.socket.destroy();
  }
}

export async function eventually(holds: () => boolean, what: string, ms = 5_000): Promise<void> {
  const end = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never: ${what}`);
    await new Promise((done) => setTimeout(done, 2));
  }
}

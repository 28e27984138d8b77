import {
  AddressFeed,
  type Client,
  DEFAULT_DNS_TYPES,
  DNS_BUDGET_LIMITS,
  DNS_TCP_LIMITS,
  DnsServer,
  DnsService,
  Gatekeeper,
  type GatewayRecord,
  RESOLVER_LIMITS,
  Resolver,
} from '../../src/gateway/index.ts';
import { SetWriter } from '../../src/host/index.ts';
import type { Grant, NameGroup } from '../../src/ir/index.ts';
import { parseAddress, parseDnsPattern, range } from '../../src/net/index.ts';
import { EgressPolicy } from '../../src/semantics/index.ts';

/**
 * The gateway's resolver as a process to be measured: `dns-gateway.ts PORT UPSTREAM-PORT none|set`. Everything is as in use but two things: who asks
 * is not looked up, and records are made and thrown away.
 */

const [port = '', upstreamPort = '', enforcement = ''] = process.argv.slice(2);
const now = (): number => performance.now();
const loopback = parseAddress('127.0.0.1')!;
const group: NameGroup = {
  key: 'site',
  patterns: [parseDnsPattern('*.wild.example')!],
  enforcement: enforcement === 'set' ? 'resolved' : 'gateway',
  origin: {},
};
const grant: Grant = {
  name: 'site',
  from: [{ kind: 'local', accounts: [{ first: 1000, last: 1000 }] }],
  to: [{ kind: 'named', group: 'site' }],
  services: [{ protocol: 6, ports: { first: 443, last: 443 } }],
  required: false,
  origin: {},
};
const policy = new EgressPolicy({
  name: 'bench',
  baseline: [],
  grants: [grant],
  groups: [group],
  tests: [],
  zones: new Map([['internet', [{ kind: 'remote', ranges: [range('93.0.0.0/8')] }]]]),
  unknownAccounts: new Map(),
});
let last: GatewayRecord | undefined;
let id = 0;
const writer = new SetWriter('inet portcullis', [{ group: 'site', names: { 4: 'names4-site', 6: 'names6-site' } }]);
const server = new DnsServer({
  service: new DnsService({
    gatekeeper: new Gatekeeper(policy, {
      record: (record) => {
        last = record;
      },
      observe: false,
      isOwn: () => false,
      newId: () => `${++id}`,
      clock: { now, time: () => new Date().toISOString() },
    }),
    resolver: new Resolver({
      upstreams: [{ by: 'udp', address: loopback, port: Number(upstreamPort) }],
      splits: [],
      local: new Map(),
      limits: RESOLVER_LIMITS,
      now,
    }),
    feed: new AddressFeed({ sink: writer, graceSeconds: 60, mostSeconds: 7_200, mostAddresses: 200_000, now }),
    types: DEFAULT_DNS_TYPES,
    refuseBy: 'refused',
    budgets: { ...DNS_BUDGET_LIMITS, perSecond: 1e9, burst: 1e9, newNames: 1e9 },
  }),
  whoAsks: (_, { address, port: from }): Client => ({ agent: 'openclaw', address, port: from, account: 1000 }),
  tcp: DNS_TCP_LIMITS,
});
await server.listen([{ at: 'address', address: loopback, port: Number(port) }]);
process.stdout.write('ready\n');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(last === undefined ? 1 : 0));

import {
  BASELINE,
  type Grant,
  type Intent,
  type NameGroup,
  OFF_BY_DEFAULT,
  type Peer,
  type Service,
} from '../../src/ir/index.ts';
import { type Address, parseAddress, parseDnsPattern, range } from '../../src/net/index.ts';

/** Intents built by hand: small, readable, and together every kind of peer, service and rate that a policy can have. */

export const everyProcess: Peer = { kind: 'local' };

export function account(...uids: readonly number[]): Peer {
  return { kind: 'local', accounts: uids.map((uid) => ({ first: uid, last: uid })) };
}

function cgroup(path: string): Peer {
  return { kind: 'local', cgroup: path };
}

/** Prefixes, addresses, or `first-last`. */
export function machines(...texts: readonly string[]): Peer {
  return {
    kind: 'remote',
    ranges: texts.map((text) => {
      const [first, last] = text.split('-');
      const low = range(first!);
      return last === undefined ? low : { ...low, last: range(last).last };
    }),
  };
}

function through(peer: Peer, ...names: readonly string[]): Peer {
  if (peer.kind !== 'remote') throw new RangeError('only other machines come through an interface');
  const interfaces = names.map((name) => ({ name: name.replace(/\*$/, ''), wildcard: name.endsWith('*') }));
  return { ...peer, interfaces };
}

export function named(group: string): Peer {
  return { kind: 'named', group };
}

const ANYWHERE = machines('0.0.0.0/0', '::/0');

export function tcp(first: number, last = first): Service {
  return { protocol: 6, ports: { first, last } };
}

export function udp(first: number, last = first): Service {
  return { protocol: 17, ports: { first, last } };
}

const PING: readonly Service[] = [
  { protocol: 1, family: 4, icmp: { type: 8 } },
  { protocol: 58, family: 6, icmp: { type: 128 } },
];

export function flow(
  name: string,
  from: Peer | readonly Peer[],
  to: Peer | readonly Peer[],
  services: Service | readonly Service[],
  more: Partial<Grant> = {},
): Grant {
  const list = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);
  return { name, from: list(from), to: list(to), services: list(services), required: false, origin: {}, ...more };
}

export function intent(grants: readonly Grant[], more: Partial<Intent> = {}): Intent {
  const groups = [
    ...new Set(grants.flatMap((grant) => grant.to.flatMap((to) => (to.kind === 'named' ? [to.group] : [])))),
  ];
  return {
    name: 'example',
    baseline: BASELINE.filter((piece) => !OFF_BY_DEFAULT.includes(piece.name)),
    grants,
    groups: groups.map(group),
    tests: [],
    zones: new Map(),
    unknownAccounts: new Map(),
    ...more,
  };
}

function group(key: string): NameGroup {
  return { key, patterns: [parseDnsPattern('example.com')!], enforcement: 'resolved', origin: {} };
}

/** What a small server with an agent needs: the shapes that real policies have most. */
export const AGENT_HOST = intent([
  flow('ssh-from-bastion', machines('10.0.5.10', '2001:db8:5::10'), everyProcess, tcp(22), {
    rate: { count: 6, per: 'minute', perSource: true },
  }),
  flow('metrics', machines('10.20.0.0/16'), account(1000), tcp(9090)),
  flow('dns', everyProcess, machines('9.9.9.9', '2620:fe::fe'), [udp(53), tcp(53)]),
  flow('discord', account(1000), named('catalog:discord'), tcp(443)),
  flow('model', account(1000), machines('203.0.113.0/24', '203.0.113.64-203.0.113.99', '2001:db8:1::/48'), tcp(443)),
  flow('ntp', everyProcess, ANYWHERE, udp(123)),
  flow('routed', ANYWHERE, machines('198.51.100.0/24', '2001:db8:2::/48'), tcp(443)),
  flow('ping', ANYWHERE, everyProcess, PING, { rate: { count: 10, per: 'second', perSource: false } }),
]);

/** Everything else that a policy can say, and flows that overlap wherever they can. */
export const EVERYTHING = intent([
  flow('unit', cgroup('system.slice/agent@1.service'), machines('198.51.100.0/24'), [tcp(8000, 8100), udp(5000)]),
  flow('wide', account(1000, 1001), machines('10.0.0.0/8', 'fd00::/8'), tcp(1, 1024)),
  flow('narrow', account(1000), machines('10.1.0.0/16', '10.1.2.3', 'fd00::5'), tcp(22)),
  flow('containers', through(machines('172.16.0.0/12'), 'docker0', 'br-*'), through(ANYWHERE, 'eth0'), [
    tcp(443),
    udp(443),
  ]),
  flow('routed', machines('192.0.2.1', '192.0.2.2', '2001:db8::1'), machines('198.51.100.1', '2001:db8::2'), tcp(25)),
  flow('routed-names', machines('192.0.2.0/24', '2001:db8:7::/48'), named('mail'), tcp(25)),
  flow('tunnel', machines('192.0.2.9'), everyProcess, [{ protocol: 47 }, { protocol: 50 }]),
  flow('unreachable', ANYWHERE, everyProcess, { protocol: 1, family: 4, icmp: { type: 3, code: 1 } }),
  flow('foreign-icmp', machines('192.0.2.9', '2001:db8::9'), everyProcess, { protocol: 1, icmp: { type: 8 } }),
  flow('loopback-only', account(33), account(1000), tcp(5432)),
  flow('burst-a', machines('10.0.0.0/8'), everyProcess, tcp(80), { rate: { count: 1, per: 'day', perSource: true } }),
  flow('burst-b', machines('10.0.0.0/9'), everyProcess, tcp(79, 81), {
    rate: { count: 100, per: 'hour', perSource: false },
  }),
  flow('nowhere', machines(), everyProcess, tcp(1)),
]);

/** Who is in a zone of containers now: behind these bridges, at these addresses. */
function live(zone: string, places: Readonly<Record<string, readonly string[]>>): readonly Peer[] {
  const peers = Object.entries(places).map(([bridge, texts]) => ({
    ...through(machines(...texts), bridge),
    live: zone,
  }));
  return peers.length === 0 ? [{ kind: 'remote', ranges: [], live: zone }] : peers;
}

const WEB = live('web', { docker0: ['172.17.0.2', '172.17.0.3', 'fd00:d::2'], 'br-0123456789ab': ['172.18.0.2'] });

/** Containers that come and go, and a network of them. */
export const CONTAINERS = intent([
  flow('published', machines('198.51.100.0/24', '2001:db8::/32'), WEB, [tcp(80), tcp(443)]),
  flow('query', WEB, live('db', { 'br-0123456789ab': ['172.18.0.9'] }), tcp(5432)),
  flow(
    'scrape',
    through(machines('172.31.7.0/24', 'fd00:7::/64'), 'pc-tools'),
    [...WEB, ...live('idle', {})],
    tcp(9100),
    {
      rate: { count: 6, per: 'minute', perSource: true },
    },
  ),
  flow('names', WEB, named('mail'), tcp(25)),
  flow('host', [...live('idle', {}), ...WEB], everyProcess, udp(53)),
]);

/** A machine that routes for others, without any flow of its own: the baseline with every piece switched on. */
export const ROUTER = intent([], { baseline: BASELINE });

/** The least: no flow, no baseline. */
export const NOTHING = intent([], { baseline: [] });

const LISTENERS = machines('127.0.0.1', '::1');

/** What a policy of names asks of the host's firewall, by hand: programs of two kinds, sent to a gateway of the uid 990. */
export const GATEWAY = intent(
  [
    flow('dns', everyProcess, machines('9.9.9.9', '2620:fe::fe'), [udp(53), tcp(53)]),
    flow('proxy', [account(1000), cgroup('system.slice/agent@1.service')], LISTENERS, [tcp(3128), tcp(3129)]),
    flow('resolver', account(1000, 1001), LISTENERS, [tcp(5300), udp(5300)]),
    flow('out', account(990), machines('1.0.0.0/8', '2000::/3'), [tcp(443), udp(53)]),
    flow('database', account(1000), machines('10.0.7.3', 'fd00:7::3'), tcp(443)),
  ],
  {
    redirects: [
      {
        name: 'to-proxy',
        from: [senders(1000), { kind: 'local', cgroup: 'system.slice/agent@1.service' }],
        protocols: [6],
        ports: [80, 443],
        except: ['127.0.0.0/8', '::1', '10.0.7.3', 'fd00:7::3'].map(range),
        to: [at('127.0.0.1', 3129), at('::1', 3129)],
        origin: {},
      },
      {
        name: 'to-resolver',
        from: [senders(1000, 1001)],
        protocols: [6, 17],
        ports: [53],
        except: [],
        to: [at('127.0.0.1', 5300), at('::1', 5300)],
        origin: {},
      },
    ],
  },
);

function senders(...uids: readonly number[]): Extract<Peer, { kind: 'local' }> {
  return { kind: 'local', accounts: uids.map((uid) => ({ first: uid, last: uid })) };
}

function at(text: string, port: number): { readonly address: Address; readonly port: number } {
  return { address: parseAddress(text)!, port };
}

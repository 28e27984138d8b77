import type { Intent } from '../ir/index.ts';
import {
  type Address,
  type AddressRange,
  addressRange,
  type Family,
  formatAddress,
  PROTOCOLS,
  range,
} from '../net/index.ts';
import type { Step } from '../semantics/index.ts';
import type { PacketQuestion, Surroundings } from './connection.ts';
import type { HostRules } from './host-rules.ts';
import { inName, type Repair, repairFlow } from './repair.ts';
import { Judge } from './verdict.ts';

/** What the machine itself asks others for. */
export interface HostNeeds {
  readonly resolvers: readonly Address[]; // as configured; those of the machine itself need no rule
  readonly timeServers: readonly Address[]; // as far as they are known by address
  readonly keepsTime: boolean; // a program that asks time servers runs here
}

/** Something that the machine reaches now, and would not any more. */
export interface NeedLost {
  readonly need: 'dns' | 'time';
  readonly sentence: string;
  readonly path: readonly Step[]; // the rules that would stop it
  readonly repair: Repair;
}

/** What of it some process can reach now (or perhaps can) and none could any more. */
export function lostNeeds(
  needs: HostNeeds,
  before: HostRules,
  after: HostRules,
  around: Surroundings,
  intent: Intent,
): NeedLost[] {
  const [now, then] = [new Judge(before, around), new Judge(after, around)];
  const lost = (need: NeedLost['need'], to: Address | 'internet', what: string): NeedLost[] => {
    const destinations = to === 'internet' ? internetRanges(intent) : [[addressRange(to)]];
    const ways = destinations.map((dst) => [request(dst, PORTS[need], around)]);
    const judged = ways.map((way) => then.ask(way));
    const isLost = judged.length > 0 && judged.every(({ verdict }) => verdict === 'denied');
    if (!isLost || ways.every((way) => now.ask(way).verdict === 'denied')) return [];
    const flow = {
      name: to === 'internet' ? need : `${need}-${inName(to)}`,
      from: 'host',
      to,
      ...SERVICES[need],
      purpose: PURPOSES[need],
    } as const;
    const sentence = `this machine could not reach ${what} any more`;
    return [{ need, sentence, path: judged[0]?.path ?? [], repair: repairFlow(intent, flow) }];
  };
  const own = new Set(around.addresses.map(formatAddress));
  const elsewhere = (addresses: readonly Address[]): readonly Address[] =>
    addresses.filter((each) => !isLoopback(each) && !own.has(formatAddress(each)));
  const [resolvers, timeServers] = [elsewhere(needs.resolvers), elsewhere(needs.timeServers)];
  return [
    ...resolvers.flatMap((each) => lost('dns', each, `its name server ${formatAddress(each)}`)),
    ...timeServers.flatMap((each) => lost('time', each, `its time server ${formatAddress(each)}`)),
    ...(needs.keepsTime && timeServers.length === 0 ? lost('time', 'internet', 'any time server') : []),
  ];
}

const PORTS = { dns: 53, time: 123 } as const;
/** As the catalogue has them (RFC 1035 4.2, RFC 7766; RFC 5905 7.2). */
const SERVICES = {
  dns: {
    service: 'dns',
    services: [PROTOCOLS.udp, PROTOCOLS.tcp].map((protocol) => ({ protocol, ports: { first: 53, last: 53 } })),
  },
  time: { service: 'ntp', services: [{ protocol: PROTOCOLS.udp, ports: { first: 123, last: 123 } }] },
} as const;
const PURPOSES = { dns: 'name resolution', time: 'correct time' } as const;

/** A question over UDP, which both begin with. */
function request(dst: readonly AddressRange[], port: number, { addresses }: Surroundings): PacketQuestion {
  const family = dst[0]?.family ?? 4;
  const own = addresses.filter((each) => each.family === family && !isLoopback(each)).map(addressRange);
  return {
    hook: 'output',
    family,
    protocol: PROTOCOLS.udp,
    src: own.length > 0 ? own : UNICAST[family],
    dst,
    dport: { first: port, last: port },
    state: 'new',
  };
}

const UNICAST: Readonly<Record<Family, readonly AddressRange[]>> = {
  4: ['1.0.0.0/8', '2.0.0.0/7', '4.0.0.0/6', '8.0.0.0/5', '16.0.0.0/4', '32.0.0.0/3', '64.0.0.0/3', '128.0.0.0/2'].map(
    range,
  ),
  6: ['2000::/3', 'fc00::/7', 'fe80::/10'].map(range),
};

function internetRanges(intent: Intent): AddressRange[][] {
  const ranges = (intent.zones.get('internet') ?? []).flatMap((peer) => (peer.kind === 'remote' ? peer.ranges : []));
  return ([4, 6] as const)
    .map((family) => ranges.filter((each) => each.family === family))
    .filter((of) => of.length > 0);
}

function isLoopback({ family, value }: Address): boolean {
  return family === 4 ? value >> 24n === 127n : value === 1n;
}

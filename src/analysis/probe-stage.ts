import type { Grant, Intent, InterfacePattern, NamedDestination, Peer, Range } from '../ir/index.ts';
import {
  type Address,
  type AddressRange,
  type DnsName,
  type DnsPattern,
  type Family,
  formatAddress,
  matchesDnsPattern,
  parseAddress,
  parseDnsName,
  range,
} from '../net/index.ts';

/**
 * Who plays whom when packets are sent for a policy: the protected host's interfaces and addresses, the addresses that
 * names resolve to, and those that no rule of the policy speaks of. Chosen once for a policy, so that whoever generates
 * packets and whoever sends them mean the same.
 */
export interface ProbeStage {
  /** At least two; the first is the default way out, and no pattern of the policy is needed to reach it. */
  readonly interfaces: readonly StageInterface[];
  /** Interface patterns of the policy for which no interface could be made. */
  readonly missingInterfaces: readonly InterfacePattern[];
  /** Every name that packets will ask for, with the groups that it falls under. */
  readonly names: ReadonlyMap<DnsName, StageName>;
  /** An account that no grant names; `undefined` where grants name all. */
  readonly strangerAccount: number | undefined;
  /** Addresses that no small range of the policy holds. */
  readonly stranger: Readonly<Record<Family, Address>>;
}

export interface StageInterface {
  readonly name: string;
  readonly host: Readonly<Record<Family, Address>>; // the protected machine's own
  readonly outer: Readonly<Record<Family, Address>>; // the other end of the wire
}

export interface StageName {
  readonly name: DnsName;
  readonly groups: readonly string[];
  readonly addresses: Readonly<Record<Family, Address>>;
}

const MAX_INTERFACES = 6; // each costs a namespace and a process
export const FAMILIES = [4, 6] as const;
const STRANGER_ACCOUNT = 33; // www-data on Debian: somebody else on the same machine
const MOST_NAMES_OF_A_GROUP = 20;

export function stageFor(intent: Intent): ProbeStage {
  const peers = allPeers(intent);
  const taken = new Set(peers.flatMap(edges).map(formatAddress));
  const next = (pool: string): Address => {
    const from = range(pool);
    for (let value = from.first + 1n; value < from.last; value++) {
      const address = { family: from.family, value };
      const text = formatAddress(address);
      if (!taken.has(text)) {
        taken.add(text);
        return address;
      }
    }
    throw new RangeError(`a policy names every address of ${pool}`);
  };
  const both = (v4: string, v6: string): Record<Family, Address> => ({ 4: next(v4), 6: next(v6) });
  const { names: interfaces, missing } = interfaceNames(peers);
  return {
    // RFC 2544 and RFC 5180: ranges for bench tests, that nobody's policy is about.
    interfaces: interfaces.map((name) => ({
      name,
      host: both('198.18.0.0/16', '2001:2::/64'),
      outer: both('198.18.0.0/16', '2001:2::/64'),
    })),
    missingInterfaces: missing,
    names: new Map(
      askedNames(intent).map((name) => [
        name,
        { name, groups: groupsOf(intent, name), addresses: both('198.19.0.0/16', '2001:2:0:19::/64') },
      ]),
    ),
    strangerAccount: freeAccount(intent.grants),
    stranger: both('198.51.100.0/24', '2001:db8:51::/64'), // RFC 5737, RFC 3849: documentation
  };
}

/** The name to ask for when any name of a pattern will do. */
export function exampleName(pattern: DnsPattern): DnsName {
  const example = pattern.wildcard ? parseDnsName(`lab.${pattern.name}`) : pattern.name;
  return example ?? pattern.name; // `lab.` may be more than a name of 253 characters can take
}

function allPeers(intent: Intent): Peer[] {
  const tested = intent.tests.flatMap((test) => [...test.from, ...test.to.filter(isPeer)]);
  return [...intent.grants.flatMap((grant) => [...grant.from, ...grant.to]), ...tested];
}

export function isPeer(destination: Peer | NamedDestination): destination is Peer {
  return destination.kind !== 'name';
}

/** The ends of each address range and their neighbours: what packets will be sent from and to. */
function edges(peer: Peer): Address[] {
  if (peer.kind !== 'remote') return [];
  return peer.ranges.flatMap(({ family, first, last }: AddressRange) =>
    [first - 1n, first, last, last + 1n].filter((value) => value >= 0n).map((value) => ({ family, value })),
  );
}

function interfaceNames(peers: readonly Peer[]): { names: string[]; missing: InterfacePattern[] } {
  const patterns = peers.flatMap((peer) => (peer.kind === 'remote' ? (peer.interfaces ?? []) : []));
  const wanted = new Map(
    patterns.filter(({ name }) => name !== 'lo').map((pattern) => [exampleInterface(pattern), pattern]),
  );
  const names = ['eth0', ...wanted.keys()].filter((name, index, all) => all.indexOf(name) === index);
  const kept = names.slice(0, MAX_INTERFACES - 1);
  // One more that no pattern speaks of: the other side of what is forwarded, and "some other interface".
  const other = ['lab0', 'lab1', 'x0', 'x1'].find(
    (name) => !names.includes(name) && !patterns.some((each) => matches(each, name)),
  );
  return {
    names: other === undefined ? kept : [...kept, other],
    missing: names.slice(kept.length).flatMap((name) => wanted.get(name) ?? []),
  };
}

function exampleInterface(pattern: InterfacePattern): string {
  return pattern.wildcard ? `${pattern.name.slice(0, 14)}0` : pattern.name;
}

function matches(pattern: InterfacePattern, name: string): boolean {
  return pattern.wildcard ? name.startsWith(pattern.name) : name === pattern.name;
}

function askedNames(intent: Intent): DnsName[] {
  const ofGroups = intent.groups.flatMap((group) => group.patterns.slice(0, MOST_NAMES_OF_A_GROUP).map(exampleName));
  const ofTests = intent.tests.flatMap((test) => test.to.flatMap((to) => (isPeer(to) ? [] : [to.name])));
  return [...new Set([...ofGroups, ...ofTests])];
}

function groupsOf(intent: Intent, name: DnsName): string[] {
  return intent.groups
    .filter((group) => group.patterns.some((pattern) => matchesDnsPattern(pattern, name)))
    .map((group) => group.key);
}

function freeAccount(grants: readonly Grant[]): number | undefined {
  const named: Range[] = grants.flatMap((grant) =>
    [...grant.from, ...grant.to].flatMap((peer) => (peer.kind === 'local' ? (peer.accounts ?? []) : [])),
  );
  const isFree = (uid: number): boolean => !named.some(({ first, last }) => first <= uid && uid <= last);
  const candidates = [STRANGER_ACCOUNT, ...named.map(({ last }) => last + 1), 65_000];
  return candidates.find((uid) => uid < 65_534 && isFree(uid));
}

/** An address that the lab can use at the other end of a wire, on this stage. */
export function isPlayable(stage: ProbeStage, address: Address): boolean {
  return (
    !UNPLAYABLE.some((block) => holds(block, address)) &&
    !stage.interfaces.some((each) => [each.host, each.outer].some((end) => end[address.family].value === address.value))
  );
}

/**
 * Addresses that no ordinary packet of another machine can carry: this network and loopback (RFC 1122 3.2.1.3), multicast,
 * the broadcast address; the unspecified and loopback addresses with all of ::/96, IPv4-mapped ones (RFC 4291 2.5.5),
 * link-local ones (they take a zone that a policy cannot name), and multicast.
 */
export const UNPLAYABLE: readonly AddressRange[] = [
  range('0.0.0.0/8'),
  range('127.0.0.0/8'),
  range('224.0.0.0/4'),
  range('255.255.255.255'),
  range('::/96'),
  range('::ffff:0:0/96'),
  range('fe80::/10'),
  range('ff00::/8'),
];

function holds(block: AddressRange, address: Address): boolean {
  return block.family === address.family && block.first <= address.value && address.value <= block.last;
}

/** The metadata services of the large clouds: what an intruder asks first. */
export const METADATA: Readonly<Record<Family, Address>> = {
  4: known('169.254.169.254'),
  6: known('fd00:ec2::254'),
};

function known(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`not an address: ${text}`);
  return address;
}

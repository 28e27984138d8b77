import {
  any,
  type Flow,
  type Grant,
  type Intent,
  type Match,
  type NameGroup,
  ORDINARY_PORTS,
  type Peer,
  symbolKey,
} from '../ir/index.ts';
import { type Address, type AddressRange, type DnsName, disguised, type Family, type Host } from '../net/index.ts';
import { candidates, extentsOfFlow } from './candidates.ts';
import { matches } from './concrete.ts';
import { decide } from './decide.ts';
import { pairMatch, serviceMatch } from './intent.ts';
import type { FlowPattern } from './pattern.ts';

/** Who asks the gateway: a process of this machine by its account, or another machine or container by its address. */
export interface EgressClient {
  readonly address: Address; // where its packets come from
  readonly account?: number; // uid of the asking process, where it is one of this machine
  readonly cgroups?: readonly string[]; // the asking process's own and those around it, as the policy writes them
}

export interface EgressService {
  readonly protocol: number; // IANA's
  readonly port: number;
}

/** What is asked for: a service at a host. */
export interface EgressQuestion extends EgressService {
  readonly client: EgressClient;
  readonly host: Host;
}

export type Denial =
  | 'unknown-client' // no flow of the policy begins at this client
  | 'unlisted-name' // no flow of this client leads to the name
  | 'unlisted-address' // no flow of this client leads to the address
  | 'other-service' // flows of this client lead there, on other ports
  | 'special-address' // the name stands for an address that is not public, and no flow leads to that address by itself
  | 'own-address'; // it is this machine, and no flow of this client leads to it

export type EgressDecision =
  /** `by` name: a flow leads to the name, whatever public address it has; by address: to the addresses themselves. */
  | { readonly verdict: 'allow'; readonly grant: Grant; readonly by: 'name' | 'address' }
  /** `near`: the flows that lead this client there, on other services. */
  | { readonly verdict: 'deny'; readonly denial: Denial; readonly near: readonly Grant[] };

export type Allowed = Extract<EgressDecision, { verdict: 'allow' }>;

/** What one flow leads to, by the kinds of its destinations, whatever the service. */
interface Leads {
  readonly grant: Grant;
  readonly index: number; // in the policy, from 0
  readonly names: Match;
  readonly machines: Match;
  readonly here: Match; // this machine itself
  readonly services: Match;
}

type Destination = 'names' | 'machines' | 'here';
type LocalHook = 'output' | 'forward';

const FAMILIES: readonly Family[] = [4, 6];
const NOWHERE: Address = { family: 4, value: 0n };

/**
 * The policy as the egress gateway asks it. Whether a flow leads somewhere is what its match says, as everywhere; what is
 * added is what only who resolves and dials itself can see: the name that was asked for, and the addresses behind it. Rates
 * are not looked at: whoever dials counts.
 */
export class EgressPolicy {
  readonly #leads: Readonly<Record<LocalHook, readonly Leads[]>>;
  /** The same by the groups of names that they lead to, and those that lead to addresses: with ten thousand flows most are neither. */
  readonly #toGroup: Readonly<Record<LocalHook, ReadonlyMap<string, readonly Leads[]>>>;
  readonly #toMachines: Readonly<Record<LocalHook, readonly Leads[]>>;
  readonly #groups: GroupIndex;
  readonly #byAddresses: ReadonlySet<string>; // groups that the kernel knows by the addresses of their names
  readonly #internet: Readonly<Record<Family, readonly AddressRange[]>>;

  constructor(intent: Intent) {
    this.#leads = { output: leadsAt('output', intent.grants), forward: leadsAt('forward', intent.grants) };
    this.#toGroup = { output: leadsToGroups(this.#leads.output), forward: leadsToGroups(this.#leads.forward) };
    this.#toMachines = { output: leadsToMachines(this.#leads.output), forward: leadsToMachines(this.#leads.forward) };
    this.#groups = new GroupIndex(intent.groups);
    this.#byAddresses = new Set(
      intent.groups.filter(({ enforcement }) => enforcement === 'resolved').map(({ key }) => key),
    );
    const internet = (intent.zones.get('internet') ?? []).flatMap((peer) =>
      peer.kind === 'remote' ? peer.ranges : [],
    );
    const ofFamily = (family: Family) => internet.filter((range) => range.family === family);
    this.#internet = { 4: ofFamily(4), 6: ofFamily(6) };
  }

  /**
   * Whether a client may have a name looked up: where a flow of it leads to the name on any service, or to every public
   * address on any service. To be asked before anything is sent anywhere.
   */
  lookUp(client: EgressClient, name: DnsName): EgressDecision {
    return this.#byName(client, name, undefined);
  }

  /** The verdict before a name is resolved; where it is `allow`, each address must pass `mayDial`, too. */
  ask({ client, host, protocol, port }: EgressQuestion): EgressDecision {
    const service = { protocol, port };
    return host.kind === 'name'
      ? this.#byName(client, host.name, service)
      : this.#byAddress(client, host.address, service, false);
  }

  /**
   * Whether the gateway may connect to an address that it found for a name, or was given, on the strength of a decision.
   * An IPv6 address that carries one of IPv4 must pass for both. `isOwn`: the address is this machine's. Without a service: whether it may be told the client at all.
   */
  mayDial(
    allowed: Allowed,
    client: EgressClient,
    service: EgressService | undefined,
    address: Address,
    isOwn: boolean,
  ): EgressDecision {
    const inside = disguised(address);
    if (inside.kind === 'never' || isUnspecified(address))
      return { verdict: 'deny', denial: 'special-address', near: [] };
    if (inside.kind === 'carries') {
      const there = this.mayDial(allowed, client, service, inside.inner, false);
      if (there.verdict === 'deny') return there;
    }
    if (allowed.by === 'name' && !isOwn && this.isPublic(address)) return allowed;
    const byAddress = this.#byAddress(client, address, service, isOwn);
    if (byAddress.verdict === 'allow' || allowed.by === 'address') return byAddress;
    return { verdict: 'deny', denial: isOwn ? 'own-address' : 'special-address', near: byAddress.near };
  }

  /**
   * The groups of names whose addresses the kernel must know before this client connects: the name falls under them, flows of the
   * client lead to them, and addresses are how they are enforced.
   */
  opens(client: EgressClient, name: DnsName): readonly string[] {
    return this.#groups.of(name).filter((group) => {
      if (!this.#byAddresses.has(group)) return false;
      const packet = packetOf(client, NOWHERE, [askedKey(group)]);
      return this.#leadsTo([group], hookOf(client)).some(({ names }) => matches(names, packet));
    });
  }

  /** The wildcard by which a name is in the policy, as what stands below `*.`; `undefined` where it stands there itself, or not at all. */
  wildcardOver(name: DnsName): string | undefined {
    return this.#groups.wildcardOver(name);
  }

  /** Whether an address is the public internet's, as the built-in zone `internet` has it (IANA's special-purpose registries). */
  isPublic(address: Address): boolean {
    return this.#internet[address.family].some(({ first, last }) => first <= address.value && address.value <= last);
  }

  /** The flows whose names a name falls under and which begin at a client: those that a lookup of it serves. */
  flowsTo(client: EgressClient, name: DnsName): readonly Grant[] {
    const groups = this.#groups.of(name);
    const packet = packetOf(client, NOWHERE, groups.map(askedKey));
    return this.#leadsTo(groups, hookOf(client))
      .filter(({ names }) => matches(names, packet))
      .map(({ grant }) => grant);
  }

  /** Those that lead to any of the groups, in the policy's order. */
  #leadsTo(groups: readonly string[], hook: LocalHook): readonly Leads[] {
    const [only, ...others] = groups.flatMap((group) => this.#toGroup[hook].get(group) ?? NO_LEADS);
    if (only === undefined || others.length === 0) return only === undefined ? NO_LEADS : [only];
    return [...new Set([only, ...others])].sort((a, b) => a.index - b.index);
  }

  #byName(client: EgressClient, name: DnsName, service: EgressService | undefined): EgressDecision {
    const hook = hookOf(client);
    const groups = this.#groups.of(name);
    const packet = packetOf(client, NOWHERE, groups.map(askedKey), service);
    const serves = (each: Leads): boolean => service === undefined || matches(each.services, packet);
    const found = this.#leadsTo(groups, hook).find((each) => serves(each) && matches(each.names, packet));
    if (found !== undefined) return { verdict: 'allow', grant: found.grant, by: 'name' };
    const open = this.#toMachines[hook].find((each) => serves(each) && this.#leadsToAll(each, packet));
    if (open !== undefined) return { verdict: 'allow', grant: open.grant, by: 'address' };
    return this.#denied(client, packet, 'names', 'unlisted-name');
  }

  #byAddress(
    client: EgressClient,
    address: Address,
    service: EgressService | undefined,
    isOwn: boolean,
  ): EgressDecision {
    const side = isOwn ? 'here' : 'machines';
    const packet = packetOf(client, address, [], service, isOwn);
    const leads = this.#leads[hookOf(client)];
    for (const index of candidates(leads, (each) => any(each.machines, each.here), extentsOfFlow(packet))) {
      const each = leads[index]!;
      if ((service !== undefined && !matches(each.services, packet)) || !matches(each[side], packet)) continue;
      return { verdict: 'allow', grant: each.grant, by: 'address' };
    }
    return this.#denied(client, packet, side, isOwn ? 'own-address' : 'unlisted-address');
  }

  #denied(client: EgressClient, packet: Flow, side: Destination, otherwise: Denial): EgressDecision {
    const leads = this.#leads[hookOf(client)];
    const near = leads.filter((each) => matches(each[side], packet)).map(({ grant }) => grant);
    if (near.length > 0) return { verdict: 'deny', denial: 'other-service', near };
    const isKnown = leads.some(({ grant }) =>
      grant.from.some((from) => matches(beginsAt(from, hookOf(client)), packet)),
    );
    return { verdict: 'deny', denial: isKnown ? otherwise : 'unknown-client', near };
  }

  /** Whether a flow leads the sender of a packet to every public address of some family. */
  #leadsToAll({ machines }: Leads, packet: Flow): boolean {
    return FAMILIES.some((family) => decide(machines, patternOf(packet, family, this.#internet[family])) === true);
  }
}

/** Names to the groups that they fall under: exact names, and wildcards by what stands below them. */
class GroupIndex {
  readonly #exact = new Map<string, string[]>();
  readonly #below = new Map<string, string[]>();

  constructor(groups: readonly NameGroup[]) {
    for (const { key, patterns } of groups) {
      for (const { name, wildcard } of patterns) {
        const index = wildcard ? this.#below : this.#exact;
        const keys = index.get(name);
        if (keys === undefined) index.set(name, [key]);
        else if (keys.at(-1) !== key) keys.push(key);
      }
    }
  }

  of(name: DnsName): readonly string[] {
    const found = new Set(this.#exact.get(name));
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      for (const key of this.#below.get(name.slice(dot + 1)) ?? []) found.add(key);
    }
    return [...found];
  }

  wildcardOver(name: DnsName): string | undefined {
    if (this.#exact.has(name)) return undefined;
    let widest: string | undefined;
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      if (this.#below.has(name.slice(dot + 1))) widest = name.slice(dot + 1);
    }
    return widest;
  }
}

function askedKey(group: string): string {
  return symbolKey({ kind: 'asked', group });
}

const NO_LEADS: readonly Leads[] = [];

/** To Linux these are this machine, whatever the flows say of them (`inet_csk_route_req` and ip(7): INADDR_ANY). */
function isUnspecified({ family, value }: Address): boolean {
  return family === 4 ? value >> 24n === 0n : value === 0n;
}

/**
 * A peer wherever it is connected. Through which interface a client came and the gateway's own packets leave is for the kernel to see: its rules
 * for the listeners and for the gateway's account name the interfaces.
 */
function anywhere(peer: Peer): Peer {
  return peer.kind === 'remote' ? { kind: 'remote', ranges: peer.ranges } : peer;
}

function leadsToGroups(leads: readonly Leads[]): ReadonlyMap<string, readonly Leads[]> {
  const found = new Map<string, Leads[]>();
  for (const each of leads) {
    for (const group of new Set(each.grant.to.flatMap((peer) => (peer.kind === 'named' ? peer.group : [])))) {
      const known = found.get(group);
      if (known === undefined) found.set(group, [each]);
      else known.push(each);
    }
  }
  return found;
}

function leadsToMachines(leads: readonly Leads[]): readonly Leads[] {
  return leads.filter(({ machines }) => machines.kind !== 'nothing');
}

function leadsAt(hook: LocalHook, grants: readonly Grant[]): readonly Leads[] {
  return grants.flatMap((grant, index) => {
    const to = (...kinds: readonly Peer['kind'][]): Match =>
      any(
        ...grant.to
          .filter(({ kind }) => kinds.includes(kind))
          .flatMap((peer) => grant.from.map((from) => pairMatch(anywhere(from), anywhere(peer), hook))),
      );
    const leads = { grant, index, names: to('named'), machines: to('remote'), here: to('local') };
    const isIdle = [leads.names, leads.machines, leads.here].every(({ kind }) => kind === 'nothing');
    return isIdle ? [] : [{ ...leads, services: any(...grant.services.map(serviceMatch)) }];
  });
}

/** The packets that begin at a peer and leave this machine, or pass it. */
function beginsAt(from: Peer, hook: LocalHook): Match {
  return pairMatch(anywhere(from), { kind: 'remote', ranges: [ALL_OF_FOUR, ALL_OF_SIX] }, hook);
}

const ALL_OF_FOUR: AddressRange = { family: 4, first: 0n, last: 0xffff_ffffn };
const ALL_OF_SIX: AddressRange = { family: 6, first: 0n, last: (1n << 128n) - 1n };

function hookOf(client: EgressClient): LocalHook {
  return client.account === undefined ? 'forward' : 'output';
}

/** The packet with which the client would go there itself. */
function packetOf(
  client: EgressClient,
  dst: Address,
  asked: readonly string[],
  service?: EgressService,
  isOwn = false,
): Flow {
  const cgroups = (client.cgroups ?? []).map((path) => symbolKey({ kind: 'cgroup', path }));
  return {
    hook: hookOf(client),
    family: dst.family,
    src: client.address,
    dst,
    protocol: service?.protocol ?? 6,
    sport: ORDINARY_PORTS.first,
    ...(service === undefined ? {} : { dport: service.port }),
    state: 'new',
    ...(isOwn ? { outInterface: 'lo' } : {}),
    ...(client.account === undefined ? {} : { srcAccount: client.account }),
    srcType: 'unicast',
    dstType: 'unicast',
    symbols: new Set([...asked, ...cgroups]),
  };
}

/** The same sender's packets to any of these addresses. */
function patternOf(packet: Flow, family: Family, dst: readonly AddressRange[]): FlowPattern {
  const { src, srcAccount } = packet;
  return {
    hook: packet.hook,
    family,
    src: [{ family: src.family, first: src.value, last: src.value }],
    dst,
    protocol: packet.protocol,
    state: packet.state,
    ...(srcAccount === undefined ? {} : { srcAccounts: [{ first: srcAccount, last: srcAccount }] }),
    srcType: packet.srcType,
    dstType: packet.dstType,
    quantities: new Map(),
    symbols: [],
  };
}

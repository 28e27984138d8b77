import type { DockerFacts } from '../docker/index.ts';
import type { Peer } from '../ir/index.ts';
import { range, wholeFamily } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import {
  BUILT_IN_ZONES,
  type BuiltInZone,
  type Located,
  type PolicyFile,
  type Reporter,
  type ZoneDeclaration,
  type ZoneException,
} from '../policy/index.ts';
import type { Span } from '../source/index.ts';
import type { AccountResolver } from './accounts.ts';
import { containerPeers } from './containers.ts';
import type { NameGroups } from './name-groups.ts';
import { mergePeers, processesOf, subtractPeer } from './peers.ts';
import { RESOLVE_PROBLEMS } from './problems.ts';
import { INTERNET, PRIVATE } from './special-purpose.ts';

/** What a zone is to this machine. */
export interface ZoneMeaning {
  readonly peers: readonly Peer[];
  readonly unrecognised: readonly string[]; // the zones, itself or among its members, that only other layers recognise
}

const NOTHING: ZoneMeaning = { peers: [], unrecognised: [] };
const MAX_DEPTH = 32;

const EVERYWHERE = [wholeFamily(4), wholeFamily(6)];
const BUILT_IN: Readonly<Record<BuiltInZone, readonly Peer[]>> = {
  host: [{ kind: 'local' }],
  loopback: [
    { kind: 'remote', ranges: [range('127.0.0.0/8'), range('::1')], interfaces: [{ name: 'lo', wildcard: false }] },
  ],
  private: [{ kind: 'remote', ranges: PRIVATE }],
  internet: [{ kind: 'remote', ranges: INTERNET.ranges() }],
  any: [{ kind: 'local' }, { kind: 'remote', ranges: EVERYWHERE }],
};

/** Looks zones up and turns them into peers, each once. */
export class ZoneResolver {
  readonly #declared: ReadonlyMap<string, ZoneDeclaration>;
  readonly #unreadable: ReadonlySet<string>;
  readonly #accounts: AccountResolver;
  readonly #names: NameGroups;
  readonly #report: Reporter;
  readonly #containers: () => DockerFacts | undefined;
  readonly #known: Map<string, ZoneMeaning>;
  readonly #used = new Set<string>();

  /** @param containers asked where a zone needs them; `undefined` where nobody knows of any */
  constructor(
    policy: PolicyFile,
    accounts: AccountResolver,
    names: NameGroups,
    containers: () => DockerFacts | undefined,
    report: Reporter,
  ) {
    this.#declared = new Map(policy.zones.map((zone) => [zone.name, zone]));
    this.#unreadable = policy.unreadable;
    this.#accounts = accounts;
    this.#names = names;
    this.#report = report;
    this.#containers = containers;
    this.#known = new Map(BUILT_IN_ZONES.map((name) => [name, { peers: BUILT_IN[name], unrecognised: [] }]));
  }

  /** Empty where the zone is unknown or faulty, which has been reported then. */
  resolve(name: string, span: Span): ZoneMeaning {
    this.#used.add(name);
    return this.#meaning({ value: name, span }, []);
  }

  isUsed(name: string): boolean {
    return this.#used.has(name);
  }

  /** Every zone of the policy and the built-in ones. */
  all(): ReadonlyMap<string, readonly Peer[]> {
    for (const { name, span } of this.#declared.values()) this.#meaning({ value: name, span }, []);
    return new Map([...this.#known].map(([name, { peers }]) => [name, peers]));
  }

  #meaning({ value: name, span }: Located<string>, chain: readonly string[]): ZoneMeaning {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (chain.includes(name)) {
      this.#report.say(RESOLVE_PROBLEMS.recursion, span, 'zone', [...chain.slice(chain.indexOf(name)), name]);
      return NOTHING;
    }
    if (chain.length >= MAX_DEPTH) {
      this.#report.say(RESOLVE_PROBLEMS.tooDeep, span, 'zone', MAX_DEPTH);
      return NOTHING;
    }
    const zone = this.#declared.get(name);
    if (zone === undefined) {
      this.#sayUnknown(name, span);
      return NOTHING;
    }
    const meaning = this.#build(zone, [...chain, name]);
    this.#known.set(name, meaning);
    return meaning;
  }

  #sayUnknown(name: string, span: Span): void {
    if (this.#unreadable.has(name)) return;
    const names = [...BUILT_IN_ZONES, ...this.#declared.keys()];
    this.#report.say(RESOLVE_PROBLEMS.unknownZone, span, name, this.#report.suggest(name, names));
  }

  #build(zone: ZoneDeclaration, chain: readonly string[]): ZoneMeaning {
    const members = zone.zones.map((member) => this.#member(member, chain));
    const contained = containerPeers(zone, this.#containers, this.#report);
    const own = mergePeers([...this.#ownPeers(zone), ...(contained ?? [])]);
    const unrecognised = members.flatMap((member) => member.unrecognised);
    if (own.length === 0 && zone.zones.length === 0 && contained === undefined) unrecognised.push(zone.name);
    const whole = mergePeers([...own, ...members.flatMap((member) => member.peers)]);
    const peers = zone.except.reduce((left, exception) => this.#without(left, exception, chain), whole);
    if (whole.length > 0 && peers.length === 0) this.#report.say(RESOLVE_PROBLEMS.emptyZone, zone.span, zone.name);
    return { peers, unrecognised };
  }

  #member(member: Located<string>, chain: readonly string[]): ZoneMeaning {
    this.#used.add(member.value);
    return this.#meaning(member, chain);
  }

  #ownPeers(zone: ZoneDeclaration): readonly Peer[] {
    const { users = [], cgroups = [], interfaces = [] } = zone.host ?? {};
    const peers: Peer[] = [];
    if (users.length > 0) peers.push(processesOf(users.map((user) => this.#accounts.resolve(user))));
    for (const cgroup of cgroups) peers.push({ kind: 'local', cgroup: cgroup.value });
    if (zone.addresses.length > 0 || interfaces.length > 0) {
      const ranges = AddressSet.of(zone.addresses.map(({ value }) => value)).ranges();
      peers.push({
        kind: 'remote',
        ranges: ranges.length === 0 ? EVERYWHERE : ranges,
        ...(interfaces.length === 0 ? {} : { interfaces: interfaces.map(({ value }) => value) }),
      });
    }
    if (zone.domains.length > 0) peers.push({ kind: 'named', group: this.#names.ofZone(zone) });
    if (zone.enforce?.value === 'ranges' && zone.addresses.length === 0) {
      this.#report.say(RESOLVE_PROBLEMS.rangesMissing, zone.enforce.span, zone.name);
    }
    return mergePeers(peers);
  }

  #without(peers: readonly Peer[], exception: ZoneException, chain: readonly string[]): readonly Peer[] {
    const taken = this.#taken(exception, chain);
    const shown = exception.span.file.text.slice(exception.span.start, exception.span.end);
    if (taken.unrecognised.length > 0) {
      this.#report.say(RESOLVE_PROBLEMS.exceptNotExact, exception.span, shown, 'unrecognised');
    }
    let left = peers;
    for (const peer of taken.peers) {
      const rest = subtractPeer(left, peer);
      if (typeof rest === 'string') this.#report.say(RESOLVE_PROBLEMS.exceptNotExact, exception.span, shown, rest);
      else left = rest;
    }
    return left;
  }

  #taken({ value, span }: ZoneException, chain: readonly string[]): ZoneMeaning {
    switch (value.kind) {
      case 'addresses':
        return { peers: [{ kind: 'remote', ranges: [value.range] }], unrecognised: [] };
      case 'zone':
        return this.#member({ value: value.name, span }, chain);
    }
  }
}

import type { Grant, Peer, Service } from '../ir/index.ts';
import type { Family } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import type { FlowDeclaration, Reporter } from '../policy/index.ts';
import type { EndpointResolver } from './endpoints.ts';
import { speaks } from './peers.ts';
import { RESOLVE_PROBLEMS } from './problems.ts';
import type { ServiceResolver } from './services.ts';
import { INTERNET } from './special-purpose.ts';
import type { ZoneMeaning } from './zones.ts';

const SOON_DAYS = 30;

/** Turns flows into grants and says what is wrong or doubtful about each. */
export class FlowResolver {
  readonly #endpoints: EndpointResolver;
  readonly #services: ServiceResolver;
  readonly #report: Reporter;
  readonly #today: string;
  readonly #notHere = new Map<string, string[]>();

  constructor(endpoints: EndpointResolver, services: ServiceResolver, report: Reporter, today: string) {
    this.#endpoints = endpoints;
    this.#services = services;
    this.#report = report;
    this.#today = today;
  }

  /** Zones that this machine cannot recognise, each with the flows that therefore are not, or not wholly, enforced here. */
  get notHere(): ReadonlyMap<string, readonly string[]> {
    return this.#notHere;
  }

  /** `undefined` where the flow has a fault, which has been reported, or where this machine recognises none of an end. */
  resolve(flow: FlowDeclaration): Grant | undefined {
    const services = this.#services.resolve(flow.service);
    const from = this.#endpoints.resolve(flow.from);
    const to = this.#endpoints.resolve(flow.to);
    this.#checkExpiry(flow);
    this.#keepNotHere(flow.name.value, from.unrecognised, to.unrecognised);
    const sources = this.#sources(flow, from);
    if (services === undefined || sources.length === 0 || to.peers.length === 0) return undefined;
    const { name, rate, purpose, risk, owner, required, expires } = flow;
    // Field by field, and not from conditional parts: a policy can have ten thousand flows.
    const grant: { -readonly [Part in keyof Grant]: Grant[Part] } = {
      name: name.value,
      from: sources,
      to: to.peers,
      services,
      required,
      origin: { span: flow.span, flow: name.value },
    };
    if (rate !== undefined) grant.rate = rate.value;
    if (purpose !== undefined) grant.purpose = purpose;
    if (risk !== undefined) grant.risk = risk;
    if (owner !== undefined) grant.owner = owner;
    if (expires !== undefined) grant.expires = expires.value;
    this.#checkMeaning(flow, grant);
    return grant;
  }

  #keepNotHere(name: string, from: readonly string[], to: readonly string[]): void {
    if (from.length === 0 && to.length === 0) return;
    for (const zone of new Set([...from, ...to])) {
      const flows = this.#notHere.get(zone);
      if (flows === undefined) this.#notHere.set(zone, [name]);
      else flows.push(name);
    }
  }

  #sources(flow: FlowDeclaration, from: ZoneMeaning): readonly Peer[] {
    if (from.peers.every((peer) => peer.kind !== 'named')) return from.peers;
    const sources = from.peers.filter((peer) => peer.kind !== 'named');
    for (const endpoint of flow.from) {
      const { peers } = this.#endpoints.one(endpoint);
      if (peers.length > 0 && peers.every((peer) => peer.kind === 'named')) {
        const text = endpoint.span.file.text.slice(endpoint.span.start, endpoint.span.end);
        this.#report.say(RESOLVE_PROBLEMS.nameAsSource, endpoint.span, text);
      }
    }
    return sources;
  }

  #checkExpiry({ name, expires, required }: FlowDeclaration): void {
    if (expires === undefined) return;
    const days = daysBetween(this.#today, expires.value);
    if (days < 0) this.#report.say(RESOLVE_PROBLEMS.expired, expires.span, name.value, expires.value, required);
    else if (days <= SOON_DAYS) {
      this.#report.say(RESOLVE_PROBLEMS.expiresSoon, expires.span, name.value, expires.value, days);
    }
  }

  #checkMeaning(flow: FlowDeclaration, grant: Grant): void {
    const { value: name, span } = flow.name;
    const why = whyItNeverMatches(grant);
    if (why !== undefined) {
      this.#report.say(RESOLVE_PROBLEMS.neverMatches, span, name, why);
      return;
    }
    const any = namesZone(flow.from, 'any') && namesZone(flow.to, 'any');
    if (any) this.#report.say(RESOLVE_PROBLEMS.anyToAny, span, name);
    else if (grant.from.some((peer) => peer.kind === 'local') && grant.to.some(holdsTheInternet)) {
      this.#report.say(RESOLVE_PROBLEMS.wholeInternet, span, name);
    }
    const everything = flow.service.find(({ value }) => value.kind === 'any');
    if (everything !== undefined) this.#report.say(RESOLVE_PROBLEMS.anyService, everything.span, name);
    if (!any && grant.from.every(isElsewhere) && grant.to.every(isElsewhere)) {
      this.#report.say(RESOLVE_PROBLEMS.forwardOnly, span, name);
    }
  }
}

/** From one date to a later one; negative where it is earlier. Both YYYY-MM-DD. */
function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}

function whyItNeverMatches({ from, to, services }: Grant): string | undefined {
  const v4 = speak(from, 4) && speak(to, 4);
  const v6 = speak(from, 6) && speak(to, 6);
  if (!v4 && !v6) return 'one end has IPv4 addresses only, the other IPv6 addresses only';
  const carried = services.some(({ family }: Service) => family === undefined || (family === 4 ? v4 : v6));
  return carried ? undefined : `its services do not exist in IPv${v4 ? 4 : 6}, and its ends have no other addresses`;
}

function speak(peers: readonly Peer[], family: Family): boolean {
  for (const peer of peers) if (speaks(peer, family)) return true;
  return false;
}

const HALF_OF_IPV4 = 1n << 31n;

/** Every public address of at least one family, whatever the interface. */
function holdsTheInternet(peer: Peer): boolean {
  if (peer.kind !== 'remote' || peer.interfaces !== undefined) return false;
  if (!peer.ranges.some(({ first, last }) => last - first >= HALF_OF_IPV4) && peer.ranges.length < 4) return false;
  const addresses = AddressSet.of(peer.ranges);
  return INTERNET.v4.subtract(addresses.v4).isEmpty() || INTERNET.v6.subtract(addresses.v6).isEmpty();
}

function namesZone(endpoints: FlowDeclaration['from'], name: string): boolean {
  return endpoints.some(({ value }) => value.kind === 'zone' && value.name === name);
}

/** Whoever is said to be behind an interface of this machine, containers too, is meant to be routed by it. */
function isElsewhere(peer: Peer): boolean {
  return (
    peer.kind !== 'local' && (peer.kind !== 'remote' || (peer.interfaces === undefined && peer.live === undefined))
  );
}

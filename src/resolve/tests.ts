import type { NamedDestination, Peer, PolicyTest } from '../ir/index.ts';
import { formatDnsPattern } from '../net/index.ts';
import type { Claim, Reporter, TestDeclaration } from '../policy/index.ts';
import type { EndpointResolver } from './endpoints.ts';
import type { NameGroups } from './name-groups.ts';
import { RESOLVE_PROBLEMS } from './problems.ts';
import type { ServiceResolver } from './services.ts';

/** Turns the claims of a policy's own tests into what can be proven. Comes after the flows, which name the groups. */
export class TestResolver {
  readonly #endpoints: EndpointResolver;
  readonly #services: ServiceResolver;
  readonly #names: NameGroups;
  readonly #report: Reporter;
  readonly #notHere = new Map<string, number>();

  constructor(endpoints: EndpointResolver, services: ServiceResolver, names: NameGroups, report: Reporter) {
    this.#endpoints = endpoints;
    this.#services = services;
    this.#names = names;
    this.#report = report;
  }

  /** Zones that this machine cannot recognise, each with the number of claims that therefore cannot be proven here. */
  get notHere(): ReadonlyMap<string, number> {
    return this.#notHere;
  }

  resolve(test: TestDeclaration): PolicyTest[] {
    const { peers, unrecognised } = this.#endpoints.resolve(test.from);
    const from = peers.filter((peer) => peer.kind !== 'named');
    if (peers.length > 0 && from.length === 0) {
      const [first] = test.from;
      const text = first === undefined ? '' : first.span.file.text.slice(first.span.start, first.span.end);
      this.#report.say(RESOLVE_PROBLEMS.nameAsSource, first?.span, text);
    }
    const sender = test.from.map(({ span }) => span.file.text.slice(span.start, span.end)).join(', ');
    return test.claims.flatMap((claim) => this.#claim(claim, from, unrecognised, sender));
  }

  #claim(claim: Claim, from: readonly Peer[], unrecognised: readonly string[], sender: string): PolicyTest[] {
    const services = this.#services.resolve([claim.service]);
    const to = this.#destinations(claim);
    for (const zone of new Set([...unrecognised, ...to.unrecognised])) {
      this.#notHere.set(zone, (this.#notHere.get(zone) ?? 0) + 1);
    }
    if (services === undefined || from.length === 0 || to.peers.length === 0) return [];
    return [
      {
        text: `from ${sender} ${claim.expect} ${claim.text}`,
        expect: claim.expect,
        from,
        to: to.peers,
        services,
        origin: { span: claim.span },
      },
    ];
  }

  #destinations(claim: Claim): { peers: (Peer | NamedDestination)[]; unrecognised: readonly string[] } {
    const names: NamedDestination[] = [];
    for (const { value, span } of claim.to) {
      if (value.kind !== 'domain') continue;
      if (!value.pattern.wildcard) names.push(this.#names.destination(value.pattern.name));
      else this.#report.say(RESOLVE_PROBLEMS.wildcardInTest, span, formatDnsPattern(value.pattern));
    }
    const { peers, unrecognised } = this.#endpoints.resolve(claim.to.filter(({ value }) => value.kind !== 'domain'));
    return { peers: [...names, ...peers], unrecognised };
  }
}

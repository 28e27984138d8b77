import type { Catalog } from '../catalog/index.ts';
import type { Service } from '../ir/index.ts';
import { ICMP_TYPES, ICMPV6_TYPES, PROTOCOLS } from '../net/index.ts';
import type { Located, PolicyFile, Reporter, ServiceDeclaration, ServiceReference } from '../policy/index.ts';
import { RESOLVE_PROBLEMS } from './problems.ts';

const MAX_DEPTH = 32;

/**
 * What `any` means: every protocol (IANA's numbers have 8 bits) with all its ports, and of the two ICMPs the echo request.
 * Their errors and neighbour discovery are nothing that one could open: the baseline has them.
 */
export const EVERY_SERVICE: readonly Service[] = [
  ...Array.from({ length: 256 }, (_, protocol) => ({ protocol })).filter(
    ({ protocol }) => protocol !== PROTOCOLS.icmp && protocol !== PROTOCOLS.icmpv6,
  ),
  { protocol: PROTOCOLS.icmp, family: 4, icmp: { type: echoRequest(ICMP_TYPES) } },
  { protocol: PROTOCOLS.icmpv6, family: 6, icmp: { type: echoRequest(ICMPV6_TYPES) } },
];

function echoRequest(types: Readonly<Record<string, number>>): number {
  return types['echo-request']!;
}

/** Looks services up: those of the policy first, then the catalogue's. */
export class ServiceResolver {
  readonly #declared: ReadonlyMap<string, ServiceDeclaration>;
  readonly #unreadable: ReadonlySet<string>;
  readonly #catalog: Catalog;
  readonly #report: Reporter;
  readonly #known = new Map<string, readonly Service[]>();
  readonly #used = new Set<string>();

  constructor(policy: PolicyFile, catalog: Catalog, report: Reporter) {
    this.#declared = new Map(policy.services.map((service) => [service.name, service]));
    this.#unreadable = policy.unreadable;
    this.#catalog = catalog;
    this.#report = report;
  }

  /** Without duplicates; `undefined` where one of them is unknown, which has been reported then. */
  resolve(
    references: readonly Located<ServiceReference>[],
    chain: readonly string[] = [],
  ): readonly Service[] | undefined {
    const found = references.map((reference) => this.#one(reference, chain));
    if (found.length === 1) return found[0];
    return found.includes(undefined) ? undefined : withoutDuplicates(found.flatMap((each) => each ?? []));
  }

  /** Declares, checks and looks through all that the policy declares, used or not. */
  resolveAll(): void {
    for (const { name, span } of this.#declared.values()) this.#named({ value: name, span }, []);
  }

  isUsed(name: string): boolean {
    return this.#used.has(name);
  }

  #one({ value, span }: Located<ServiceReference>, chain: readonly string[]): readonly Service[] | undefined {
    switch (value.kind) {
      case 'any':
        return EVERY_SERVICE;
      case 'transports':
        return value.transports;
      case 'name':
        this.#used.add(value.name);
        return this.#named({ value: value.name, span }, chain);
    }
  }

  #named({ value: name, span }: Located<string>, chain: readonly string[]): readonly Service[] | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const declared = this.#declared.get(name);
    if (declared === undefined) {
      const packaged = this.#catalog.service(name);
      if (packaged !== undefined || this.#unreadable.has(name)) return packaged;
      const names = [...this.#declared.keys(), ...this.#catalog.serviceNames()];
      return this.#report.say(RESOLVE_PROBLEMS.unknownService, span, name, this.#report.suggest(name, names));
    }
    if (chain.includes(name)) {
      const cycle = [...chain.slice(chain.indexOf(name)), name];
      return this.#report.say(RESOLVE_PROBLEMS.recursion, span, 'service', cycle);
    }
    if (chain.length >= MAX_DEPTH) return this.#report.say(RESOLVE_PROBLEMS.tooDeep, span, 'service', MAX_DEPTH);
    const services = this.resolve(declared.services, [...chain, name]) ?? [];
    this.#known.set(name, services);
    return services;
  }
}

function withoutDuplicates(services: readonly Service[]): readonly Service[] {
  const seen = new Set<string>();
  return services.filter(({ protocol, family, ports, icmp }) => {
    const key = `${protocol} ${family} ${ports?.first}-${ports?.last} ${icmp?.type}/${icmp?.code}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

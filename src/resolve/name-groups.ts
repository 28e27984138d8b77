import type { Catalog } from '../catalog/index.ts';
import type { NamedDestination, NameGroup } from '../ir/index.ts';
import { type DnsName, type DnsPattern, formatDnsPattern, matchesDnsPattern } from '../net/index.ts';
import type {
  CatalogOverride,
  Located,
  NameEnforcement,
  PolicyFile,
  Reporter,
  ZoneDeclaration,
} from '../policy/index.ts';
import type { Span } from '../source/index.ts';
import { RESOLVE_PROBLEMS } from './problems.ts';

/** What enforces names where the policy does not say: the egress gateway where it has one, else the host by itself. */
function defaultEnforcement({ enforce, gateway }: PolicyFile): NameEnforcement {
  return enforce ?? (gateway === undefined ? 'resolved' : 'gateway');
}

/** Collects the groups of names that a policy speaks of, each under its key, in the order of their appearance. */
export class NameGroups {
  readonly #groups = new Map<string, NameGroup>();
  readonly #overrides: ReadonlyMap<string, CatalogOverride>;
  readonly #unreadable: ReadonlySet<string>;
  readonly #enforcement: NameEnforcement;
  readonly #catalog: Catalog;
  readonly #report: Reporter;

  constructor(policy: PolicyFile, catalog: Catalog, report: Reporter) {
    this.#overrides = new Map(policy.catalog.map((override) => [override.name, override]));
    this.#unreadable = policy.unreadable;
    this.#enforcement = defaultEnforcement(policy);
    this.#catalog = catalog;
    this.#report = report;
  }

  all(): readonly NameGroup[] {
    return [...this.#groups.values()];
  }

  /** The key of a zone's names. */
  ofZone(zone: ZoneDeclaration): string {
    const patterns = zone.domains.map(({ value }) => value);
    return this.#keep(zone.name, patterns, zone.enforce?.value ?? this.#enforcement, zone.span);
  }

  /** The key of a name that is written in a flow by itself: the name. */
  ofPattern(pattern: DnsPattern, span: Span): string {
    return this.#keep(formatDnsPattern(pattern), [pattern], this.#enforcement, span);
  }

  /** The key of a catalogue entry's names, as the policy overrides them; `undefined` where there are none, which is reported. */
  ofEntry(name: string, span: Span): string | undefined {
    const key = `catalog:${name}`;
    if (this.#groups.has(key)) return key;
    if (this.#unreadable.has(key)) return undefined;
    const override = this.#overrides.get(name);
    const entry = this.#catalog.entry(name);
    if (entry === undefined && (override === undefined || (override.domains ?? override.add).length === 0)) {
      const known = [...this.#catalog.entryNames(), ...this.#overrides.keys()].filter((each) => each !== name);
      return this.#report.say(RESOLVE_PROBLEMS.unknownCatalogEntry, span, name, this.#report.suggest(name, known));
    }
    const packaged = entry?.endpoints.map((endpoint) => endpoint.pattern) ?? [];
    const patterns = override === undefined ? packaged : this.#override(packaged, override);
    if (patterns.length === 0) return this.#report.say(RESOLVE_PROBLEMS.noNames, span, name);
    return this.#keep(key, patterns, this.#enforcement, override?.span ?? span);
  }

  /** A destination that is asked for by name, with the groups that this name falls under. */
  destination(name: DnsName): NamedDestination {
    const groups = this.all().filter((group) => group.patterns.some((pattern) => matchesDnsPattern(pattern, name)));
    return { kind: 'name', name, groups: groups.map((group) => group.key) };
  }

  #override(packaged: readonly DnsPattern[], { name, domains, add, remove }: CatalogOverride): readonly DnsPattern[] {
    const base = domains?.map(({ value }) => value) ?? packaged;
    for (const pattern of remove) this.#checkRemoved(pattern, base, name);
    const removed = new Set(remove.map(({ value }) => formatDnsPattern(value)));
    return [...base, ...add.map(({ value }) => value)].filter((pattern) => !removed.has(formatDnsPattern(pattern)));
  }

  #checkRemoved({ value, span }: Located<DnsPattern>, base: readonly DnsPattern[], entry: string): void {
    const known = base.map(formatDnsPattern);
    const text = formatDnsPattern(value);
    if (known.includes(text)) return;
    this.#report.say(RESOLVE_PROBLEMS.notInEntry, span, text, entry, this.#report.suggest(text, known));
  }

  #keep(key: string, patterns: readonly DnsPattern[], enforcement: NameEnforcement, span: Span): string {
    if (!this.#groups.has(key)) {
      const different = new Map(patterns.map((pattern) => [formatDnsPattern(pattern), pattern]));
      this.#groups.set(key, { key, patterns: [...different.values()], enforcement, origin: { span } });
    }
    return key;
  }
}

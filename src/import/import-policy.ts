import { HOOKS, type Hook, type NameGroup, type Ruleset, type Service } from '../ir/index.ts';
import { HeaderSpace } from '../packetset/index.ts';
import { baselineOf, type PieceChoice } from './baseline.ts';
import { inPolicyTerms, type TakenRate } from './comparable.ts';
import { type End, endsOf, type FlowEnds, type ZoneDraft } from './ends.ts';
import { type FoundFlow, flowsAt } from './found-flows.ts';
import { gathered } from './gather.ts';
import { type Called, calledBy, flowWords, Names } from './naming.ts';
import { scopeOf } from './scope.ts';
import type { RateSymbol } from './selector.ts';
import { serviceTexts } from './service-codes.ts';
import { serviceNamer } from './service-names.ts';
import { policyText } from './write.ts';

export interface ImportInput {
  readonly ruleset: Ruleset;
  readonly source: string; // what it was read from, for people
  readonly name: string; // of the policy
  readonly accounts: ReadonlyMap<number, string>; // names of uids
  readonly services: ReadonlyMap<string, readonly Service[]>; // the catalogue's
  readonly groups: readonly NameGroup[]; // of host names, by which the firewall's sets go
}

export interface Imported {
  readonly text: string; // of the policy
  readonly flows: readonly ImportedFlow[];
  readonly baseline: readonly PieceChoice[];
  /** What the firewall lets through and the policy language has no words for: left out, so that the policy is never wider. */
  readonly leftOut: readonly LeftOut[];
  /** Limits that several flows share: a policy has limits of flows only, so these flows have none. */
  readonly lostLimits: readonly string[];
  /** The firewall in the policy's terms: what the policy is to be compared with. */
  readonly comparable: Ruleset;
}

export interface ImportedFlow {
  readonly name: string;
  readonly hook: Hook;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly services: readonly string[];
  readonly rate?: string;
  readonly purpose?: string;
}

export interface LeftOut {
  readonly hook: Hook;
  readonly services: readonly string[];
  readonly reason: string;
}

/** A zone of the policy, under its name. */
export interface NamedZone extends ZoneDraft {
  readonly name: string;
}

/** A flow with all but the names of its zones. */
interface Draft {
  readonly found: FoundFlow;
  readonly ends: FlowEnds;
  readonly called: Called;
  readonly services: readonly string[];
}

/** A policy that means what the firewall does, as far as its language can say it. @throws ImportTooLarge */
export function importPolicy(input: ImportInput): Imported {
  using space = new HeaderSpace(); // the proof needs the room
  const scope = scopeOf(space, input.ruleset);
  const baseline = baselineOf(scope);
  const isLoopbackOpen = baseline.some(({ piece, on }) => on && piece.name === 'loopback');
  const context = { groups: input.groups, accounts: input.accounts, isLoopbackOpen };
  const found = gathered(
    HOOKS.flatMap((hook) => flowsAt(scope, hook, baseline)).map((each) => [each, calledBy(scope, each)]),
  );
  const drafts: Draft[] = [];
  const leftOut: LeftOut[] = [];
  for (const [each, called] of found) {
    const ends = endsOf(each, context);
    if ('reason' in ends) {
      leftOut.push({ hook: each.hook, services: serviceTexts(each.product.codes, [4, 6]), reason: ends.reason });
    } else if (ends.families.length > 0) {
      const services = serviceTexts(each.product.codes, ends.families);
      drafts.push({ found: each, ends, called, services });
    }
  }
  const names = new FlowNames(drafts);
  const zones = new Zones();
  const nameServices = serviceNamer(input.services);
  const flows = drafts.map((draft): ImportedFlow => {
    const { found: each, ends, called, services } = draft;
    const shown = nameServices(services);
    const { name, rate } = names.of(draft, shown);
    return {
      name,
      hook: each.hook,
      from: ends.from.map((end) => zones.text(end, `${name}-clients`)),
      to: ends.to.map((end) => zones.text(end, `${name}-servers`)),
      services: shown,
      ...(rate === undefined ? {} : { rate }),
      ...(called.comment === undefined ? {} : { purpose: called.comment }),
    };
  });
  const text = policyText({ name: input.name, source: input.source, zones: zones.all(), flows, baseline, leftOut });
  return {
    text,
    flows,
    baseline,
    leftOut,
    lostLimits: names.lost,
    comparable: inPolicyTerms(input.ruleset, names.taken),
  };
}

/** Names of flows; a limit belongs to one flow, and a policy can take it over only where one flow has it. */
class FlowNames {
  readonly taken: TakenRate[] = [];
  readonly #lost = new Set<string>();
  readonly #names = new Names();
  readonly #uses = new Map<RateSymbol, number>();

  constructor(drafts: readonly Draft[]) {
    for (const { found } of drafts) {
      const { rate } = found.selector;
      if (rate !== undefined) this.#uses.set(rate, (this.#uses.get(rate) ?? 0) + 1);
    }
  }

  get lost(): readonly string[] {
    return [...this.#lost];
  }

  of({ found, called }: Draft, services: readonly string[]): { readonly name: string; readonly rate?: string } {
    const { rate } = found.selector;
    const wanted = rate?.flow ?? called.name;
    const name =
      wanted === undefined
        ? this.#names.of(called.comment ?? flowWords(found.hook, services))
        : this.#names.exactly(wanted);
    if (rate === undefined) return { name };
    if (this.#uses.get(rate) !== 1) {
      this.#lost.add(rate.text);
      return { name };
    }
    this.taken.push({ keys: rate.keys, flow: name, text: rate.text });
    return { name, rate: rate.text };
  }
}

/** Zones, each once however many flows name it. */
class Zones {
  readonly #names = new Names();
  readonly #zones = new Map<string, NamedZone>();

  text(end: End, words: string): string {
    if (end.kind === 'word') return end.text;
    const { hint, ...content } = end.zone;
    const key = JSON.stringify(content);
    let zone = this.#zones.get(key);
    if (zone === undefined) {
      zone = { ...content, name: this.#names.of(hint ?? words) };
      this.#zones.set(key, zone);
    }
    return zone.name;
  }

  all(): readonly NamedZone[] {
    return [...this.#zones.values()];
  }
}

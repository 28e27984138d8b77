import type { Address, AddressRange, DnsPattern } from '../net/index.ts';
import type { CompiledRule } from './compiled-rule.ts';
import { covers } from './names.ts';

/** How a rule sees who is at the other end: 2 it matches, 1 it may match, 0 it does not. */
export type Level = 0 | 1 | 2;

/** Who is at the other end, as rules see it. */
export interface PeerView {
  level(rule: CompiledRule): Level;
}

/** Pods: known ones, ones that do not exist yet, those of an ingress controller. */
export class PodView implements PeerView {
  readonly #selectors: (number: number) => boolean;
  readonly #isHost: boolean;

  constructor(selectors: (number: number) => boolean, isHost: boolean) {
    this.#selectors = selectors;
    this.#isHost = isHost;
  }

  level(rule: CompiledRule): Level {
    if (rule.everybody) return 2;
    for (const selector of rule.selectors) if (this.#selectors(selector)) return 2;
    if (!this.#isHost) return 0;
    if (rule.nodes === 'all') return 2;
    const isSomewhere = rule.policy.seesHostNetwork !== true && !rule.addresses.isEmpty(); // at its node's address
    if (isSomewhere && rule.everywhere) return 2;
    return isSomewhere || rule.nodes === 'some' || rule.apiServer ? 1 : 0;
  }
}

/** Addresses that no rule tells apart: one of them stands for all. Whether they are of a name, or the API server's, is not known. */
export class AddressView implements PeerView {
  readonly #first: Address;

  constructor({ family, first }: AddressRange) {
    this.#first = { family, value: first };
  }

  level(rule: CompiledRule): Level {
    if (rule.everybody || rule.addresses.has(this.#first)) return 2;
    return rule.names.length > 0 || rule.apiServer ? 1 : 0;
  }
}

/** What is outside, or the cluster's own, at addresses that nobody knows. */
export class PlaceView implements PeerView {
  readonly #kind: 'node' | 'api-server' | DnsPattern;

  constructor(kind: 'node' | 'api-server' | DnsPattern) {
    this.#kind = kind;
  }

  level(rule: CompiledRule): Level {
    if (rule.everybody || rule.everywhere) return 2;
    const kind = this.#kind;
    const somewhere = rule.addresses.isEmpty() ? 0 : 1;
    switch (kind) {
      case 'node':
        if (rule.nodes === 'all') return 2;
        return rule.nodes === 'some' || rule.apiServer ? 1 : somewhere;
      case 'api-server':
        return rule.apiServer ? 2 : somewhere;
      default:
        return rule.names.some((pattern) => covers(pattern, kind)) ? 2 : somewhere;
    }
  }
}

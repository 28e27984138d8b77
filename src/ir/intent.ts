import type { AddressRange, DnsName, DnsPattern, Family, PortRange } from '../net/index.ts';
import type { GatewaySettings, Redirect } from './gateway.ts';
import type { InterfacePattern, Range } from './match.ts';
import type { Origin, Rule } from './ruleset.ts';

/**
 * What the policy wants of one machine, after names, includes, zones and catalogue entries are resolved: the grants add
 * up, in no order; the baseline comes before them, in its order; all else is denied, both ways, IPv4 and IPv6.
 */
export interface Intent {
  readonly name: string;
  readonly baseline: readonly BaselinePiece[]; // those that are switched on
  readonly grants: readonly Grant[];
  readonly groups: readonly NameGroup[];
  readonly tests: readonly PolicyTest[];
  /** Every zone of the policy and the built-in ones, by name, as this host recognises it (possibly not at all: empty). */
  readonly zones: ReadonlyMap<string, readonly Peer[]>;
  /**
   * Accounts that the policy names and this machine does not have: placeholder uid -> name. Enough to reason with
   * (`check`, `why`, `reach`); a target that needs the real uid refuses.
   */
  readonly unknownAccounts: ReadonlyMap<number, string>;
  /** The egress gateway that enforces names here; absent where the policy has none. */
  readonly gateway?: GatewaySettings;
  /** What the host's own firewall must send elsewhere. No policy says so itself: it follows from the gateway (`hostIntent`). */
  readonly redirects?: readonly Redirect[];
}

/** One flow of the policy: any of `from` may open any of `services` towards any of `to`. */
export interface Grant {
  readonly name: string; // unique within the policy; letters, digits, `-`, `_`, `.`
  readonly from: readonly Peer[];
  readonly to: readonly Peer[];
  readonly services: readonly Service[];
  readonly rate?: Rate;
  readonly purpose?: string;
  readonly risk?: string;
  readonly owner?: string;
  readonly required: boolean;
  readonly expires?: string; // a date, YYYY-MM-DD; the flow is good until the end of that day, UTC
  readonly origin: Origin;
}

/** One way in which the host recognises (a part of) a zone. */
export type Peer =
  /** Processes of this machine: every one, or those of these accounts (uids), or of this cgroup. */
  | { readonly kind: 'local'; readonly accounts?: readonly Range[]; readonly cgroup?: string }
  /** Other machines, by address; where interfaces are given, only through those. Both families' absence is no address at all. */
  | {
      readonly kind: 'remote';
      readonly ranges: readonly AddressRange[];
      readonly interfaces?: readonly InterfacePattern[];
      /**
       * Who is there now, by the zone that they are of: containers that come and go. A target may keep these addresses where somebody
       * can change them (`docker watch`) without loading its rules anew. Several peers of one zone belong together.
       */
      readonly live?: string;
    }
  /** Whatever the names of a group stand for. */
  | { readonly kind: 'named'; readonly group: string };

/** The names of one zone, kept together: one symbol in the packet sets, one pair of sets in the kernel. */
export interface NameGroup {
  readonly key: string; // the zone's name, or `catalog:...`
  readonly patterns: readonly DnsPattern[];
  readonly enforcement: 'gateway' | 'resolved' | 'ranges';
  readonly origin: Origin;
}

/** A transport with its ports or its ICMP type; `ports` absent means every port, or a protocol without ports. */
export interface Service {
  readonly protocol: number;
  readonly family?: Family; // absent: both
  readonly ports?: PortRange; // of the destination
  readonly icmp?: { readonly type: number; readonly code?: number };
}

export interface Rate {
  readonly count: number; // new connections, at least 1
  readonly per: 'second' | 'minute' | 'hour' | 'day';
  readonly perSource: boolean; // each source address on its own
}

/** Canonical text, as the policy language writes it: `6/minute per source`. */
export function formatRate(rate: Rate): string {
  return `${rate.count}/${rate.per}${rate.perSource ? ' per source' : ''}`;
}

/** Placeholder uids count up from here: above any real account (Debian Policy 9.2.2 ends at 4294967294 but assigns none there). */
export const FIRST_PLACEHOLDER_UID = 4_294_900_000;

/** Part of what a host needs to live, on by default; see `baseline.ts`. Every rule's match names its hooks. */
export interface BaselinePiece {
  readonly name: string;
  readonly why: string; // a sentence for people
  readonly rules: readonly Rule[];
}

/** A claim of the policy's own `tests`: every packet from, to and on these must be let through, or none may be. */
export interface PolicyTest {
  readonly text: string; // as the user wrote it: `from agent deny 198.51.100.7:443/tcp`
  readonly expect: 'allow' | 'deny';
  readonly from: readonly Peer[];
  readonly to: readonly (Peer | NamedDestination)[];
  readonly services: readonly Service[];
  readonly origin: Origin;
}

/** A destination that the client asks for by name, with the groups that the name falls under. */
export interface NamedDestination {
  readonly kind: 'name';
  readonly name: DnsName;
  readonly groups: readonly string[];
}

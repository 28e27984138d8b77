import { type DifferingPackets, difference, elsewhere } from '../analysis/index.ts';
import type { Flow, Intent } from '../ir/index.ts';
import { HeaderSpace } from '../packetset/index.ts';
import { HostListing, sideNow } from './host-rules.ts';

/** Why the kernel does not now enforce what a gateway relies on. */
export interface FootingFault {
  readonly kind: 'absent' | 'wider' | 'narrower' | 'elsewhere' | 'not-understood';
  readonly sentence: string; // no capital, no full stop
  readonly witness?: Flow; // a packet that shows it
}

export interface Footing {
  readonly faults: readonly FootingFault[]; // none: the kernel enforces all that the gateway relies on
  readonly sendsOn: boolean; // programs that know of no proxy are sent to it; rules of iptables do not
}

/**
 * Whether all that an egress gateway relies on is enforced on a machine now, by the same comparison that tells drift: our rules
 * mean what the policy says, and lead to where it says. What tables of others do is not looked at: they can stop packets, or change them
 * before ours decide, but let none through that ours refuse. While a change is on trial its rules are what counts; the question is to be asked again when it is over.
 *
 * @param listing what the kernel lists now
 * @param host the policy as the host's firewall has to see it (`hostIntent`)
 */
export function gatewayFooting(listing: HostListing, host: Intent): Footing {
  const { mechanism } = listing;
  const sendsOn = mechanism === 'nftables' && (host.redirects ?? []).length > 0;
  const { kind } = listing.standing();
  if (kind === 'absent' || kind === 'foreign') {
    return { sendsOn, faults: [{ kind: 'absent', sentence: 'no rules of Portcullis are loaded on this machine' }] };
  }
  const side = sideNow(listing);
  const should = HostListing.of(host, mechanism).ours('standing');
  const does = listing.ours(side);
  const { wider, narrower } = difference(new HeaderSpace(), should.ruleset, does.ruleset, { limit: 1, onlyNew: false });
  const faults = [
    ...told('wider', 'lets through what the policy does not', wider),
    ...told('narrower', 'does not let through what the policy does', narrower),
    ...told(
      'elsewhere',
      'sends to another place than the policy does',
      elsewhere(new HeaderSpace(), should.ruleset, does.ruleset, 1),
    ),
    ...does.opaque.map(
      ({ text, reason }): FootingFault => ({
        kind: 'not-understood',
        sentence: `a rule of ours is not understood: ${text} (${reason})`,
      }),
    ),
  ];
  return { faults, sendsOn };
}

function told(kind: FootingFault['kind'], what: string, found: readonly DifferingPackets[]): FootingFault[] {
  const [first] = found;
  return first === undefined
    ? []
    : [{ kind, sentence: `this machine ${what}: ${first.packets}`, witness: first.witness }];
}

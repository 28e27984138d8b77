import type { Grant, Range, Service } from '../../ir/index.ts';
import { type AddressRange, type Family, highestAddress, PORT_PROTOCOLS, PROTOCOLS } from '../../net/index.ts';
import { isForeignIcmp } from '../netfilter/capability.ts';
import type { Pair } from '../netfilter/pair.ts';
import type { Box, Interval } from './cells.ts';

/** Which fields a lookup is keyed by, in the order of `Box.fields`: addresses, then the service, then the account. */
export interface Shape {
  readonly src: boolean;
  readonly dst: boolean;
  readonly service: 'ports' | 'protocol' | 'icmp' | 'icmp-code';
  readonly account: boolean;
}

export interface ShapedBox {
  readonly shape: Shape;
  readonly box: Box;
}

/** The tuples that a pair stands for in one family: every source with every destination, service and account. */
export function boxesOf(grant: Grant, order: number, pair: Pair, family: Family): ShapedBox[] {
  const sources = addressIntervals(pair.src, family);
  const destinations = addressIntervals(pair.dst, family);
  const accounts = pair.accounts === undefined ? [undefined] : pair.accounts.map(interval);
  return grant.services.flatMap((service) => {
    const told = serviceFields(service, family);
    if (told === undefined) return [];
    return sources.flatMap((src) =>
      destinations.flatMap((dst) =>
        accounts.map((account) => ({
          shape: { src: src !== undefined, dst: dst !== undefined, service: told.kind, account: account !== undefined },
          box: {
            fields: [src, dst, ...told.fields, account].filter((each) => each !== undefined),
            flow: grant.name,
            order,
          },
        })),
      ),
    );
  });
}

/** `undefined` stands for every address of the family, which needs no field. */
function addressIntervals(ranges: readonly AddressRange[] | 'any', family: Family): (Interval | undefined)[] {
  if (ranges === 'any') return [undefined];
  const own = ranges.filter((range) => range.family === family);
  const whole = own.some((range) => range.first === 0n && range.last === highestAddress(family));
  return whole ? [undefined] : own.map(({ first, last }) => ({ first, last }));
}

/** `undefined` where no packet of the family has the service. */
function serviceFields(
  service: Service,
  family: Family,
): { readonly kind: Shape['service']; readonly fields: readonly Interval[] } | undefined {
  if (service.family !== undefined && service.family !== family) return undefined;
  const protocol = interval({ first: service.protocol, last: service.protocol });
  if (service.icmp !== undefined) {
    const isIcmp = service.protocol === PROTOCOLS.icmp || service.protocol === PROTOCOLS.icmpv6;
    if (!isIcmp || service.ports !== undefined || isForeignIcmp(service, family)) return undefined;
    const type = interval({ first: service.icmp.type, last: service.icmp.type });
    if (service.icmp.code === undefined) return { kind: 'icmp', fields: [type] };
    return { kind: 'icmp-code', fields: [type, interval({ first: service.icmp.code, last: service.icmp.code })] };
  }
  if (service.ports === undefined) return { kind: 'protocol', fields: [protocol] };
  if (!PORT_PROTOCOLS.includes(service.protocol)) return undefined;
  return { kind: 'ports', fields: [protocol, interval(service.ports)] };
}

function interval(range: Range): Interval {
  return { first: BigInt(range.first), last: BigInt(range.last) };
}

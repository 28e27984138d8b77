import type { Grant, InterfacePattern, Range, Rate, Service } from '../../ir/index.ts';
import { type AddressRange, type Family, highestAddress, PORT_PROTOCOLS, PROTOCOLS } from '../../net/index.ts';
import { isForeignIcmp } from '../netfilter/capability.ts';
import type { Pair } from '../netfilter/pair.ts';
import * as build from './build.ts';
import { both, type Conditions } from './build.ts';
import { icmp } from './lower-match.ts';

/** Packets of one family that a flow lets through and that one rule can ask for. */
export interface Way {
  readonly flow: string;
  readonly rate?: Rate;
  readonly protocol: number;
  readonly ports?: Range; // of the destination; absent: every port, or a protocol without ports
  readonly src?: AddressRange;
  readonly dst?: AddressRange;
  readonly conditions: Conditions; // all of them, those above too
}

/** Addresses as one rule can ask for them: a range, or a set that stands outside of the rules. */
export type Asked =
  | { readonly kind: 'range'; readonly range: AddressRange }
  | { readonly kind: 'set'; readonly set: string };

/** Of one flow between two peers, at one hook and in one family. */
const MOST_WAYS = 100_000;

export class TooManyWays extends Error {
  readonly count: number;

  constructor(count: number) {
    super(`${count} ways`);
    this.count = count;
  }
}

/** How a pair's addresses are asked for; `undefined` is every address of the family. */
export type AskAddresses = (ranges: readonly AddressRange[], family: Family) => readonly Asked[];

/** The ways of a pair in one family: every source with every destination, service, account and interface. @throws TooManyWays */
export function waysOf(grant: Grant, pair: Pair, family: Family, ask: AskAddresses): Way[] {
  const sources = asked(pair.src, family, ask);
  const destinations = asked(pair.dst, family, ask);
  const accounts = pair.accounts ?? [undefined];
  const inside = narrowing(pair.inInterfaces);
  const outside = narrowing(pair.outInterfaces);
  const parts = [grant.services, sources, destinations, accounts, inside, outside];
  const count = parts.reduce((product, { length }) => product * length, 1);
  if (count > MOST_WAYS) throw new TooManyWays(count);
  return grant.services.flatMap((service) => {
    const transport = transportOf(service, family);
    if (transport === undefined) return [];
    return sources.flatMap((src) =>
      destinations.flatMap((dst) =>
        accounts.flatMap((account) =>
          inside.flatMap((from) =>
            outside.map((to): Way => {
              const conditions = both(
                from === undefined ? build.ALWAYS : build.through('in', from),
                to === undefined ? build.ALWAYS : build.through('out', to),
                end('src', src),
                end('dst', dst),
                pair.group === undefined ? build.ALWAYS : build.named(pair.group, family),
                transport,
                account === undefined ? build.ALWAYS : build.sentBy(account),
              );
              return {
                flow: grant.name,
                ...(grant.rate === undefined ? {} : { rate: grant.rate }),
                protocol: service.protocol,
                ...(service.ports === undefined ? {} : { ports: service.ports }),
                ...(src?.kind === 'range' ? { src: src.range } : {}),
                ...(dst?.kind === 'range' ? { dst: dst.range } : {}),
                conditions,
              };
            }),
          ),
        ),
      ),
    );
  });
}

function asked(
  ranges: readonly AddressRange[] | 'any',
  family: Family,
  ask: AskAddresses,
): readonly (Asked | undefined)[] {
  if (ranges === 'any') return [undefined];
  const own = ranges.filter((range) => range.family === family);
  const whole = own.some((range) => range.first === 0n && range.last === highestAddress(family));
  return whole ? [undefined] : ask(own, family);
}

function end(side: 'src' | 'dst', asks: Asked | undefined): Conditions {
  switch (asks?.kind) {
    case undefined:
      return build.ALWAYS;
    case 'range':
      return build.addresses(side, asks.range);
    case 'set':
      return build.inSet(asks.set, side);
  }
}

/** A wildcard of no letters is every interface, and the hooks where one is asked for always have it. */
function narrowing(patterns: readonly InterfacePattern[] | undefined): readonly (InterfacePattern | undefined)[] {
  if (patterns === undefined || patterns.some(({ name, wildcard }) => wildcard && name === '')) return [undefined];
  return patterns;
}

/** `undefined` where no packet of the family has the service. */
function transportOf(service: Service, family: Family): Conditions | undefined {
  if (!isAsked(service, family)) return undefined;
  const own = build.protocol(service.protocol);
  if (service.icmp !== undefined) return icmp(family, service.icmp);
  if (service.ports === undefined || isEveryPort(service.ports)) return own;
  return both(own, build.ports(service.protocol, 'destination', [service.ports]));
}

function isEveryPort({ first, last }: Range): boolean {
  return first === 0 && last === 65_535;
}

function isAsked(service: Service, family: Family): boolean {
  const { protocol } = service;
  if ((service.family ?? family) !== family || protocol === EVERY_PROTOCOL) return false;
  if (service.icmp !== undefined) {
    const isIcmp = protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
    return isIcmp && service.ports === undefined && !isForeignIcmp(service, family);
  }
  return service.ports === undefined || PORT_PROTOCOLS.includes(protocol);
}

/** What `-p 0` means to iptables: not the protocol of that number (RFC 8200 4.3), but all. */
export const EVERY_PROTOCOL = 0;

import { all, type Match } from '../../ir/index.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Module } from './ast.ts';
import type { RuleContext } from './context.ts';
import { addrtype, iprange, mac } from './lift-address.ts';
import { connmark, conntrack, mark, state } from './lift-connection.ts';
import { devgroup, dscp, ecn, hl, length, owner, pkttype, tos, ttl } from './lift-header.ts';
import { always, set } from './lift-set.ts';
import { ah, dccp, esp, icmp, icmpv6, ipcomp, type MatchLifter, multiport, sctp, tcp, udp } from './lift-transport.ts';
import {
  connlimit,
  hashlimit,
  limit,
  nfacct,
  PROPERTIES,
  property,
  quota,
  recent,
  VOLATILE,
  volatile,
} from './lift-unknown.ts';
import { Options } from './options.ts';

const LIFTERS: ReadonlyMap<string, MatchLifter> = new Map<string, MatchLifter>([
  ...PROPERTIES.map((name) => [name, property(name)] as const),
  ...VOLATILE.map((name) => [name, volatile(name)] as const),
  ...Object.entries({
    addrtype,
    ah,
    comment: always,
    connlimit,
    connmark,
    conntrack,
    dccp,
    devgroup,
    dscp,
    ecn,
    esp,
    hashlimit,
    hl,
    icmp,
    icmp6: icmpv6,
    ipcomp,
    iprange,
    length,
    limit,
    mac,
    mark,
    multiport,
    nfacct,
    owner,
    pkttype,
    quota,
    recent,
    sctp,
    set,
    state,
    tcp,
    tos,
    ttl,
    udp,
  }),
]);

/** What a match asks of a packet. @throws NotUnderstood where that is not known */
export function moduleMatch(module: Module, context: RuleContext): Match {
  const lift = LIFTERS.get(module.name);
  if (lift === undefined) throw new NotUnderstood(`the match \`${module.name}\` is not known`);
  const options = new Options(module);
  const conditions = lift(options, context).flatMap((match) => match ?? []);
  options.done();
  return all(...conditions);
}

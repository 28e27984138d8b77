import { PROTOCOLS, range } from '../net/index.ts';
import type { BaselinePiece } from './intent.ts';
import { address, all, any, atHook, everything, field, inState, interfaces, type Match, not, ofType } from './match.ts';
import type { Rule, Verdict } from './ruleset.ts';

/**
 * What a host needs to live under default-deny, piece by piece and in this order; a policy may switch a piece off (or
 * on, for those in `OFF_BY_DEFAULT`). The two dropping pieces stand before all that accepts by address or port.
 */
export const BASELINE: readonly BaselinePiece[] = [
  piece('loopback', 'programs of this machine talk to each other over the loopback interface', [
    accept(all(atHook('input'), interfaces('in', { name: 'lo', wildcard: false }))),
    accept(all(atHook('output'), interfaces('out', { name: 'lo', wildcard: false }))),
  ]),
  piece('established', 'replies and errors that belong to a connection which was allowed to open', [
    accept(inState('established', 'related')),
  ]),
  piece('invalid', 'packets that fit no connection and cannot open one', [drop(inState('invalid'))]),
  piece('anti-spoofing', 'packets from the wire that claim to come from this machine or from a group address', [
    drop(
      all(
        atHook('input', 'forward'),
        not(interfaces('in', { name: 'lo', wildcard: false })), // what this machine sends to itself does come from it
        any(
          all(field('family', 4), ofType('src', 'local', 'broadcast', 'multicast', 'anycast')),
          address('src', range('127.0.0.0/8')),
          all(field('family', 6), ofType('src', 'local', 'anycast')),
          // IPv6 has no broadcast, and its groups are told by their addresses (RFC 4291 2.7), which every firewall can compare.
          address('src', range('::1'), range('ff00::/8')),
        ),
      ),
    ),
  ]),
  piece(
    'icmpv6-neighbours',
    'IPv6 finds its neighbours and routers by ICMPv6; without it nothing else works (RFC 4890 4.4.1)',
    [
      accept(all(atHook('input'), icmpv6(135, 136))),
      accept(all(atHook('input'), icmpv6(134), address('src', range('fe80::/10')))),
      accept(all(atHook('output'), icmpv6(133, 135, 136))),
    ],
  ),
  piece(
    'icmpv6-multicast',
    'switches that snoop deliver IPv6 multicast, neighbour discovery too, only to those who report (RFC 3810)',
    [
      accept(all(atHook('input'), icmpv6(130), address('src', range('fe80::/10')))),
      accept(all(atHook('output'), icmpv6(131, 132, 143))),
    ],
  ),
  piece('packet-too-big', 'path MTU discovery; without it large transfers hang (RFC 8201, RFC 1191)', [
    accept(all(atHook('input', 'output'), icmpv6(2))),
    accept(
      all(
        atHook('input', 'output'),
        field('family', 4),
        field('protocol', PROTOCOLS.icmp),
        field('icmpType', 3),
        field('icmpCode', 4),
      ),
    ),
  ]),
  piece('dhcp', 'the address is leased and renewed by DHCP (RFC 2131) and DHCPv6 (RFC 8415)', [
    accept(all(atHook('input'), field('family', 4), udp(67, 68))),
    accept(all(atHook('output'), field('family', 4), udp(68, 67))),
    accept(all(atHook('input'), udp(547, 546), address('src', range('fe80::/10')))),
    accept(all(atHook('output'), udp(546, 547), address('dst', range('fe80::/10'), range('ff02::1:2')))),
  ]),
  piece('forwarding', 'packets that this machine routes for others (containers, virtual machines) pass untouched', [
    accept(all(atHook('forward'), everything)),
  ]),
];

/** Pieces that a policy has to ask for. */
export const OFF_BY_DEFAULT: readonly string[] = ['forwarding'];

/** What befalls a packet at each hook that nothing allows: local senders are told at once, others hear nothing. */
export const DEFAULT_VERDICT = { input: 'drop', output: 'reject', forward: 'drop' } as const satisfies Record<
  'input' | 'output' | 'forward',
  Verdict
>;

function piece(name: string, why: string, rules: readonly Omit<Rule, 'origin'>[]): BaselinePiece {
  return { name, why, rules: rules.map((rule) => ({ ...rule, origin: { flow: `baseline:${name}` } })) };
}

function accept(match: Match): Omit<Rule, 'origin'> {
  return { match, action: { kind: 'verdict', verdict: 'accept' } };
}

function drop(match: Match): Omit<Rule, 'origin'> {
  return { match, action: { kind: 'verdict', verdict: 'drop' } };
}

function icmpv6(...types: readonly number[]): Match {
  return all(field('family', 6), field('protocol', PROTOCOLS.icmpv6), field('icmpType', ...types));
}

function udp(from: number, to: number): Match {
  return all(field('protocol', PROTOCOLS.udp), field('sport', from), field('dport', to));
}

import { all, any, type Chain, field, HOOKS, inState, type Match } from '../../ir/index.ts';
import { type Family, PROTOCOLS } from '../../net/index.ts';
import type { PacketSet } from '../../packetset/index.ts';
import { describe } from '../../semantics/index.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import { inserted, loggedAtEnd, placeOf } from './fixes.ts';
import { shown } from './inbound.ts';
import { HYGIENE } from './kinds-hygiene.ts';
import type { AuditView } from './view.ts';
import { familiesText } from './words.ts';

const FAMILIES: readonly Family[] = [4, 6];

/** What a firewall lacks as a whole. */
export function hygieneFindings(view: AuditView): Finding[] {
  return [
    ...defaultAccept(view),
    ...unloggedDenials(view),
    ...invalidPackets(view),
    ...packetTooBig(view),
    ...neighbours(view),
    ...notUnderstood(view),
  ];
}

/** Base chains that refuse something and accept what is left; a chain without any refusal is no firewall to be mended. */
function defaultAccept(view: AuditView): Finding[] {
  return view.ruleset.tables.flatMap((table) =>
    table.chains.flatMap((chain) => {
      const hook = HOOKS.find((each) => each === chain.base?.hook);
      if (hook === undefined || chain.base?.policy !== 'accept' || !refuses(chain)) return [];
      const left = view.meeting(
        () => false,
        (each) => each === chain,
      );
      const packets = view.space.union(FAMILIES.map((family) => view.open(hook, family))).intersect(left);
      if (packets.isEmpty()) return [];
      const { witness, conditions } = shown(view, packets);
      const name = `${table.name} ${chain.name}`;
      return [finding(HYGIENE.defaultAccept, { subject: name, witness, conditions }, name, hook)];
    }),
  );
}

function refuses(chain: Chain): boolean {
  return chain.rules.some(({ action }) => action.kind === 'verdict' && action.verdict !== 'accept');
}

/** Hooks that refuse packets of which no rule writes a word. What a policy means is logged by whatever enforces it. */
function unloggedDenials(view: AuditView): Finding[] {
  if (view.subject.policy !== undefined) return [];
  const logged = view.meeting((rule) => rule.logs === true);
  const silent = HOOKS.flatMap((hook) => {
    if (hook === 'forward' && !mayForward(view)) return [];
    const denied = view.space.union(FAMILIES.map((family) => view.first(hook, family).subtract(view.accepted)));
    return denied.isEmpty() || denied.intersects(logged) ? [] : [{ hook, denied }];
  });
  if (silent.length === 0) return [];
  const { witness, conditions } = shown(view, view.space.union(silent.map(({ denied }) => denied)));
  const places = silent.map(({ hook, denied }) => [hook, placeOf(view, view.witness(denied).flow)] as const);
  const hooks = silent.map(({ hook }) => hook).join(' and ');
  return [finding(HYGIENE.denialsUnlogged, { subject: hooks, witness, conditions, ...loggedAtEnd(places) }, hooks)];
}

function mayForward({ subject: { facts } }: AuditView): boolean {
  return facts?.forwarding === undefined || facts.forwarding.ipv4 || facts.forwarding.ipv6;
}

/** Where a family is filtered at all. */
function invalidPackets(view: AuditView): Finding[] {
  return (['input', 'forward'] as const).flatMap((hook) => {
    if (hook === 'forward' && !mayForward(view)) return [];
    const filtered = FAMILIES.filter((family) => !view.first(hook, family).subtract(view.accepted).isEmpty());
    const passing = view.space
      .union(filtered.map((family) => view.inState(hook, family, inState('invalid'))))
      .intersect(view.accepted);
    if (passing.isEmpty()) return [];
    const particulars = shown(view, passing);
    const fix = inserted(placeOf(view, particulars.witness.flow), ['ct state invalid drop']);
    return [finding(HYGIENE.invalidAccepted, { subject: hook, ...particulars, ...fix }, hook, inWords(view, passing))];
  });
}

/** Only by protocol and port: the rest is the firewall's business. */
function inWords(view: AuditView, packets: PacketSet): string {
  const lines = describe(view.space.project(packets, ['family', 'protocol', 'dport', 'icmpType']), 2);
  return lines.join('; ');
}

/** ICMP type 3 code 4 (RFC 1191), ICMPv6 type 2 (RFC 4443 3.2). */
const TOO_BIG: Readonly<Record<Family, Match>> = {
  4: all(field('protocol', PROTOCOLS.icmp), field('icmpType', 3), field('icmpCode', 4)),
  6: all(field('protocol', PROTOCOLS.icmpv6), field('icmpType', 2)),
};

const TOO_BIG_RULES: Readonly<Record<Family, string>> = {
  4: 'icmp type destination-unreachable icmp code 4 accept',
  6: 'icmpv6 type packet-too-big accept',
};

function packetTooBig(view: AuditView): Finding[] {
  const refused = (state: Match, families: readonly Family[]) =>
    families.flatMap((family) => {
      const packets = view.inState('input', family, all(TOO_BIG[family], state)).subtract(view.accepted);
      return packets.isEmpty() ? [] : [{ family, packets }];
    });
  const known = refused(inState('related'), FAMILIES);
  const worse = known.map(({ family }) => family);
  const unknown = refused(
    inState('new', 'untracked'),
    FAMILIES.filter((family) => !worse.includes(family)),
  );
  return (
    [
      [HYGIENE.tooBigRefused, known],
      [HYGIENE.tooBigUnknown, unknown],
    ] as const
  ).flatMap(([kind, cases]) => {
    if (cases.length === 0) return [];
    const { witness } = shown(view, view.space.union(cases.map(({ packets }) => packets)));
    const families = cases.map(({ family }) => family);
    const rules = cases.map(
      ({ family, packets }) => [TOO_BIG_RULES[family], placeOf(view, view.witness(packets).flow)] as const,
    );
    const add = rules.flatMap(([rule, place]) => inserted(place, [rule]).fix?.add ?? []);
    const fix = add.length === 0 ? {} : { fix: { language: 'nft' as const, remove: [], add } };
    return [finding(kind, { subject: 'icmp', witness, ...fix }, familiesText(families))];
  });
}

/** Neighbour solicitation and advertisement (RFC 4861), which conntrack never tracks. */
const NEIGHBOURS = all(
  field('protocol', PROTOCOLS.icmpv6),
  field('icmpType', 135, 136),
  any(inState('untracked'), inState('new')),
);

function neighbours(view: AuditView): Finding[] {
  const usesIpv6 = !view.open('input', 6).isEmpty() || !view.open('output', 6).isEmpty();
  if (!usesIpv6) return [];
  const refused = view.space.union(
    (['input', 'output'] as const).map((hook) =>
      view.inState(hook, 6, all(NEIGHBOURS, inState('untracked'))).subtract(view.accepted),
    ),
  );
  const whole = view.space.union(
    (['input', 'output'] as const).map((hook) => view.inState(hook, 6, all(NEIGHBOURS, inState('untracked')))),
  );
  if (refused.isEmpty() || !isMost(view, refused, whole)) return [];
  const { witness } = shown(view, refused);
  return [finding(HYGIENE.noNeighbours, { subject: 'icmpv6', witness })];
}

/** Whether some type is refused whatever else the packet is: a rule may well ask for the hop limit or a source. */
function isMost(view: AuditView, refused: PacketSet, whole: PacketSet): boolean {
  const types = (set: PacketSet): PacketSet => view.space.project(set, ['hook', 'icmpType']);
  return !types(refused)
    .subtract(types(whole.subtract(refused)))
    .isEmpty();
}

function notUnderstood(view: AuditView): Finding[] {
  const { length } = view.subject.opaque;
  return length === 0 ? [] : [finding(HYGIENE.notUnderstood, { subject: 'reader' }, length)];
}

import {
  type Flow,
  formatRate,
  type Intent,
  type NamedDestination,
  type Peer,
  type Service,
  symbolKey,
} from '../ir/index.ts';
import { type Address, formatAddress, PROTOCOLS } from '../net/index.ts';
import { type Evaluation, evaluate, intentRuleset } from '../semantics/index.ts';
import { serviceCorners, unsendable } from './probe-corners.ts';
import { receiverEnds, senderEnds } from './probe-ends.ts';
import { flowsOf } from './probe-flows.ts';
import { FAMILIES, isPeer, isPlayable, METADATA, type ProbeStage } from './probe-stage.ts';

/** One packet worth sending, and what the policy says of it. */
export interface Probe {
  /** What it is about: a grant's name, a test's text, or `everything else`. */
  readonly about: string;
  readonly alsoAbout: readonly string[]; // others for which the same packet would have been made
  readonly aspect: string; // what is special about it, in words
  /** The packet at each hook that it meets, in order: one, or output and input for what stays on this machine. */
  readonly flows: readonly [Flow, ...Flow[]];
  /** The policy's word: the verdict of `evaluate` on the intent, at the hook that decides, and the way to it. */
  readonly expected: Evaluation;
  readonly decidedAt: Flow; // one of `flows`
  /** Why the lab cannot send it; such a probe is only reasoned about. */
  readonly unsendable?: string;
}

export interface ProbePlan {
  readonly probes: readonly Probe[];
  /** Probes that were generated and left out, because there were more than `limit`. */
  readonly leftOut: number;
  /** Tests of the policy and grants for which no packet could be made, with the reason. */
  readonly without: readonly { readonly about: string; readonly reason: string }[];
}

/** What flows are made for: a grant, one of the policy's tests, or a question of our own. */
export interface ProbeSubject {
  readonly about: string;
  readonly from: readonly Peer[];
  readonly to: readonly (Peer | NamedDestination)[];
  readonly services: readonly Service[];
  readonly sport?: number; // absent: an ordinary one, different for every packet
  readonly corners: boolean; // false: one packet for each family, sender, receiver and service is enough
}

interface Draft {
  readonly about: string;
  readonly aspect: string;
  readonly alsoAbout: readonly string[];
  readonly rank: number; // 0: the heart of the matter, 1: another corner inside, 2: just outside
  readonly inside: boolean; // of what the subject names
  readonly flows: readonly [Flow, ...Flow[]];
  readonly unsendable?: string;
}

/** What a limit of any rate lets through at once, at least (nft's default burst). */
const SURE_BURST = 5;
const MAX_DRAFTS_OF_A_SUBJECT = 400;
const SOURCE_PORTS = { first: 32_768, count: 28_000 }; // within Linux's ordinary range of local ports

/**
 * Packets for every in-file test and every grant: each at its corners and just outside them, in each family. What is
 * expected of a packet is what the policy says of it, never what the generator had in mind.
 */
export function planProbes(intent: Intent, stage: ProbeStage, limit: number): ProbePlan {
  const subjects: ProbeSubject[] = [
    ...intent.tests.map(({ text, from, to, services }) => ({ about: text, from, to, services, corners: true })),
    ...intent.grants.map(({ name, from, to, services }) => ({ about: name, from, to, services, corners: true })),
    ...everythingElse(stage),
  ];
  const perSubject = Math.max(2, Math.min(MAX_DRAFTS_OF_A_SUBJECT, Math.ceil((limit * 8) / subjects.length)));
  return planFor(intent, stage, subjects, perSubject, limit);
}

/** Packets for these questions only; all of them. */
export function probesFor(intent: Intent, stage: ProbeStage, subjects: readonly ProbeSubject[]): ProbePlan {
  return planFor(intent, stage, subjects, MAX_DRAFTS_OF_A_SUBJECT, Number.POSITIVE_INFINITY);
}

function planFor(
  intent: Intent,
  stage: ProbeStage,
  subjects: readonly ProbeSubject[],
  perSubject: number,
  limit: number,
): ProbePlan {
  const within = rateSymbols(intent);
  const without: { about: string; reason: string }[] = [];
  const granted = new Set(intent.grants.map(({ name }) => name));
  const drafts = subjects.flatMap((subject) => {
    const made = draftsOf(subject, intent, stage, within, perSubject);
    const hasHeart = made.some(({ inside }) => inside) || !granted.has(subject.about); // a test may be about nothing but denial
    if (made.length === 0 || !hasHeart) without.push({ about: subject.about, reason: reasonForNone(subject, stage) });
    return made;
  });
  const distinct = [...Map.groupBy(drafts, draftKey).values()].map((same) => ({
    ...same[0]!, // a group has at least one
    alsoAbout: [...new Set(same.slice(1).map(({ about }) => about))],
  }));
  const chosen = distinct.toSorted((a, b) => a.rank - b.rank).slice(0, limit);
  const policy = intentRuleset(intent);
  const judged = chosen.map((draft, index) => withVerdict(numbered(draft, index), policy));
  return { probes: withinRates(judged, intent), leftOut: distinct.length - chosen.length, without };
}

/** Default-deny itself: what nobody asked for, in every direction. */
function everythingElse(stage: ProbeStage): ProbeSubject[] {
  const here: Peer = { kind: 'local' };
  const remote = (addresses: readonly Address[]): Peer => ({
    kind: 'remote',
    ranges: addresses.map(({ family, value }) => ({ family, first: value, last: value })),
  });
  const strangers = remote(FAMILIES.map((family) => stage.stranger[family]));
  const metadata = remote(FAMILIES.map((family) => METADATA[family]));
  const service = (protocol: number, port: number): Service => ({ protocol, ports: { first: port, last: port } });
  const rest = { about: 'everything else', corners: false };
  const { tcp, udp } = PROTOCOLS;
  return [
    {
      about: 'this machine with itself',
      from: [here],
      to: [here],
      services: [service(tcp, 8_080), service(udp, 8_080)],
      corners: false,
    },
    // A DHCP server's answer (RFC 2131): it comes unasked as far as conntrack knows.
    { about: 'baseline:dhcp', from: [strangers], to: [here], services: [service(udp, 68)], sport: 67, corners: false },
    {
      ...rest,
      from: [here],
      to: [strangers],
      services: [service(tcp, 443), service(udp, 53), service(udp, 443)],
    },
    { ...rest, from: [here], to: [metadata], services: [service(tcp, 80)] },
    {
      ...rest,
      from: [strangers],
      to: [here],
      services: [service(tcp, 22), service(tcp, 18_789), service(udp, 5_353)],
    },
    { ...rest, from: [strangers], to: [strangers], services: [service(tcp, 443)] },
  ];
}

function rateSymbols(intent: Intent): ReadonlySet<string> {
  return new Set(
    intent.grants.flatMap((grant) =>
      grant.rate === undefined
        ? []
        : [symbolKey({ kind: 'within-rate', flow: grant.name, limit: formatRate(grant.rate) })],
    ),
  );
}

/**
 * One thing is varied at a time: from the first sender, receiver and service, each other one; and for each of those its
 * corners.
 */
function draftsOf(
  subject: ProbeSubject,
  intent: Intent,
  stage: ProbeStage,
  within: ReadonlySet<string>,
  limit: number,
): Draft[] {
  const drafts: Draft[] = [];
  const fixedPort = subject.sport === undefined ? {} : { sport: subject.sport };
  for (const [from, to, service] of oneAtATime(subject.from, subject.to, subject.services)) {
    for (const family of FAMILIES) {
      if (drafts.length >= limit) return drafts;
      const senders = senderEnds(from, family, stage);
      const receivers = receiverEnds(to, family, stage, intent);
      const payloads = serviceCorners(service, family);
      for (const [sender, receiver, payload] of oneAtATime(senders, receivers, payloads)) {
        const corners = [sender, receiver, payload];
        const flows = flowsOf(sender.value, receiver.value, { ...payload.value, ...fixedPort }, family, stage, within);
        if (flows === undefined) continue;
        const special = corners.filter((corner, index) => corner !== [senders[0], receivers[0], payloads[0]][index]);
        const inside = corners.every((corner) => corner.inside);
        if (!subject.corners && special.length > 0) continue;
        const obstacle = sender.value.unsendable ?? receiver.value.unsendable ?? unsendable(payload.value);
        drafts.push({
          about: subject.about,
          alsoAbout: [],
          inside,
          aspect:
            special.length === 0 ? `IPv${family}` : `IPv${family}, ${special.map(({ words }) => words).join(', ')}`,
          rank: special.length === 0 ? 0 : inside ? 1 : 2,
          flows,
          ...(obstacle === undefined ? {} : { unsendable: obstacle }),
        });
      }
    }
  }
  return drafts.slice(0, limit);
}

/** The first of each, then each other value of one with the first of the others. */
function oneAtATime<A, B, C>(as: readonly A[], bs: readonly B[], cs: readonly C[]): (readonly [A, B, C])[] {
  const [a, b, c] = [as[0], bs[0], cs[0]];
  if (a === undefined || b === undefined || c === undefined) return [];
  return [
    [a, b, c],
    ...cs.slice(1).map((other) => [a, b, other] as const),
    ...bs.slice(1).map((other) => [a, other, c] as const),
    ...as.slice(1).map((other) => [other, b, c] as const),
  ];
}

/** A source port of its own for every packet, so that no two are one connection to the kernel. */
function numbered(draft: Draft, index: number): Draft {
  const sport = SOURCE_PORTS.first + (index % SOURCE_PORTS.count);
  const give = (flow: Flow): Flow => (flow.dport === undefined ? flow : { sport, ...flow });
  const [first, ...rest] = draft.flows;
  return { ...draft, flows: [give(first), ...rest.map(give)] };
}

function withVerdict(draft: Draft, policy: ReturnType<typeof intentRuleset>): Probe {
  const { rank: _rank, inside: _inside, ...probe } = draft;
  let decidedAt: Flow = draft.flows[0];
  let expected: Evaluation = evaluate(policy, decidedAt);
  for (const flow of draft.flows.slice(1)) {
    if (expected.verdict !== 'accept') break;
    decidedAt = flow;
    expected = evaluate(policy, flow);
  }
  return { ...probe, expected, decidedAt };
}

/** Of the packets that one rated grant lets through, only as many are sent as its rate lets through at once. */
function withinRates(probes: readonly Probe[], intent: Intent): Probe[] {
  const rates = new Map(intent.grants.flatMap(({ name, rate }) => (rate === undefined ? [] : [[name, rate] as const])));
  const passed = new Map<string, number>();
  return probes.map((probe) => {
    const grant = decidingFlow(probe);
    const rate = grant === undefined ? undefined : rates.get(grant);
    if (grant === undefined || rate === undefined || probe.unsendable !== undefined) return probe;
    const key = rate.perSource ? `${grant} ${formatAddress(probe.decidedAt.src)}` : grant;
    const before = passed.get(key) ?? 0;
    passed.set(key, before + 1);
    return before < Math.min(rate.count, SURE_BURST)
      ? probe
      : { ...probe, unsendable: `it would go beyond the rate of \`${grant}\`, ${formatRate(rate)}` };
  });
}

/** The grant or baseline piece that lets a packet through; `undefined` where it is denied by default. */
export function decidingFlow(probe: Probe): string | undefined {
  return probe.expected.path.findLast((step) => step.outcome === probe.expected.verdict)?.origin?.flow;
}

function draftKey(draft: Draft): string {
  return draft.flows
    .map((flow) =>
      [
        flow.hook,
        formatAddress(flow.src),
        formatAddress(flow.dst),
        flow.dstName,
        flow.protocol,
        flow.sport,
        flow.dport,
        flow.icmpType,
        flow.icmpCode,
        flow.inInterface,
        flow.outInterface,
        flow.srcAccount,
        flow.dstAccount,
      ].join('|'),
    )
    .join('+');
}

function reasonForNone(subject: ProbeSubject, stage: ProbeStage): string {
  if (subject.from.length === 0) return 'this host cannot recognise where it comes from';
  if (subject.to.length === 0) return 'this host cannot recognise where it goes to';
  if (subject.services.length === 0) return 'it has no service';
  if (subject.from.some((peer) => peer.kind === 'named')) return 'a name does not say where a packet comes from';
  const addresses = [...subject.from, ...subject.to].filter(isRemotePeer).flatMap((peer) => peer.ranges);
  return addresses.some(({ family, first }) => isPlayable(stage, { family, value: first }))
    ? 'its ends and its services have no family in common'
    : 'no packet of another machine can carry its addresses';
}

function isRemotePeer(peer: Peer | NamedDestination): peer is Extract<Peer, { kind: 'remote' }> {
  return isPeer(peer) && peer.kind === 'remote';
}

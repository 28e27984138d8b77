import type { Probe, ProbeStage } from '../../analysis/index.ts';
import { forwardedFrom, type Link, type Sender, type Shot } from '../../host/index.ts';
import { formatAddress, PROTOCOLS } from '../../net/index.ts';

/** A probe as the lab sends it: from where, which way, and the packet. */
export interface PlannedShot {
  readonly probe: Probe;
  readonly sender: Sender;
  readonly out: string; // the interface by which the host sends what it sends or forwards
  readonly shot: Shot;
}

/** How long silence is waited for. A passing packet takes about a millisecond; twenty at once on a busy machine, tens. */
const TIMEOUT_MS = 400;

export function linksOf(stage: ProbeStage): [Link, ...Link[]] {
  const [first, ...rest] = stage.interfaces.map((each, index) => ({
    name: each.name,
    index,
    host: { 4: formatAddress(each.host[4]), 6: formatAddress(each.host[6]) },
    outer: { 4: formatAddress(each.outer[4]), 6: formatAddress(each.outer[6]) },
  }));
  if (first === undefined) throw new RangeError('a stage has interfaces');
  return [first, ...rest];
}

/** What DNS servers of the lab answer: name -> addresses. */
export function recordsOf(stage: ProbeStage): Record<string, readonly string[]> {
  return Object.fromEntries(
    [...stage.names.values()].map(({ name, addresses }) => [
      name,
      [formatAddress(addresses[4]), formatAddress(addresses[6])],
    ]),
  );
}

/** `undefined` where the lab cannot send it; `Probe.unsendable` says why. */
export function shotOf(probe: Probe, stage: ProbeStage): PlannedShot | undefined {
  if (probe.unsendable !== undefined) return undefined;
  const [flow] = probe.flows;
  const inner = flow.hook === 'output';
  const entry = flow.inInterface ?? stage.interfaces[0]?.name ?? '';
  const shot: Shot = {
    transport: flow.protocol === PROTOCOLS.tcp ? 'tcp' : flow.protocol === PROTOCOLS.udp ? 'udp' : 'icmp',
    ...(inner ? {} : { src: formatAddress(flow.src) }),
    dst: formatAddress(flow.dst),
    ...(flow.sport === undefined ? {} : { sport: flow.sport }),
    ...(flow.dport === undefined ? {} : { dport: flow.dport }),
    timeoutMs: TIMEOUT_MS,
    attempts: 2,
  };
  const own = flow.outInterface === 'lo' || flow.outInterface === undefined;
  return {
    probe,
    sender: inner ? { at: 'host', account: flow.srcAccount ?? 0 } : { at: 'outer', link: entry },
    out: inner ? (own ? (stage.interfaces[0]?.name ?? '') : flow.outInterface) : (flow.outInterface ?? entry),
    shot,
  };
}

/** Packets that can be under way together (the host routes one way at a time), for each sender. */
export interface Wave {
  readonly out: string;
  readonly volleys: readonly { readonly sender: Sender; readonly planned: readonly PlannedShot[] }[];
}

export function waves(shots: readonly PlannedShot[]): Wave[] {
  const byWay = Map.groupBy(shots, ({ sender, out }) => JSON.stringify([out, forwardedFrom(sender, out)]));
  return [...byWay.values()].flatMap((together) => {
    const bySender = Map.groupBy(together, ({ sender }) => JSON.stringify(sender));
    const volleys = [...bySender.values()].flatMap((planned) => {
      const [first] = planned;
      return first === undefined ? [] : [{ sender: first.sender, planned }];
    });
    const [first] = together;
    return first === undefined ? [] : [{ out: first.out, volleys }];
  });
}

import { type Family, formatPortRange, type PortRange } from '../../net/index.ts';
import { placesOf } from './docker-place.ts';
import { containerPortOf, type Published, publishedPorts } from './docker-published.ts';
import { DockerReach, type Fate } from './docker-reach.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import { CONTAINERS } from './kinds-docker.ts';
import { HOST } from './kinds-host.ts';
import type { AuditSubject } from './subject.ts';
import type { AuditView } from './view.ts';
import { familiesText } from './words.ts';

/**
 * Of a range, this many ports are asked for one by one; the rest is taken to fare as the last of them. Docker starts a process for each, so
 * that wider ones hardly run.
 */
const MOST_PORTS = 1024;

type Known = Pick<AuditSubject, 'docker' | 'facts' | 'serviceName'>;

/** What strangers reach of published ports, as far as rules are there to be asked; else which ports those are that rules must keep. */
export function publishedFindings(known: Known, view: AuditView | undefined): Finding[] {
  const all = publishedPorts(known.docker, known.facts?.dockerPorts ?? []);
  if (view === undefined || all.length === 0) return all.flatMap((port) => unguarded(known, port, port.families));
  const reach = new DockerReach(view, known.docker?.daemon ?? {});
  return all.flatMap((port) => judged(known, reach, port));
}

function unguarded(known: Known, port: Published, families: readonly Family[], unknown?: string): Finding[] {
  if (port.on !== undefined) return []; // somebody chose where
  const particulars = {
    ...about(port),
    origins: placesOf(port.span),
    conditions: unknown === undefined ? [] : [unknown],
  };
  const where = `over ${families.map((family) => `IPv${family}`).join(' and ')}`;
  return [finding(CONTAINERS.publishedEverywhere, particulars, port.container, nameOf(known, port), where)];
}

/** The rules may treat ports of one range differently: each run of ports that fare alike is told by itself. */
function judged(known: Known, reach: DockerReach, port: Published): Finding[] {
  const size = port.ports === undefined ? 1 : Math.min(port.ports.last - port.ports.first + 1, MOST_PORTS);
  const all = Array.from({ length: size }, (_, index) => {
    const fates = port.families.map((family) => [family, reach.fate(port, index, family)] as const);
    return { index, fates, key: fates.map(([, fate]) => fate.kind).join() };
  });
  const starts = all.filter(({ key }, at) => key !== all[at - 1]?.key);
  return starts.flatMap(({ index, fates }, at) => {
    const end = at + 1 === starts.length ? undefined : starts[at + 1]!.index;
    return told(known, part(port, index, end), fates);
  });
}

/** @param end exclusive; absent: all that is left */
function part(port: Published, start: number, end: number | undefined): Published {
  const { ports, containerPorts } = port;
  if (ports === undefined || (start === 0 && end === undefined)) return port;
  const last = end === undefined ? ports.last : ports.first + end - 1;
  return {
    ...port,
    ports: { first: ports.first + start, last },
    containerPorts: {
      first: containerPortOf(containerPorts, start),
      last: containerPortOf(containerPorts, last - ports.first),
    },
  };
}

function told(known: Known, port: Published, fates: readonly (readonly [Family, Fate])[]): Finding[] {
  const passing = fates.flatMap(([family, fate]) => (fate.kind === 'passes' ? [{ family, ...fate }] : []));
  const name = nameOf(known, port);
  const shown = (at: (typeof passing)[number]) => ({
    ...about(port),
    origins: [...placesOf(port.span), ...(at.origin === undefined ? [] : [at.origin])],
    witness: { flow: at.flow, verdict: 'accept' as const },
  });
  const over6 = passing.find(({ family }) => family === 6);
  if (over6 !== undefined && fates.some(([family, { kind }]) => family === 4 && kind === 'refused'))
    return [finding(CONTAINERS.openOverIpv6, shown(over6), port.container, name)];
  const past = passing.filter(({ flow }) => flow.hook === 'forward'); // what passes at input is told of the port itself
  const families = past.map(({ family }) => family);
  const [first] = past;
  if (first !== undefined) {
    const only = families.length < port.families.length ? familiesText(families) : '';
    return [finding(HOST.dockerBypass, shown(first), port.container, name, only)];
  }
  const unknown = fates.flatMap(([family, fate]) => (fate.kind === 'unknown' ? [{ family, for: fate.for }] : []));
  if (unknown.length === 0) return [];
  return unguarded(
    known,
    port,
    unknown.map(({ family }) => family),
    unknown[0]!.for,
  );
}

function about({ container, protocol, ports, containerPorts }: Published) {
  return { subject: `${container} ${textOf(protocol, ports ?? containerPorts)}` };
}

/** By the name of what the container offers there, where it has one. */
function nameOf({ serviceName }: Known, { protocol, ports, containerPorts }: Published): string {
  const service =
    containerPorts.first === containerPorts.last && protocol !== 'sctp'
      ? serviceName(protocol, containerPorts.first)
      : undefined;
  const named = service === undefined ? '' : ` (${service})`;
  if (ports === undefined) return `${textOf(protocol, containerPorts)}${named} by a port of Docker’s choice`;
  return `${textOf(protocol, ports)}${named}`;
}

function textOf(protocol: Published['protocol'], ports: PortRange): string {
  return `${protocol}/${formatPortRange(ports)}`;
}

import { wholeFamily } from '../../../net/index.ts';
import { AddressSet } from '../../../packetset/index.ts';
import type { ObjectRef, PolicyRule, PortMatch, WorkloadSelector } from '../../policy.ts';
import { ALL_ADDRESSES, meansInside } from '../address-meaning.ts';
import { joined } from '../conditional.ts';
import type { Part } from '../part.ts';
import { workloadSelectors } from './endpoints.ts';
import { addressesOf, type Entity, labelsOf, readEntity } from './entity.ts';
import type { CalicoFacts } from './facts.ts';
import { type Action, meantBy } from './peers.ts';
import { readTraffic } from './ports.ts';
import { CALICO_PROBLEMS } from './problems.ts';

const FIELDS = [
  'action',
  'ipVersion',
  'protocol',
  'notProtocol',
  'icmp',
  'notICMP',
  'source',
  'destination',
  'http',
  'metadata',
];

const ACTIONS: Readonly<Record<string, Action | 'log'>> = { Allow: 'allow', Deny: 'deny', Pass: 'pass', Log: 'log' };

/** A rule of Calico's as rules of ours, one after the other: none where it changes nothing (it only logs), or is not understood. */
export function readRule(
  part: Part,
  direction: 'ingress' | 'egress',
  policy: ObjectRef,
  facts: CalicoFacts,
): PolicyRule[] {
  part.only(FIELDS);
  const written = part.at('action').text();
  if (written === undefined) {
    part.missing('action');
    return [];
  }
  const action = Object.hasOwn(ACTIONS, written) ? ACTIONS[written] : undefined;
  if (action === undefined) {
    const at = part.at('action');
    part.report.say(CALICO_PROBLEMS.badValue, at.span, at.path, written, 'Allow, Deny, Log or Pass');
    return [];
  }
  const source = readEntity(part.at('source'), policy);
  const destination = readEntity(part.at('destination'), policy);
  const families = readFamilies(part, source, destination);
  const traffic = readTraffic(part, part.at('source'), part.at('destination'));
  const http = readHttp(part, action);
  checkNames(part, { direction, action }, source, destination);
  if (action === 'log') return []; // what it matches goes on to the next rule
  const [own, peer] = direction === 'ingress' ? [destination, source] : [source, destination];
  const meant = meantBy(peer, families, { action, isEgress: direction === 'egress' }, facts);
  const subjects = narrowed(own);
  if (meant === undefined || subjects === undefined) {
    facts.opaque.push({
      ref: policy,
      span: part.span,
      text: part.path,
      reason: 'a rule of it could not be resolved and is left out',
      bounds: action === 'allow' ? 'wider' : action === 'deny' ? 'narrower' : 'either',
    });
    return [];
  }
  const ports = atService(traffic.ports, meant.ports);
  if (ports !== 'any' && ports.length === 0) return [];
  const condition = [...traffic.conditions, http, ownAddress(own, families, action), ownService(own)];
  return subjects.flatMap((subject) =>
    meant.peers.map(
      (each): PolicyRule => ({
        action,
        peers: each.peers,
        ports,
        ...(subject === undefined ? {} : { subject }),
        ...joined([...condition, each.condition]),
        span: part.span,
      }),
    ),
  );
}

/** The subject's own end: which of the policy's subjects the rule is about. `[undefined]`: all of them. */
function narrowed(own: Entity): readonly (WorkloadSelector | undefined)[] | undefined {
  const labels = labelsOf(own);
  if (labels === undefined) return [undefined];
  const workloads = workloadSelectors(labels);
  return workloads ?? own.part.report.say(CALICO_PROBLEMS.tooManyParts, own.part.span, own.part.path);
}

function ownAddress(own: Entity, families: AddressSet, action: Action): string | undefined {
  if (own.nets === undefined && own.notNets === undefined) return undefined;
  const inside = meansInside(addressesOf(own, families));
  if (inside === 'all' || (inside === 'all of IPv4' && action === 'allow')) return undefined;
  return `where its own address is as \`${own.part.path}\` asks`;
}

function ownService({ service }: Entity): string | undefined {
  return service === undefined ? undefined : `endpoints of the Service ${service.namespace}/${service.name} only`;
}

/** The ports of a Service's pods, of the protocols that the rule is about (it may name no ports beside a Service). */
function atService(ports: readonly PortMatch[] | 'any', service: readonly PortMatch[] | undefined) {
  if (service === undefined || ports === 'any') return service ?? ports;
  const protocols = new Set(ports.map((match) => (match.kind === 'protocol' ? undefined : match.protocol)));
  return service.filter((match) => match.kind !== 'protocol' && protocols.has(match.protocol));
}

function readFamilies(part: Part, source: Entity, destination: Entity): AddressSet {
  const version = part.at('ipVersion');
  const asked = version.integer();
  const nets = [source.nets, source.notNets, destination.nets, destination.notNets].filter((set) => set !== undefined);
  const has4 = nets.some(({ v4 }) => !v4.isEmpty());
  const has6 = nets.some(({ v6 }) => !v6.isEmpty());
  if (has4 && has6) {
    part.report.say(
      CALICO_PROBLEMS.refused,
      part.span,
      part.path,
      'a rule has address blocks of IPv4 or of IPv6, not of both: write two rules',
    );
  }
  if (asked !== undefined && asked !== 4 && asked !== 6) {
    part.report.say(CALICO_PROBLEMS.badValue, version.span, version.path, String(asked), '4 or 6');
  } else if ((asked === 4 && has6) || (asked === 6 && has4)) {
    part.report.say(CALICO_PROBLEMS.refused, version.span, version.path, 'its address blocks are of the other family');
  }
  if (asked === 4 || asked === 6) return AddressSet.of([wholeFamily(asked)]);
  // Blocks of one family, at either end, are for that family only.
  if (has4 !== has6) return AddressSet.of([wholeFamily(has4 ? 4 : 6)]);
  return ALL_ADDRESSES;
}

/** What it asks of requests, for people. */
function readHttp(part: Part, action: Action | 'log'): string | undefined {
  const http = part.at('http');
  if (!http.exists) return undefined;
  http.only(['methods', 'paths']);
  const refused = (why: string) => part.report.say(CALICO_PROBLEMS.refused, http.span, http.path, why);
  if (action !== 'allow') refused('only rules that allow can ask for it');
  const protocol = part.at('protocol').integerOrText();
  if (protocol !== undefined && protocol !== 6 && String(protocol).toLowerCase() !== 'tcp')
    refused('it needs `protocol: TCP`');
  const methods = http.at('methods').texts();
  const paths = http
    .at('paths')
    .items()
    .map((path) => {
      path.only(['exact', 'prefix']);
      const exact = path.at('exact').text();
      const prefix = path.at('prefix').text();
      if ((exact === undefined) === (prefix === undefined)) refused('each path is either `exact` or a `prefix`');
      return exact ?? `${prefix ?? ''}...`;
    });
  const asked = [methods.join('/'), paths.join(' or ')].filter((text) => text !== '');
  return asked.length === 0 ? undefined : `requests ${asked.join(' ')} only`;
}

function checkNames(
  part: Part,
  { direction, action }: { direction: 'ingress' | 'egress'; action: Action | 'log' },
  source: Entity,
  destination: Entity,
): void {
  const inDestination = destination.domains !== undefined;
  if (source.domains === undefined && (!inDestination || (direction === 'egress' && action === 'allow'))) return;
  const at = part.at(source.domains === undefined ? 'destination' : 'source', 'domains');
  part.report.say(
    CALICO_PROBLEMS.refused,
    at.span,
    at.path,
    'names stand in the destination of egress rules that allow',
  );
}

import type { ClusterPeer, ConnectionProtocol, PolicyRule, PortMatch } from '../policy.ts';
import { badValue } from './label-selector.ts';
import type { Part } from './part.ts';
import { isPortName, portNumber, transportProtocol } from './port.ts';
import { MANIFEST_PROBLEMS } from './problems.ts';

/** `ports` of v1alpha1, `protocols` of v1alpha2 and later: any of them; none: whatever port. */
export function adminPorts(rule: Part, peers: readonly ClusterPeer[]): PolicyRule['ports'] {
  const ports = rule.at('ports').items();
  const protocols = rule.at('protocols').items();
  const matches = [...ports.flatMap((each) => port(each) ?? []), ...protocols.flatMap((each) => protocol(each) ?? [])];
  checkNamed(rule, matches, peers);
  return ports.length + protocols.length === 0 ? 'any' : matches;
}

/** A name belongs to a container: addresses, nodes and domain names have no such ports (a rule of the API's schema). */
function checkNamed(rule: Part, matches: readonly PortMatch[], peers: readonly ClusterPeer[]): void {
  if (!matches.some(({ kind }) => kind === 'named') || peers.every(({ kind }) => kind === 'workloads')) return;
  const part = rule.at(rule.at('ports').exists ? 'ports' : 'protocols');
  const why = 'only pods have ports with names, and a peer of this rule is something else';
  rule.report.say(MANIFEST_PROBLEMS.excluded, part.span, part.path, why);
}

function port(part: Part): PortMatch | undefined {
  const known = ['portNumber', 'portRange', 'namedPort'];
  const key = only(part, known);
  if (key === undefined) return undefined;
  const value = part.at(key);
  if (key === 'namedPort') return named(value);
  value.only(key === 'portNumber' ? ['protocol', 'port'] : ['protocol', 'start', 'end']);
  const transport = transportProtocol(value.at('protocol'));
  return key === 'portNumber' ? number(value, 'port', transport) : range(value, transport);
}

const TRANSPORTS: Readonly<Record<string, ConnectionProtocol>> = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP' };

function protocol(part: Part): PortMatch | undefined {
  const key = only(part, [...Object.keys(TRANSPORTS), 'destinationNamedPort']);
  if (key === undefined) return undefined;
  const value = part.at(key);
  const transport = TRANSPORTS[key];
  if (transport === undefined) return named(value);
  value.only(['destinationPort']);
  const destination = value.at('destinationPort');
  if (!destination.exists) return { kind: 'ports', protocol: transport, first: 1, last: 65_535 };
  const form = only(destination, ['number', 'range']);
  if (form === undefined) return undefined;
  if (form === 'number') return number(destination, 'number', transport);
  destination.at('range').only(['start', 'end']);
  return range(destination.at('range'), transport);
}

function only(part: Part, known: readonly string[]): string | undefined {
  part.only(known);
  const [key, ...others] = known.filter((each) => part.at(each).exists);
  if (key !== undefined && others.length === 0) return key;
  return part.report.say(MANIFEST_PROBLEMS.notOne, part.span, part.path, known.map((each) => `\`${each}\``).join(', '));
}

function number(part: Part, key: string, protocol: ConnectionProtocol): PortMatch | undefined {
  if (!part.at(key).exists) return part.missing(key);
  const first = portNumber(part.at(key));
  return first === undefined ? undefined : { kind: 'ports', protocol, first, last: first };
}

function range(part: Part, protocol: ConnectionProtocol): PortMatch | undefined {
  for (const key of ['start', 'end']) if (!part.at(key).exists) part.missing(key);
  const [first, last] = [portNumber(part.at('start')), portNumber(part.at('end'))];
  if (first === undefined || last === undefined) return undefined;
  return last >= first
    ? { kind: 'ports', protocol, first, last }
    : badValue(part.at('end'), `\`start\` (${first}) or more`);
}

/** Of whichever protocol the container's port has. */
function named(part: Part): PortMatch | undefined {
  const name = part.text();
  if (name === undefined) return undefined;
  return isPortName(name) ? { kind: 'named', name } : badValue(part, 'the name of a container’s port');
}

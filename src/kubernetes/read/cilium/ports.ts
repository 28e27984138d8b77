import { ICMP_TYPES, ICMPV6_TYPES } from '../../../net/index.ts';
import type { ConnectionProtocol, PortMatch } from '../../policy.ts';
import type { Part } from '../part.ts';
import type { RuleContext } from './facts.ts';
import { CILIUM_PROBLEMS } from './problems.ts';
import { readRequests } from './requests.ts';

/** Ports of a rule; each entry of `toPorts` may ask for more. */
export interface RulePorts {
  readonly ports: readonly PortMatch[] | 'any';
  readonly condition?: string; // of requests, see `PolicyRule`
}

const MOST = 40; // pkg/policy/api, `maxPorts` and `maxICMPFields`
const FIELDS = ['ports', 'rules', 'terminatingTLS', 'originatingTLS', 'serverNames', 'listener'];

/** `undefined`: the rule says nothing of ports (an empty list says nothing either). */
export function readPorts(rule: Part, context: RuleContext): readonly RulePorts[] | undefined {
  const entries = rule.at('toPorts').items();
  const icmps = rule.at('icmps').items();
  if (entries.length > 0 && icmps.length > 0) {
    rule.report.say(CILIUM_PROBLEMS.refused, rule.span, rule.path, '`icmps` and `toPorts` exclude each other');
  }
  const given = [...entries.map((entry) => readEntry(entry, context)), ...icmps.map(readIcmps)];
  return given.length === 0 ? undefined : given;
}

function readEntry(entry: Part, context: RuleContext): RulePorts {
  entry.only(context.action === 'allow' ? FIELDS : ['ports']);
  const items = entry.at('ports').items();
  if (items.length > MOST) {
    entry.report.say(CILIUM_PROBLEMS.refused, entry.span, entry.path, `it has more than ${MOST} ports`);
  }
  return { ports: items.flatMap(readPort), ...readRequests(entry, context) };
}

const PROTOCOLS: Readonly<Record<string, readonly ConnectionProtocol[] | number>> = {
  TCP: ['TCP'],
  UDP: ['UDP'],
  SCTP: ['SCTP'],
  ANY: ['TCP', 'UDP', 'SCTP'],
  IGMP: 2,
  VRRP: 112,
};

function readPort(item: Part): PortMatch[] {
  item.only(['port', 'endPort', 'protocol']);
  const at = item.at('protocol');
  const written = at.text() ?? 'ANY';
  const protocols = Object.hasOwn(PROTOCOLS, written === '' ? 'ANY' : written)
    ? PROTOCOLS[written === '' ? 'ANY' : written]
    : at.report.say(CILIUM_PROBLEMS.badValue, at.span, at.path, written, Object.keys(PROTOCOLS).join(', '));
  const port = item.at('port');
  const text = port.text();
  if (text === undefined) {
    if (!port.exists) item.missing('port');
    return [];
  }
  if (protocols === undefined) return [];
  if (typeof protocols === 'number') return [{ kind: 'protocol', number: protocols }];
  // A port is a name as soon as it has a letter (IANA service names), and then in lower case.
  if (/[a-zA-Z]/.test(text)) {
    if (!/^(?:[a-zA-Z0-9]-?)*[a-zA-Z](?:-?[a-zA-Z0-9])*$/.test(text)) return badPort(port, text);
    return protocols.map((protocol) => ({ kind: 'named', protocol, name: text.toLowerCase() }));
  }
  const first = /^[0-9]{1,5}$/.test(text) ? Number(text) : undefined;
  if (first === undefined || first > 65_535) return badPort(port, text);
  const end = item.at('endPort');
  const last = end.integer();
  if (last !== undefined && (last > 65_535 || last < 0 || (last !== 0 && last < first))) {
    const expected = `a port from ${first} to 65535`;
    end.report.say(CILIUM_PROBLEMS.badValue, end.span, end.path, String(last), expected);
    return [];
  }
  return protocols.map((protocol) =>
    first === 0
      ? { kind: 'ports', protocol, first: 1, last: 65_535 }
      : { kind: 'ports', protocol, first, last: last === undefined || last === 0 ? first : last },
  );
}

function badPort(port: Part, text: string): PortMatch[] {
  const expected = 'a port from 0 (every one) to 65535 or the name of one, as text';
  return port.report.say(CILIUM_PROBLEMS.badValue, port.span, port.path, text, expected) ?? [];
}

function readIcmps(part: Part): RulePorts {
  part.only(['fields']);
  const fields = part.at('fields').items();
  if (fields.length > MOST) {
    part.report.say(CILIUM_PROBLEMS.refused, part.span, part.path, `it has more than ${MOST} fields`);
  }
  return { ports: fields.flatMap(readIcmpField) };
}

function readIcmpField(field: Part): PortMatch[] {
  field.only(['family', 'type']);
  const at = field.at('family');
  const family = at.text() ?? 'IPv4';
  if (family !== 'IPv4' && family !== 'IPv6' && family !== '') {
    return at.report.say(CILIUM_PROBLEMS.badValue, at.span, at.path, family, 'IPv4 or IPv6') ?? [];
  }
  const part = field.at('type');
  const written = part.integerOrText();
  if (written === undefined) return part.exists ? [] : (field.missing('type') ?? []);
  const type = typeof written === 'number' ? written : icmpType(written, family === 'IPv6');
  if (type === undefined || type < 0 || type > 255) {
    const expected = 'a type from 0 to 255 or its name, such as `EchoRequest`';
    return part.report.say(CILIUM_PROBLEMS.badValue, part.span, part.path, String(written), expected) ?? [];
  }
  return [{ kind: 'ports', protocol: family === 'IPv6' ? 'ICMPv6' : 'ICMP', first: type, last: type }];
}

/** Cilium writes the names of RFC 792 and 4443 in one word: `EchoRequest`, `DestinationUnreachable`. */
function icmpType(text: string, isIpv6: boolean): number | undefined {
  if (/^[0-9]{1,3}$/.test(text)) return Number(text);
  const name = text.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  return (isIpv6 ? ICMPV6_TYPES : ICMP_TYPES)[ALIASES[name] ?? name];
}

/** Where nft, whose names this program uses, says it otherwise. */
const ALIASES: Readonly<Record<string, string>> = {
  'router-selection': 'router-solicitation',
  timestamp: 'timestamp-request',
  'router-solicitation': 'nd-router-solicit',
  'router-advertisement': 'nd-router-advert',
  'neighbor-solicitation': 'nd-neighbor-solicit',
  'neighbor-advertisement': 'nd-neighbor-advert',
  'redirect-message': 'nd-redirect',
  'multicast-listener-query': 'mld-listener-query',
  'multicast-listener-report': 'mld-listener-report',
  'multicast-listener-done': 'mld-listener-done',
};

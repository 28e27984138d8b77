import { ICMP_TYPES, ICMPV6_TYPES, PORT_PROTOCOLS, PROTOCOLS, parsePortRange, parseProtocol } from '../net/index.ts';
import type { SourceFile, Span } from '../source/index.ts';
import type { ServiceReference, Transport } from './policy-file.ts';
import { POLICY_PROBLEMS } from './problems.ts';
import type { Reporter } from './reporter.ts';
import { LABEL } from './text.ts';

/**
 * A service: `ssh` (a name), `tcp/22`, `tcp/80,443`, `udp/8000-8100`, `tcp/any`, `icmp/echo-request`, `icmpv6/128`, `icmp/3/4`,
 * `gre`, `protocol/47`, or `any`. Ports may also stand first, as in `443/tcp`.
 */
export function parseService(text: string, span: Span, report: Reporter): ServiceReference | undefined {
  let known = readBefore.get(span.file);
  if (known === undefined) {
    known = new Map();
    readBefore.set(span.file, known);
  }
  const service = known.get(text) ?? parse(text, span, report);
  if (service !== undefined) known.set(text, service);
  return service;
}

/** The services of a file by their text: a policy names the same few again and again. Faults are told in each place. */
const readBefore = new WeakMap<SourceFile, Map<string, ServiceReference>>();

function parse(text: string, span: Span, report: Reporter): ServiceReference | undefined {
  const wanted = text.trim();
  if (wanted === 'any') return { kind: 'any' };
  const parts = wanted.split('/');
  if (parts.length === 1) return parseBare(wanted, span, report);
  const turned = parts.length === 2 && /^(?:[0-9]|any$|\*$)/.test(parts[0]!);
  const [word, ...detail] = turned ? parts.toReversed() : parts;
  if (word === 'icmp' || word === 'icmpv4' || word === 'icmpv6') return parseIcmp(word, detail, span, report);
  if (word === 'protocol') return parseNumbered(detail, wanted, span, report);
  const protocol = parseProtocol(word!.toLowerCase());
  if (protocol === undefined) {
    return report.say(POLICY_PROBLEMS.unknownProtocol, span, word!, report.suggest(word!, Object.keys(PROTOCOLS)));
  }
  if (!PORT_PROTOCOLS.includes(protocol)) return report.say(POLICY_PROBLEMS.portless, span, wanted, word!);
  if (detail.length !== 1) return report.say(POLICY_PROBLEMS.badService, span, wanted);
  return parsePorts(protocol, detail[0]!, span, report);
}

function parsePorts(protocol: number, text: string, span: Span, report: Reporter): ServiceReference | undefined {
  if (text === 'any' || text === '*') return { kind: 'transports', transports: [{ protocol }] };
  const transports: Transport[] = [];
  for (const part of text.split(',')) {
    const ports = parsePortRange(part.trim());
    if (ports === undefined) return report.say(POLICY_PROBLEMS.badPort, span, part.trim());
    transports.push({ protocol, ports });
  }
  return { kind: 'transports', transports };
}

/** A word alone: a named service, or a protocol that has no ports. */
function parseBare(text: string, span: Span, report: Reporter): ServiceReference | undefined {
  if (text === 'icmp') return { kind: 'transports', transports: [ICMP, ICMPV6] };
  if (text === 'icmpv4') return { kind: 'transports', transports: [ICMP] };
  if (text === 'icmpv6') return { kind: 'transports', transports: [ICMPV6] };
  if (/^[0-9]/.test(text)) return report.say(POLICY_PROBLEMS.bareNumber, span, text);
  const protocol = parseProtocol(text);
  if (protocol !== undefined) {
    if (PORT_PROTOCOLS.includes(protocol)) return report.say(POLICY_PROBLEMS.portsMissing, span, text);
    return { kind: 'transports', transports: [{ protocol }] };
  }
  if (!LABEL.test(text)) return report.say(POLICY_PROBLEMS.badService, span, text);
  return { kind: 'name', name: text };
}

function parseNumbered(
  detail: readonly string[],
  text: string,
  span: Span,
  report: Reporter,
): ServiceReference | undefined {
  const protocol = detail.length === 1 ? parseProtocol(detail[0]!) : undefined;
  if (protocol === undefined) return report.say(POLICY_PROBLEMS.badService, span, text);
  return { kind: 'transports', transports: [{ protocol }] };
}

const ICMP: Transport = { protocol: PROTOCOLS.icmp, family: 4 };
const ICMPV6: Transport = { protocol: PROTOCOLS.icmpv6, family: 6 };

/** `icmp` with a type's name means both families where both know the name; with a number, IPv4's ICMP. */
function parseIcmp(
  word: 'icmp' | 'icmpv4' | 'icmpv6',
  detail: readonly string[],
  span: Span,
  report: Reporter,
): ServiceReference | undefined {
  const [typeText = '', codeText, ...rest] = detail;
  const code = codeText === undefined ? undefined : octet(codeText);
  if (rest.length > 0 || (codeText !== undefined && code === undefined)) {
    return report.say(POLICY_PROBLEMS.badIcmp, span, typeText, word, undefined);
  }
  const transports: Transport[] = [];
  if (word !== 'icmpv6') add(ICMP, icmpType(typeText, ICMP_TYPES));
  if (word !== 'icmpv4' && (word === 'icmpv6' || octet(typeText) === undefined)) {
    add(ICMPV6, icmpType(typeText, ICMPV6_TYPES));
  }
  if (transports.length === 0) {
    const known = [
      ...(word === 'icmpv6' ? [] : Object.keys(ICMP_TYPES)),
      ...(word === 'icmpv4' ? [] : Object.keys(ICMPV6_TYPES)),
    ];
    return report.say(POLICY_PROBLEMS.badIcmp, span, typeText, word, report.suggest(typeText, known));
  }
  if (code !== undefined && transports.length > 1) {
    return report.say(POLICY_PROBLEMS.ambiguousIcmpCode, span, typeText, code);
  }
  return { kind: 'transports', transports };

  function add(protocol: Transport, type: number | undefined): void {
    if (type !== undefined) transports.push({ ...protocol, icmp: code === undefined ? { type } : { type, code } });
  }
}

function icmpType(text: string, types: Readonly<Record<string, number>>): number | undefined {
  return Object.hasOwn(types, text) ? types[text] : octet(text);
}

function octet(text: string): number | undefined {
  return /^(?:0|[1-9][0-9]{0,2})$/.test(text) && Number(text) <= 255 ? Number(text) : undefined;
}

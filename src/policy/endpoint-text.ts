import {
  type AddressRange,
  addressRange,
  type DnsPattern,
  formatPrefix,
  parseAddress,
  parseDnsPattern,
  parsePrefix,
  prefixRange,
} from '../net/index.ts';
import type { Span } from '../source/index.ts';
import type { Endpoint, ServiceReference, ZoneException } from './policy-file.ts';
import { POLICY_PROBLEMS } from './problems.ts';
import type { Reporter } from './reporter.ts';
import { parseService } from './service-text.ts';
import { LABEL } from './text.ts';

/** One end of a flow: a zone, `catalog:entry`, an address, a prefix, a range, or a host name. */
export function parseEndpoint(text: string, span: Span, report: Reporter): Endpoint | undefined {
  const address = parseAddress(text);
  if (address !== undefined) return { kind: 'addresses', range: addressRange(address) };
  if (LABEL.test(text)) return { kind: 'zone', name: text };
  if (text.startsWith('catalog:')) {
    const name = text.slice('catalog:'.length);
    return LABEL.test(name) ? { kind: 'catalog', name } : report.say(POLICY_PROBLEMS.badEndpoint, span, text);
  }
  if (looksLikeAddress(text)) {
    const range = parseAddresses(text, span, report);
    return range === undefined ? undefined : { kind: 'addresses', range };
  }
  const pattern = text.includes('.') ? parseDnsPattern(text) : undefined;
  if (pattern !== undefined) return { kind: 'domain', pattern };
  return report.say(/:\/\//.test(text) ? POLICY_PROBLEMS.url : POLICY_PROBLEMS.badEndpoint, span, text);
}

/** `10.0.0.0/8`, `2001:db8::1`, `192.0.2.10-192.0.2.20` (both ends included); IPv6 may stand in brackets. */
export function parseAddresses(text: string, span: Span, report: Reporter): AddressRange | undefined {
  const plain = /^\[([^\]]*)\]$/.exec(text)?.[1] ?? text;
  const dash = plain.indexOf('-');
  if (dash !== -1)
    return parseFirstToLast(plain.slice(0, dash).trim(), plain.slice(dash + 1).trim(), text, span, report);
  const parsed = parsePrefix(plain);
  if (!('kind' in parsed)) return prefixRange(parsed);
  if (parsed.kind === 'host-bits') {
    const length = parsed.meant.length;
    return report.say(
      POLICY_PROBLEMS.hostBits,
      span,
      text,
      formatPrefix(parsed.meant),
      plain.replace(`/${length}`, ''),
    );
  }
  return report.say(
    parseDnsPattern(text) === undefined ? POLICY_PROBLEMS.badAddress : POLICY_PROBLEMS.nameAsAddress,
    span,
    text,
  );
}

function parseFirstToLast(
  firstText: string,
  lastText: string,
  text: string,
  span: Span,
  report: Reporter,
): AddressRange | undefined {
  const first = parseAddress(firstText);
  const last = parseAddress(lastText);
  if (first === undefined || last === undefined || first.family !== last.family) {
    return report.say(POLICY_PROBLEMS.badAddress, span, text);
  }
  if (first.value > last.value) return report.say(POLICY_PROBLEMS.rangeBackwards, span, text);
  return { ...addressRange(first), last: last.value };
}

/** Digits and dots that are no address are a mistyped address, never a host name (its last label would be a number). */
function looksLikeAddress(text: string): boolean {
  return (
    /^[0-9.]+(?:\/[0-9]*)?$/.test(text) ||
    /^[0-9.]+\s*-\s*[0-9.]+$/.test(text) ||
    /^[[\]0-9a-fA-F:.]*:[[\]0-9a-fA-F:./\s-]*$/.test(text) ||
    /^[^/]*\.[^/]*\/[0-9]+$/.test(text)
  );
}

export function parseDomain(text: string, span: Span, report: Reporter): DnsPattern | undefined {
  const pattern = parseDnsPattern(text);
  if (pattern !== undefined) return pattern;
  if (/:\/\//.test(text)) return report.say(POLICY_PROBLEMS.url, span, text);
  if (!('kind' in parsePrefix(text))) return report.say(POLICY_PROBLEMS.addressAsName, span, text);
  return report.say(POLICY_PROBLEMS.badDomain, span, text);
}

/** What a zone leaves out: addresses, or another zone. */
export function parseException(text: string, span: Span, report: Reporter): ZoneException | undefined {
  const endpoint = parseEndpoint(text, span, report);
  switch (endpoint?.kind) {
    case undefined:
      return undefined;
    case 'addresses':
      return { value: endpoint, span };
    case 'zone':
      return { value: endpoint, span };
    case 'catalog':
    case 'domain':
      return report.say(POLICY_PROBLEMS.exceptName, span, text);
  }
}

export interface Destination {
  readonly to: Endpoint;
  readonly service: ServiceReference;
}

/**
 * `ENDPOINT:SERVICE` as `discord.com:443/tcp`, `[2001:db8::1]:443/tcp`, `10.0.0.0/8:22/tcp`, `agent:ssh`; without a service,
 * every one.
 */
export function parseDestination(text: string, span: Span, report: Reporter): Destination | undefined {
  const { endpoint: endpointText, service: serviceText } = splitDestination(text);
  const to = parseEndpoint(endpointText, span, report);
  const service = serviceText === undefined ? ({ kind: 'any' } as const) : parseService(serviceText, span, report);
  return to === undefined || service === undefined ? undefined : { to, service };
}

function splitDestination(text: string): { endpoint: string; service: string | undefined } {
  const bracketed = /^(\[[^\]]*\])(?::(.*))?$/s.exec(text);
  if (bracketed !== null) return { endpoint: bracketed[1]!, service: bracketed[2] };
  // A bare IPv6 address has several colons and no service behind it.
  if (!('kind' in parsePrefix(text))) return { endpoint: text, service: undefined };
  const start = text.startsWith('catalog:') ? 'catalog:'.length : 0;
  const colon = text.lastIndexOf(':');
  return colon < start
    ? { endpoint: text, service: undefined }
    : { endpoint: text.slice(0, colon), service: text.slice(colon + 1) };
}

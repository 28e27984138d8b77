import { addressBits, type Family, formatPrefix, parseAddress } from '../../net/index.ts';
import type { Span } from '../../source/index.ts';

export const ACTIONS = ['allow', 'deny', 'reject', 'limit'] as const;
export type Action = (typeof ACTIONS)[number];

/** Protocols that ufw has words for (ufw(8), RULE SYNTAX). */
export const UFW_PROTOCOLS = ['tcp', 'udp', 'ipv6', 'esp', 'ah', 'igmp', 'gre', 'vrrp'] as const;
export type UfwProtocol = (typeof UFW_PROTOCOLS)[number];

/** Of which ufw makes IPv4 rules only. */
export const IPV4_ONLY: ReadonlySet<string> = new Set(['ipv6', 'igmp']);

/** What comes in, goes out, or is routed through. */
export type Direction = 'in' | 'out' | 'routed';

export interface End {
  readonly address: string; // a prefix in ufw's own form, `10.0.0.0/8` or `10.0.0.1`; `any`
  readonly ports: string; // `22`, `80,443,8000:8010`; `any`
  readonly app?: string; // the profile that the ports come from
}

/** One rule as ufw keeps it: of one family, and of one direction. */
export interface UfwRule {
  readonly family: Family;
  readonly action: Action;
  readonly log?: 'log' | 'log-all';
  readonly direction: Direction;
  readonly way: 'in' | 'out'; // that a routed rule was written with; of others their direction
  readonly protocol: UfwProtocol | 'any';
  readonly from: End;
  readonly to: End;
  readonly inInterface?: string;
  readonly outInterface?: string;
  readonly comment?: string;
  readonly span?: Span;
}

export const ANY: End = { address: 'any', ports: 'any' };

/** Names that ufw takes for an interface; `+` at the end stands for any ending, as in iptables. */
export function isInterfaceName(name: string): boolean {
  return /^[a-zA-Z0-9_\-.+,=%@]{1,15}$/.test(name) && name !== '.' && name !== '..';
}

/** Of the ports of a rule with several, iptables counts fifteen, a range for two. */
const MOST_PORTS = 15;

/** Ports as ufw writes them, in the order that it sorts them into; `undefined` for what it refuses. */
export function parsePorts(text: string): string | undefined {
  const parts = text.split(',');
  if (!/^\d/.test(text) || (text.match(/[,:]/g) ?? []).length >= MOST_PORTS) return undefined;
  for (const part of parts) {
    const [first, last, ...more] = part.split(':');
    if (more.length > 0 || !isPort(first) || (last !== undefined && (!isPort(last) || Number(first) >= Number(last))))
      return undefined;
  }
  const numbers = parts.map((part) => part.split(':').map(Number));
  return numbers
    .sort((left, right) => left[0]! - right[0]! || (left[1] ?? 0) - (right[1] ?? 0))
    .map((each) => each.join(':'))
    .join(',');
}

function isPort(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

/** Whether iptables wants `multiport` for these. */
export function isSeveral(ports: string): boolean {
  return /[,:]/.test(ports);
}

/** An address or prefix in ufw's own form with its family; `undefined` for what it refuses. */
export function parsePlace(text: string): { readonly address: string; readonly family: Family } | undefined {
  const [address = '', mask, ...more] = text.toLowerCase().split('/');
  const parsed = parseAddress(address);
  if (parsed === undefined || more.length > 0) return undefined;
  const { family } = parsed;
  const length = mask === undefined ? addressBits(family) : prefixLength(mask, family);
  if (length === undefined) return undefined;
  const size = 1n << BigInt(addressBits(family) - length);
  const value = (parsed.value / size) * size;
  return { family, address: length === 0 ? 'any' : formatPrefix({ family, value, length }) };
}

function prefixLength(text: string, family: Family): number | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= addressBits(family) ? Number(text) : undefined;
  const mask = family === 4 ? parseAddress(text) : undefined;
  if (mask?.family !== 4) return undefined;
  const bits = mask.value.toString(2).padStart(32, '0');
  return /^1*0*$/.test(bits) ? bits.replaceAll('0', '').length : undefined;
}

/** The family that an end can only be of. */
export function familyOfEnd({ address }: End): Family | undefined {
  return address === 'any' ? undefined : address.includes(':') ? 6 : 4;
}

/** All that ufw compares to tell whether two rules are the same one, but for what they do. */
export function ruleKey(rule: UfwRule): string {
  const { family, direction, way, protocol, from, to, inInterface, outInterface } = rule;
  return JSON.stringify([
    ...[family, direction, way, protocol, from.address, from.ports, from.app ?? ''],
    ...[to.address, to.ports, to.app ?? '', inInterface ?? '', outInterface ?? ''],
  ]);
}

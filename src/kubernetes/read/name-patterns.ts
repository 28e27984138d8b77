import { type DnsPattern, parseDnsName } from '../../net/index.ts';
import { ALL_ADDRESSES } from './address-meaning.ts';
import type { ConditionalPeers } from './conditional.ts';

/** A pattern of names as a product writes it, within one that this program knows. */
export interface NamePattern {
  readonly pattern: DnsPattern | 'every name';
  /** What it asks for beyond the pattern, for people; absent: it means just the pattern. */
  readonly condition?: string;
}

/**
 * `star`: what a leading `*.` stands for in the product, one label or any number of them. Any other `*` lies within the names below what
 * stands right of it. `undefined`: this is no name.
 */
export function namePattern(text: string, star: 'one label' | 'labels'): NamePattern | undefined {
  const plain = text.toLowerCase().replace(/\.$/, '');
  if (plain === '*' || plain === '**') return { pattern: 'every name' };
  const last = plain.lastIndexOf('*');
  if (last === -1) {
    const name = parseDnsName(plain);
    return name === undefined ? undefined : { pattern: { name, wildcard: false } };
  }
  if (!/^[-a-z0-9_.*]+$/.test(plain)) return undefined;
  const dot = plain.indexOf('.', last);
  const name = dot === -1 ? undefined : parseDnsName(plain.slice(dot + 1));
  const condition = `names like \`${text}\` only`;
  if (name === undefined) return { pattern: 'every name', condition };
  const pattern: DnsPattern = { name, wildcard: true };
  const front = plain.slice(0, dot);
  if (front === '**' || (front === '*' && star === 'labels')) return { pattern };
  return { pattern, condition };
}

/** Who is meant by such patterns: those that ask for more stand by themselves, with their condition. */
export function namePeers(patterns: readonly NamePattern[]): readonly ConditionalPeers[] {
  const exact: DnsPattern[] = [];
  const others: ConditionalPeers[] = [];
  for (const { pattern, condition } of patterns) {
    if (pattern === 'every name') {
      const found = 'addresses that DNS has answered with only';
      others.push({
        peers: [{ kind: 'addresses', ranges: ALL_ADDRESSES.ranges() }],
        condition: condition === undefined ? found : `${found}, ${condition}`,
      });
    } else if (condition === undefined) exact.push(pattern);
    else others.push({ peers: [{ kind: 'names', patterns: [pattern] }], condition });
  }
  return exact.length === 0 ? others : [{ peers: [{ kind: 'names', patterns: exact }] }, ...others];
}

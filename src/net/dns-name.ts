/**
 * A host name in canonical form: lower case, no trailing dot, labels of letters, digits, hyphens and underscores
 * (RFC 1035 2.3.1 with RFC 2181 11's underscore in practice), 253 characters at most.
 */
export type DnsName = string & { readonly __dnsName: never };

/** A name, or every name at any depth below one (`*.discord.gg` matches `a.b.discord.gg`, not `discord.gg` itself). */
export interface DnsPattern {
  readonly name: DnsName;
  readonly wildcard: boolean;
}

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** `undefined` where the text is no host name; an address in any spelling is none (the last label must not be a number). */
export function parseDnsName(text: string): DnsName | undefined {
  if (text.length > 254) return undefined;
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name.length === 0 || name.length > 253) return undefined;
  const labels = name.split('.');
  if (!labels.every((label) => LABEL.test(label))) return undefined;
  if (/^(?:[0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1)!)) return undefined; // WHATWG URL 3.5: "ends in a number" is IPv4
  return name as DnsName;
}

/** A wildcard stands for one or more whole labels at the front, and below at least two labels: `*.com` is refused. */
export function parseDnsPattern(text: string): DnsPattern | undefined {
  const wildcard = text.startsWith('*.');
  const name = parseDnsName(wildcard ? text.slice(2) : text);
  if (name === undefined || (wildcard && !name.includes('.'))) return undefined;
  return { name, wildcard };
}

export function formatDnsPattern(pattern: DnsPattern): string {
  return pattern.wildcard ? `*.${pattern.name}` : pattern.name;
}

export function matchesDnsPattern(pattern: DnsPattern, name: DnsName): boolean {
  return pattern.wildcard ? name.endsWith(`.${pattern.name}`) : name === pattern.name;
}

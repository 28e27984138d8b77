import { type DnsPattern, matchesDnsPattern } from '../net/index.ts';

/** Whether every name that `name` stands for is matched by the pattern. */
export function covers(pattern: DnsPattern, name: DnsPattern): boolean {
  if (!name.wildcard) return matchesDnsPattern(pattern, name.name);
  return pattern.wildcard && (name.name === pattern.name || name.name.endsWith(`.${pattern.name}`));
}

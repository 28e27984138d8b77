import type { Module, Option } from './ast.ts';

/** A match or target as text that is the same for all ways of writing it: options in order, without those that are assumed anyway. */
export function moduleText({ name, options }: Pick<Module, 'name' | 'options'>): string {
  return [name, ...optionTexts(options)].join(' ');
}

export function optionTexts(options: readonly Option[]): string[] {
  return options
    .map(optionText)
    .filter((text) => !ASSUMED.has(text))
    .sort();
}

function optionText({ name, negated, values }: Option): string {
  const words = values.map((value) => quoted(canonicalValue(name, value)));
  return [...(negated ? ['!'] : []), name, ...words].join(' ');
}

function quoted(value: string): string {
  return /^[^\s"]+$/.test(value) ? value : JSON.stringify(value);
}

/** What iptables-save writes and nobody else does. */
const ASSUMED: ReadonlySet<string> = new Set([
  '--rsource',
  '--mask 255.255.255.255',
  '--mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  '--name DEFAULT',
  '--limit-burst 5',
  '--hashlimit-burst 5',
  '--connlimit-mask 32',
  '--connlimit-mask 128',
  '--connlimit-saddr',
  '--packet 0',
  '--datestop 2038-01-19T03:14:07',
]);

/** A value as iptables-save writes it, where people write it otherwise. */
function canonicalValue(option: string, value: string): string {
  switch (option) {
    case '--limit':
    case '--hashlimit-upto':
    case '--hashlimit-above':
      return value.replace(/\/(s|m|h|d)[a-z]*$/, (_, unit: string) => `/${UNITS[unit] ?? unit}`);
    case '--timestart':
    case '--timestop':
      return /^\d+:\d+$/.test(value) ? `${value}:00` : value;
    case '--probability':
      // The kernel keeps 31 bits of it.
      return Number.isFinite(Number(value)) ? Number(value).toFixed(6) : value;
    case '--u32':
      return value.replaceAll(/\b(?:0x[0-9a-f]+|\d+)\b/gi, (number) => `0x${Number(number).toString(16)}`);
    case '--header':
      return value.replace(/^dst$/, 'ipv6-opts').replace(/^frag$/, 'ipv6-frag');
    default:
      return value;
  }
}

const UNITS: Readonly<Record<string, string>> = { s: 'sec', m: 'min', h: 'hour', d: 'day' };

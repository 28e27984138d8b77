import type { SourceFile } from '../source/index.ts';

export const FORMATS = ['policy', 'nftables', 'iptables', 'ufw', 'kubernetes'] as const;
export type Format = (typeof FORMATS)[number];

/** What a file is, seen from its content. */
export function formatOf(source: SourceFile): Format | undefined {
  const { text } = source;
  if (/^\s*\{/.test(text)) {
    if (/"nftables"\s*:/.test(text)) return 'nftables';
    return /"apiVersion"\s*:/.test(text) && /"kind"\s*:/.test(text) ? 'kubernetes' : undefined;
  }
  if (isManifest(text)) return 'kubernetes';
  if (/^portcullis\s*:/m.test(text)) return 'policy';
  if (isUfw(text)) return 'ufw';
  if (isIptables(text)) return 'iptables';
  if (/^\s*(?:#!.*\bnft\b|(?:(?:add|create|delete|destroy|flush)\s+)?(?:table|ruleset)\s)/m.test(text))
    return 'nftables';
  return /^\s*[a-z]+\s*:/m.test(text) ? 'policy' : undefined;
}

/** `*filter` with its `COMMIT`, or the sets of `ipset save`. */
function isIptables(text: string): boolean {
  return /^\s*\*[a-z]+\s*$/m.test(text)
    ? /^\s*(?:COMMIT\s*$|:|(?:\[[0-9:]*\] *)?-[AIN] )/m.test(text)
    : /^create \S+ (?:hash|bitmap|list):/m.test(text);
}

/** What ufw prints and keeps, and lists of its commands. */
const UFW: readonly RegExp[] = [
  /^Status: (?:active|inactive)\s*$/m,
  /^Added user rules \(see 'ufw status'/m,
  /^DEFAULT_(?:INPUT|OUTPUT|FORWARD)_POLICY=/m,
  /^(?:ENABLED=(?:yes|no|YES|NO)|LOGLEVEL=[a-z]+)\s*$/m,
  /^\s*(?:sudo\s+)?(?:\/usr\/sbin\/)?ufw\s+(?:--force\s+)?[a-z]+/m,
  /^\[[^\]]+\]\s*\n(?:[a-z]+\s*=.*\n)*ports\s*=/m,
];

/** Files that ufw loads fill chains of ufw; what `iptables-save` prints of the same machine has the built-in ones, too. */
function isUfw(text: string): boolean {
  if (UFW.some((each) => each.test(text))) return true;
  return (
    /^:ufw6?-(?:user|before|after)-(?:input|output|forward)\b/m.test(text) &&
    !/^(?:\[\d+:\d+\] )?-A INPUT -j ufw6?-/m.test(text)
  );
}

/** Keys of some document's outermost mapping; quoted, too, as some tools write them. */
function isManifest(text: string): boolean {
  return /^(?:---\s+)?["']?apiVersion["']?\s*:/m.test(text) && /^(?:---\s+)?["']?kind["']?\s*:/m.test(text);
}

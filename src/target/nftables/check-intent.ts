import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import { FIRST_PLACEHOLDER_UID, type Grant, type Intent, type InterfacePattern } from '../../ir/index.ts';
import type { Pair } from '../netfilter/pair.ts';
import { cgroupSet, flowCounter, MAX_LOG_PREFIX_BYTES, MAX_NAME_BYTES, nameSet } from './names.ts';
import { NFTABLES_PROBLEMS } from './problems.ts';

/** What stops the baseline from being written. */
export function intentProblems(intent: Intent): Diagnostic[] {
  return intent.baseline
    .filter((piece) => !isWritable(piece.name, MAX_NAME_BYTES - 'baseline-'.length))
    .map((piece) => diagnose(NFTABLES_PROBLEMS.unwritableName, undefined, 'baseline piece', piece.name));
}

/** What stops a grant from being written, all of it at once. */
export function grantProblems(grant: Grant, pairs: readonly Pair[], intent: Intent): Diagnostic[] {
  const { span } = grant.origin;
  const problems: Diagnostic[] = [];
  const name = (what: string, text: string): void => {
    problems.push(diagnose(NFTABLES_PROBLEMS.unwritableName, span, what, text));
  };
  const longestLog = MAX_LOG_PREFIX_BYTES - 'portcullis over  '.length;
  if (flowCounter.of(grant.name).length > MAX_NAME_BYTES || !isWritable(grant.name, longestLog))
    name('flow', grant.name);
  for (const account of unknownAccounts(pairs, intent)) {
    problems.push(diagnose(NFTABLES_PROBLEMS.unknownAccount, span, grant.name, account));
  }
  for (const group of new Set(pairs.flatMap((pair) => pair.group ?? []))) {
    if (nameSet(group, 4).length > MAX_NAME_BYTES) name('zone', group);
  }
  for (const path of new Set(pairs.flatMap((pair) => pair.cgroup ?? []))) {
    if (cgroupSet.of(path).length > MAX_NAME_BYTES) name('cgroup', path);
  }
  const patterns = pairs.flatMap((pair) => [...(pair.inInterfaces ?? []), ...(pair.outInterfaces ?? [])]);
  for (const text of new Set(patterns.filter((pattern) => !isInterface(pattern)).map((pattern) => pattern.name))) {
    name('interface', text);
  }
  for (const peer of grant.from) {
    if (peer.kind === 'named') {
      problems.push(diagnose(NFTABLES_PROBLEMS.namedSource, span, grant.name, peer.group));
    }
  }
  return problems;
}

/** Names of placeholder uids that the kernel would have to compare: those of senders. */
function unknownAccounts(pairs: readonly Pair[], intent: Intent): string[] {
  if (intent.unknownAccounts.size === 0) return [];
  const ranges = pairs.flatMap((pair) => pair.accounts ?? []).filter((range) => range.first >= FIRST_PLACEHOLDER_UID);
  return [...intent.unknownAccounts]
    .filter(([uid]) => ranges.some((range) => range.first <= uid && uid <= range.last))
    .map(([, name]) => name);
}

/** What can stand between nft's quotes and is no longer than the kernel takes. */
function isWritable(text: string, bytes: number): boolean {
  return /^[^"\\\p{Cc}]*$/u.test(text) && new TextEncoder().encode(text).length <= bytes;
}

/** nft reads `*` at the end as a wildcard and `\` as an escape; IFNAMSIZ less its NUL is 15. */
function isInterface(pattern: InterfacePattern): boolean {
  return isWritable(pattern.name, 15) && !pattern.name.includes('*') && (pattern.wildcard || pattern.name !== '');
}

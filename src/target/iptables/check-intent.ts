import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import { FIRST_PLACEHOLDER_UID, type Grant, type Intent, type InterfacePattern } from '../../ir/index.ts';
import type { Pair } from '../netfilter/pair.ts';
import { rateTable } from './names.ts';
import { IPTABLES_PROBLEMS } from './problems.ts';
import { isWritableRate } from './rate.ts';

/** XT_MAX_COMMENT_LEN less its NUL (include/uapi/linux/netfilter/xt_comment.h). */
const MAX_COMMENT_BYTES = 255;
/** Behind the word that tells it from a flow. */
const MAX_GROUP_BYTES = MAX_COMMENT_BYTES - 'names:'.length;
/** NAME_MAX less its NUL: struct xt_hashlimit_mtinfo3 (include/uapi/linux/netfilter/xt_hashlimit.h). */
const MAX_RATE_TABLE = 254;
/** IFNAMSIZ less its NUL. */
const MAX_INTERFACE = 15;

/** What stops a grant from being written, all of it at once. */
export function grantProblems(grant: Grant, pairs: readonly Pair[], intent: Intent, useSets: boolean): Diagnostic[] {
  const { span } = grant.origin;
  const name = (what: string, text: string): Diagnostic => diagnose(IPTABLES_PROBLEMS.unwritableName, span, what, text);
  const patterns = pairs.flatMap((pair) => [...(pair.inInterfaces ?? []), ...(pair.outInterfaces ?? [])]);
  const groups = new Set(useSets ? pairs.flatMap((pair) => pair.group ?? []) : []);
  return [
    ...(isFlowName(grant) ? [] : [name('flow', grant.name)]),
    ...unknownAccounts(pairs, intent).map((account) =>
      diagnose(IPTABLES_PROBLEMS.unknownAccount, span, grant.name, account),
    ),
    ...[...groups].filter((group) => !isText(group, MAX_GROUP_BYTES)).map((group) => name('zone', group)),
    ...[...new Set(patterns.filter((pattern) => !isInterface(pattern)).map((pattern) => pattern.name))].map((text) =>
      name('interface', text),
    ),
    ...(grant.rate === undefined || isWritableRate(grant.rate)
      ? []
      : [diagnose(IPTABLES_PROBLEMS.unwritableMatch, span, grant.name, 'more than a million packets a second')]),
    ...frozenContainers(grant),
    ...grant.from.flatMap((peer) =>
      peer.kind === 'named' ? [diagnose(IPTABLES_PROBLEMS.namedSource, span, grant.name, peer.group)] : [],
    ),
  ];
}

/** Zones of containers that come and go, of which these rules know only the addresses of now. */
export function frozenContainers({ name, from, to, origin: { span } }: Grant): Diagnostic[] {
  const zones = new Set([...from, ...to].flatMap((peer) => (peer.kind === 'remote' ? (peer.live ?? []) : [])));
  return [...zones].map((zone) => diagnose(IPTABLES_PROBLEMS.frozenContainers, span, name, zone));
}

/** Names of placeholder uids that the kernel would have to compare: those of senders. */
function unknownAccounts(pairs: readonly Pair[], intent: Intent): string[] {
  if (intent.unknownAccounts.size === 0) return [];
  const ranges = pairs.flatMap((pair) => pair.accounts ?? []).filter((range) => range.first >= FIRST_PLACEHOLDER_UID);
  return [...intent.unknownAccounts]
    .filter(([uid]) => ranges.some((range) => range.first <= uid && uid <= range.last))
    .map(([, name]) => name);
}

/** A flow's name is a comment, and the end of a name below /proc where it has a rate (net/netfilter/xt_hashlimit.c). */
function isFlowName({ name, rate }: Grant): boolean {
  if (!isText(name, MAX_COMMENT_BYTES)) return false;
  return rate === undefined || (isText(rateTable(name, rate), MAX_RATE_TABLE) && !name.includes('/'));
}

function isText(text: string, bytes: number): boolean {
  return /^\P{Cc}*$/u.test(text) && new TextEncoder().encode(text).length <= bytes;
}

/** `+` at the end is iptables' wildcard. */
function isInterface({ name, wildcard }: InterfacePattern): boolean {
  return isText(name, MAX_INTERFACE - (wildcard ? 1 : 0)) && !/[+\s!]/.test(name) && (wildcard || name !== '');
}

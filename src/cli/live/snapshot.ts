import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { HostSnapshot, SavedTables } from '../../enforcer/protocol.ts';
import { SourceFile } from '../../source/index.ts';
import type { Console } from '../console.ts';
import { reportDiagnostics } from '../report.ts';
import { liveHost } from './host.ts';
import { LIVE_PROBLEMS } from './problems.ts';

export const LISTING = '<nft list ruleset>';

/** The machine as it is, looked at once for each command. @throws Stop where it takes more rights, or the kernel cannot be asked */
export function lookLive(console: Console): Promise<HostSnapshot> {
  let looked = snapshots.get(console);
  if (looked === undefined) {
    looked = liveHost().ask('snapshot', { callerPid: process.pid, connections: false });
    snapshots.set(console, looked);
  }
  return looked;
}

const snapshots = new WeakMap<Console, Promise<HostSnapshot>>();

/** All rules of this machine as files, in whatever language each is told best; what was left out is said. @throws Stop */
export async function liveSources(console: Console): Promise<SourceFile[]> {
  const snapshot = await lookLive(console);
  reportDiagnostics(console, warnings(snapshot));
  return [listedBy(snapshot), ...savedOf(snapshot)];
}

/** nft's text tells more of iptables' rules than its JSON, where it has any. */
export function listedBy({ ruleset, text }: HostSnapshot): SourceFile {
  return new SourceFile(LISTING, text ?? ruleset);
}

/** Tables as iptables itself saves them, and the sets that they ask. */
export function savedOf({ iptables, sets, trialSet }: HostSnapshot): SourceFile[] {
  const saved = iptables.map(
    ({ family, backend, text }) => new SourceFile(`<ip${family === 6 ? '6' : ''}tables-${backend}-save>`, text),
  );
  const asked = sets ?? trialSet;
  return asked === undefined ? saved : [...saved, new SourceFile('<ipset save>', asked)];
}

/** What could not be looked at, and what nobody sees who looks with one tool. */
export function warnings(snapshot: HostSnapshot): Diagnostic[] {
  const { legacy, nft } = backendsOf(snapshot);
  return [
    ...snapshot.limits.map((limit) => diagnose(LIVE_PROBLEMS.limit, undefined, limit)),
    ...(legacy && nft ? [diagnose(LIVE_PROBLEMS.bothBackends, undefined)] : []),
  ];
}

/** Which kinds of iptables hold rules, or deny. */
export function backendsOf({ ruleset, iptables }: HostSnapshot): Readonly<Record<SavedTables['backend'], boolean>> {
  const decides = (backend: SavedTables['backend']): boolean =>
    iptables.some((each) => each.backend === backend && /^(?:-A |:\S+ DROP )/m.test(each.text));
  return { legacy: decides('legacy'), nft: decides('nft') || hasChainsOfIptables(ruleset) };
}

/** Where nft can spell every rule of iptables-nft, nothing is saved; its built-in chains have names that others rarely give. */
function hasChainsOfIptables(ruleset: string): boolean {
  return /"table"\s*:\s*"(?:raw|mangle|nat|filter|security)"\s*,\s*"chain"\s*:\s*"(?:INPUT|OUTPUT|FORWARD|PREROUTING|POSTROUTING)"/.test(
    ruleset,
  );
}

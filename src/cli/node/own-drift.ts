import { drift, HostListing, sideNow } from '../../apply/index.ts';
import type { HostSnapshot } from '../../enforcer/protocol.ts';
import type { Intent } from '../../ir/index.ts';
import { SourceFile } from '../../source/index.ts';
import { EXIT } from '../console.ts';
import { LIVE_PROBLEMS } from '../live/problems.ts';
import { stop } from '../report.ts';

/**
 * Whether our own table means what it should. Other tables are left out on purpose: kube-proxy and the network plugin write theirs anew
 * whenever a service changes, and thousands of their rules would be read each time.
 * @returns what differs, in a sentence; `undefined` where nothing does
 */
export function ownDrift(
  snapshot: HostSnapshot,
  expected: HostListing | undefined,
  intent: Intent,
): string | undefined {
  const { listing, diagnostics } = HostListing.read([new SourceFile('<our table>', ourTable(snapshot.ruleset))]);
  if (listing === undefined)
    throw stop(EXIT.machine, LIVE_PROBLEMS.unreadListing, diagnostics[0]?.message ?? 'it is empty');
  if (expected === undefined) return listing.standing().kind === 'absent' ? undefined : 'rules of ours stand';
  const found = drift({ actual: listing, expected, side: sideNow(listing), intent });
  if (found.missing) return 'nothing of it is enforced';
  const parts = [
    found.wider.length > 0 ? `it lets through more (${found.wider[0]?.packets})` : [],
    found.narrower.length > 0 ? `it lets through less (${found.narrower[0]?.packets})` : [],
    found.elsewhere.length > 0 ? `it sends elsewhere (${found.elsewhere[0]?.packets})` : [],
  ].flat();
  return parts.length === 0 ? undefined : parts.join(', ');
}

const OUR_TABLE = 'portcullis';

/** Of `nft -j list ruleset` what belongs to us: `{"table": {"name": ...}}` and `{"chain" | "set" | ...: {"table": ...}}` (libnftables-json(5)). */
function ourTable(ruleset: string): string {
  const { nftables }: { readonly nftables: readonly Readonly<Record<string, Entry>>[] } = JSON.parse(ruleset);
  const ours = nftables.filter((entry) =>
    Object.entries(entry).every(
      ([kind, { name, table }]) => kind === 'metainfo' || (kind === 'table' ? name : table) === OUR_TABLE,
    ),
  );
  return JSON.stringify({ nftables: ours });
}

interface Entry {
  readonly name?: string;
  readonly table?: string;
}

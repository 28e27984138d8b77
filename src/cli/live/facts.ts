import {
  type AdminSession,
  HostListing,
  type ListeningSocket,
  type LiveConnection,
  type Surroundings,
} from '../../apply/index.ts';
import type { Connection, HostSnapshot, Listener, Mechanism, Session, TrialHolder } from '../../enforcer/protocol.ts';
import { type Address, parseAddress } from '../../net/index.ts';
import { SourceFile } from '../../source/index.ts';
import { type Console, EXIT } from '../console.ts';
import { reportDiagnostics, stop } from '../report.ts';
import { LIVE_PROBLEMS } from './problems.ts';
import { LISTING, listedBy, savedOf, warnings } from './snapshot.ts';

/** A snapshot of a machine, parsed. */
export interface LiveFacts {
  readonly around: Surroundings;
  readonly trialHolder: TrialHolder; // of a change that would begin now
  readonly listed: string; // the rules as JSON, for what it counts
  readonly connections: readonly LiveConnection[];
  readonly sessions: readonly AdminSession[];
  readonly listeners: readonly ListeningSocket[];
}

/** @throws Stop where the rules cannot be read; what else cannot be is told as a warning */
export function readFacts(
  console: Console,
  snapshot: HostSnapshot,
  mechanism: Mechanism = mechanismOf(snapshot),
): LiveFacts {
  reportDiagnostics(console, warnings(snapshot));
  const listing = mechanism === 'nftables' ? readListing(snapshot) : readIptables(snapshot);
  return {
    around: { listing, addresses: snapshot.addresses.flatMap(ownAddress) },
    trialHolder: mechanism === 'nftables' ? 'kernel' : snapshot.trialHolder,
    listed: snapshot.ruleset,
    connections: snapshot.connections.flatMap(connectionOf),
    sessions: snapshot.sessions.map(sessionOf),
    listeners: snapshot.listeners.flatMap(listenerOf),
  };
}

/** By what the rules of ours are held that stand on a machine; nothing of ours: nftables. */
export function mechanismOf({ iptables, trialSet }: HostSnapshot): Mechanism {
  const stands = trialSet !== undefined || iptables.some(({ text }) => /^:PORTCULLIS-/m.test(text));
  return stands ? 'iptables' : 'nftables';
}

/** Of a trial with iptables; of one that a process keeps, 0 where that is gone. */
export function secondsLeft({ trialSet, state: { pending } }: HostSnapshot): number | undefined {
  if (pending?.heldBy === 'process') return Math.ceil(pending.remainingSeconds);
  const times = [...(trialSet ?? '').matchAll(/ timeout ([1-9]\d*)$/gm)].map(([, seconds]) => Number(seconds));
  return times.length === 0 ? undefined : Math.max(...times);
}

/** Rules of iptables as it saves them itself, whichever half of the kernel holds them, with the switch of a trial. */
function readIptables(snapshot: HostSnapshot): HostListing {
  const file = new SourceFile(LISTING, snapshot.ruleset);
  return listingOf(HostListing.readIptables([file], savedOf(snapshot)));
}

/** nft's text tells more of iptables' rules than its JSON; what iptables saves itself tells all of them, and those of iptables-legacy. */
function readListing(snapshot: HostSnapshot): HostListing {
  return listingOf(HostListing.read([listedBy(snapshot)], savedOf(snapshot)));
}

function listingOf({ listing, diagnostics }: ReturnType<typeof HostListing.read>): HostListing {
  if (listing !== undefined) return listing;
  const [problem] = diagnostics.filter(({ severity }) => severity === 'error');
  throw stop(EXIT.machine, LIVE_PROBLEMS.unreadListing, problem?.message ?? 'it is empty');
}

function connectionOf(connection: Connection): LiveConnection[] {
  const [src, dst] = [hostAddress(connection.src), hostAddress(connection.dst)];
  if (src === undefined || dst === undefined || src.family !== dst.family) return [];
  const { protocol, sport, dport, hook, tracked, uid, program, pid } = connection;
  return [
    {
      protocol,
      src,
      ...(sport === undefined ? {} : { sport }),
      dst,
      ...(dport === undefined ? {} : { dport }),
      way: hook,
      tracked,
      ...(connection.interface === undefined ? {} : { interface: connection.interface }),
      ...(uid === undefined ? {} : { uid }),
      ...(program === undefined ? {} : { program }),
      ...(pid === undefined ? {} : { pid }),
    },
  ];
}

/** A session that is passed over could be lost. */
function sessionOf({ connection, own, via }: Session): AdminSession {
  const [parsed] = connectionOf(connection);
  if (parsed === undefined)
    throw stop(EXIT.machine, LIVE_PROBLEMS.unreadSession, `${connection.src} -> ${connection.dst}`);
  return { connection: parsed, own, via };
}

function listenerOf({ protocol, address, port, program }: Listener): ListeningSocket[] {
  const parsed = hostAddress(address);
  if (parsed === undefined) return [];
  return [{ protocol, address: parsed, port, ...(program === undefined ? {} : { program }) }];
}

function ownAddress(text: string): Address[] {
  const [address] = text.split(/[/ ]/);
  const parsed = address === undefined ? undefined : hostAddress(address);
  return parsed === undefined ? [] : [parsed];
}

/** A socket of both families shows IPv4 as `::ffff:10.0.0.1` (RFC 4291 2.5.5.2); link-local addresses come with an interface. */
function hostAddress(text: string): Address | undefined {
  const address = parseAddress(text.replace(/%.*$/, ''));
  if (address?.family !== 6 || address.value >> 32n !== 0xffffn) return address;
  return { family: 4, value: address.value & 0xffff_ffffn };
}

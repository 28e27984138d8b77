import {
  type AdminSession,
  HostListing,
  type ListeningSocket,
  type LiveConnection,
  type Surroundings,
} from '../../apply/index.ts';
import { diagnose } from '../../diagnostic/index.ts';
import type {
  Connection,
  HostSnapshot,
  LegacyTables,
  Listener,
  Mechanism,
  Session,
  TrialHolder,
} from '../../enforcer/protocol.ts';
import { field } from '../../ir/index.ts';
import { type Address, parseAddress } from '../../net/index.ts';
import { SourceFile } from '../../source/index.ts';
import type { Opaque } from '../../target/index.ts';
import { type Console, EXIT } from '../console.ts';
import { reportDiagnostics, stop } from '../report.ts';
import { LIVE_PROBLEMS } from './problems.ts';

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
  reportDiagnostics(
    console,
    snapshot.limits.map((limit) => diagnose(LIVE_PROBLEMS.limit, undefined, limit)),
  );
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

const LISTING = 'nft list ruleset';

/** Rules of iptables as it saves them itself, whichever half of the kernel holds them, with the switch of a trial. */
function readIptables({ ruleset, iptables, trialSet }: HostSnapshot): HostListing {
  const saved = iptables.map(
    ({ family, backend, text }) => new SourceFile(`<iptables-${backend}-save, IPv${family}>`, text),
  );
  const sets = trialSet === undefined ? [] : [new SourceFile('<ipset save>', trialSet)];
  const file = new SourceFile(`<${LISTING}>`, ruleset);
  const { listing, diagnostics } = HostListing.readIptables([file], [...saved, ...sets]);
  if (listing !== undefined) return listing;
  throw stop(EXIT.machine, LIVE_PROBLEMS.unreadListing, diagnostics[0]?.message ?? 'it is empty');
}

/** nft's text tells more of iptables' rules than its JSON. */
function readListing({ ruleset, text, iptables }: HostSnapshot): HostListing {
  const file = new SourceFile(`<${LISTING}>`, text ?? ruleset);
  const { listing, diagnostics } = HostListing.read([file], iptables.flatMap(unreadTables));
  if (listing !== undefined) return listing;
  throw stop(EXIT.machine, LIVE_PROBLEMS.unreadListing, diagnostics[0]?.message ?? 'it is empty');
}

/** Tables of iptables-legacy decide beside nftables' and are in no listing of it: what they do is not known. */
function unreadTables({ family, backend, text }: LegacyTables): Opaque[] {
  if (backend === 'nft' || !/^(?:-A |:\S+ (?:DROP|REJECT))/m.test(text)) return [];
  const file = new SourceFile(`<iptables-legacy-save, IPv${family}>`, text);
  return [
    {
      span: { file, start: 0, end: text.length },
      text: `iptables-legacy, IPv${family}`,
      packets: field('family', family),
      reason: 'rules of iptables-legacy decide, too, and are not read',
    },
  ];
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

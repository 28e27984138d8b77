import type { Intent } from '../ir/index.ts';
import { addressRange, formatAddress, type PortRange } from '../net/index.ts';
import type { Step } from '../semantics/index.ts';
import type { PacketQuestion, Surroundings } from './connection.ts';
import { type HostRules, isOurs } from './host-rules.ts';
import { inName, portService, type Repair, repairBaseline, repairFlow } from './repair.ts';
import { type AdminSession, clientText, type ListeningSocket, portsToLogIn, sessionName } from './session.ts';
import { deciding, Judge, type Judged } from './verdict.ts';

/** A new connection, what comes in on one that lives, what goes out on it. */
export type PathPart = 'new' | 'incoming' | 'replies';

/** What was shown to be open, for every packet that it speaks of. */
export interface ProvenPath {
  readonly subject: string; // a session's name
  readonly what: PathPart;
  readonly sentence: string;
  readonly path: readonly Step[]; // the rules that let it through
}

export interface Refusal {
  readonly subject: string; // the name that `--yes-cut` takes, or `ssh` where nobody could log in any more
  readonly what: PathPart;
  readonly sentence: string;
  readonly verdict: 'denied' | 'unknown';
  readonly path: readonly Step[]; // the rules on the way of a packet that is, or may be, stopped
  readonly because: readonly string[]; // unknown: on what it depends
  readonly repair?: Repair; // absent where no policy can help: another table decides
}

/** What the paths of a session are asked of. */
export interface PathContext {
  readonly around: Surroundings;
  readonly intent: Intent;
  readonly listeners: readonly ListeningSocket[];
  readonly after: Judge;
  readonly others: Judge; // all tables but ours
}

export function pathContext(
  around: Surroundings,
  intent: Intent,
  listeners: readonly ListeningSocket[],
  after: HostRules,
): PathContext {
  const others = new Judge(around.listing.withOurs(undefined), around);
  return { around, intent, listeners, after: new Judge(after, around), others };
}

export type Found = { readonly proven: ProvenPath } | { readonly refusal: Refusal };

/** The session goes on, its answers go out, and its client can log in anew: each proven, or refused. */
export function sessionPaths(session: AdminSession, context: PathContext): Found[] {
  return [logIn(session, context), stays('incoming', session, context), stays('replies', session, context)];
}

/** Ports that a client, or an address translator before it, may send from: all but the system's (RFC 6335 6, RFC 4787 4.2.2). */
const CLIENT_PORTS: PortRange = { first: 1024, last: 65535 };

function logIn(session: AdminSession, context: PathContext): Found {
  const ports = portsToLogIn(session, context.listeners);
  const tried = ports.map((port) => ({ port, judged: context.after.ask(newConnection(session, port)) }));
  const open = tried.find(({ judged }) => judged.verdict === 'allowed');
  const subject = sessionName(session);
  if (open !== undefined) {
    const sentence = `${who(session)} can log in anew at ${server(session, open.port)}`;
    return { proven: { subject, what: 'new', sentence, path: open.judged.path } };
  }
  const [first] = tried;
  if (first === undefined) {
    const sentence = `nothing is known that ${who(session)} could log in at`;
    return { refusal: { subject, what: 'new', sentence, verdict: 'unknown', path: [], because: [] } };
  }
  const { port, judged } = first;
  const could = judged.verdict === 'denied' ? 'could not' : 'perhaps could not';
  const sentence = `${who(session)} ${could} log in anew at ${server(session, port)}`;
  const others = context.others.ask(newConnection(session, port));
  const repair = others.verdict === 'allowed' ? openPort(session, port, judged, context.intent) : undefined;
  return { refusal: refusal(subject, 'new', sentence, judged, others, repair) };
}

function stays(what: 'incoming' | 'replies', session: AdminSession, context: PathContext): Found {
  const way = what === 'incoming' ? incoming(session) : replies(session);
  const judged = context.after.ask(way);
  const subject = sessionName(session);
  const name = `${session.own ? 'your' : 'the'} session from ${clientText(session)}`;
  if (judged.verdict === 'allowed') {
    const sentence = what === 'incoming' ? `${name} goes on` : `answers to ${name} go out`;
    return { proven: { subject, what, sentence, path: judged.path } };
  }
  const not = judged.verdict === 'denied' ? 'would not' : 'perhaps would not';
  const sentence = what === 'incoming' ? `${name} ${not} go on` : `answers to ${name} ${not} go out`;
  const others = context.others.ask(way);
  const isBySelf = others.verdict === 'allowed' && isOurs(deciding(judged)?.table ?? '');
  const repair = isBySelf ? repairBaseline(isLoop(session) ? 'loopback' : 'established') : undefined;
  return { refusal: refusal(subject, what, sentence, judged, others, repair) };
}

/** Where another table stops it, too, its rule is told: no policy of ours can help then. */
function refusal(
  subject: string,
  what: PathPart,
  sentence: string,
  ours: Judged,
  others: Judged,
  repair: Repair | undefined,
): Refusal {
  const { verdict, path, because } = others.verdict === 'allowed' ? ours : { ...others, path: others.path };
  const stopped = verdict === 'unknown' || ours.verdict === 'unknown' ? 'unknown' : 'denied';
  return { subject, what, sentence, verdict: stopped, path, because, ...(repair === undefined ? {} : { repair }) };
}

function openPort(session: AdminSession, port: number, judged: Judged, intent: Intent): Repair | undefined {
  if (!isOurs(deciding(judged)?.table ?? '')) return undefined;
  if (isLoop(session)) return repairBaseline('loopback');
  const { src, protocol } = session.connection;
  return repairFlow(intent, {
    name: `ssh${port === 22 ? '' : `-${port}`}-from-${inName(src)}`,
    from: src,
    to: 'host',
    ...portService(protocol, port),
    purpose: 'administration',
  });
}

function isLoop({ connection }: AdminSession): boolean {
  return connection.way === 'loopback';
}

function who(session: AdminSession): string {
  return session.own ? `you (${clientText(session)})` : clientText(session);
}

function server({ connection: { dst } }: AdminSession, port: number): string {
  return `${formatAddress(dst)} port ${port}`;
}

type Ends = Pick<PacketQuestion, 'family' | 'protocol' | 'src' | 'sport' | 'dst' | 'dport'>;

function newConnection(session: AdminSession, port: number): PacketQuestion[] {
  const { src, dst, protocol } = session.connection;
  const ends: Ends = {
    family: src.family,
    protocol,
    src: [addressRange(src)],
    sport: CLIENT_PORTS,
    dst: [addressRange(dst)],
    dport: { first: port, last: port },
  };
  return isLoop(session)
    ? [
        { ...ends, hook: 'output', outInterface: 'lo', state: 'new' },
        { ...ends, hook: 'input', inInterface: 'lo', state: 'new' },
      ]
    : [{ ...ends, hook: 'input', ...arriving(session), state: 'new' }];
}

function incoming(session: AdminSession): PacketQuestion[] {
  const ends = endsOf(session);
  return isLoop(session)
    ? [
        { ...ends, hook: 'output', outInterface: 'lo', state: 'established' },
        { ...ends, hook: 'input', inInterface: 'lo', state: 'established' },
      ]
    : [{ ...ends, hook: 'input', ...arriving(session), state: 'established' }];
}

/** Of the session, and of any that its client may open anew. */
function replies(session: AdminSession): PacketQuestion[] {
  const { src, sport, dst, dport, family, protocol } = endsOf(session);
  const ports = sport === undefined || sport.first < CLIENT_PORTS.first ? sport : CLIENT_PORTS;
  const back: Ends = {
    family,
    protocol,
    src: dst,
    dst: src,
    ...(dport === undefined ? {} : { sport: dport }),
    ...(ports === undefined ? {} : { dport: ports }),
  };
  const through = session.connection.interface;
  return isLoop(session)
    ? [
        { ...back, hook: 'output', outInterface: 'lo', state: 'established' },
        { ...back, hook: 'input', inInterface: 'lo', state: 'established' },
      ]
    : [{ ...back, hook: 'output', ...(through === undefined ? {} : { outInterface: through }), state: 'established' }];
}

function endsOf({ connection: { protocol, src, sport, dst, dport } }: AdminSession): Ends {
  return {
    family: src.family,
    protocol,
    src: [addressRange(src)],
    ...(sport === undefined ? {} : { sport: { first: sport, last: sport } }),
    dst: [addressRange(dst)],
    ...(dport === undefined ? {} : { dport: { first: dport, last: dport } }),
  };
}

function arriving({ connection }: AdminSession): Pick<PacketQuestion, 'inInterface'> {
  return connection.interface === undefined ? {} : { inInterface: connection.interface };
}

import { type Action, type Effect, everything, type Match, nothing } from '../../ir/index.ts';
import { CT_MARK, GIVES_TEMPLATE, templatable, untrackable, withTemplate } from '../netfilter/connection.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import { statusCases, translationDoubt } from '../netfilter/translation.ts';
import type { Target } from './ast.ts';
import { moduleText } from './canonical.ts';
import type { ChainContext } from './context.ts';
import { connected, isTracked } from './lift-connection.ts';
import { assign, classChange, headerChanges, markChange, markCopy } from './lift-mark.ts';
import { isTranslating, translationOf } from './lift-nat.ts';
import { Options } from './options.ts';
import { maskedOf } from './values.ts';

/** One thing that a target may do to a packet. Of several the first whose condition holds acts, unless it goes on. */
export interface Outcome {
  readonly when: Match;
  readonly effects?: readonly Effect[];
  readonly action: Action;
  readonly uncertain?: string; // why more may happen than is said
}

const GOES_ON: Action = { kind: 'continue' };
const ACCEPTS: Action = { kind: 'verdict', verdict: 'accept' };
const DROPS: Action = { kind: 'verdict', verdict: 'drop' };

/** What nobody who filters sees: they count, log, copy, or change what no rule asks for. */
const IDLE: ReadonlySet<string> = new Set([
  'AUDIT',
  'CHECKSUM',
  'CONNSECMARK',
  'IDLETIMER',
  'LED',
  'LOG',
  'NFLOG',
  'RATEEST',
  'SECMARK',
  'TCPMSS',
  'TCPOPTSTRIP',
  'TEE',
  'TRACE',
  'ULOG',
]);

/** Whether a rule with the target does anything to packets. */
export function decides(target: Target | undefined): boolean {
  return target !== undefined && !IDLE.has(target.name);
}

/** @throws NotUnderstood where it is not known what the target does */
export function outcomesOf(target: Target, context: ChainContext): readonly Outcome[] {
  const options = new Options(target);
  const outcomes = IDLE.has(target.name) ? idle(options) : acting(target, options, context);
  options.done();
  return outcomes;
}

function idle(options: Options): readonly Outcome[] {
  options.rest();
  return [{ when: everything, action: GOES_ON }];
}

function acting(target: Target, options: Options, context: ChainContext): readonly Outcome[] {
  const { name } = target;
  const { unknowns } = context.host;
  if (isTranslating(name)) return translated(target, options, context);
  switch (name) {
    case 'ACCEPT':
      return [{ when: everything, action: ACCEPTS }];
    case 'DROP':
      return [{ when: everything, action: DROPS }];
    case 'REJECT':
      options.take('--reject-with'); // what the sender is told
      return [{ when: everything, action: { kind: 'verdict', verdict: 'reject' } }];
    case 'RETURN':
      return [{ when: everything, action: { kind: 'return' } }];
    case 'NFQUEUE':
    case 'QUEUE': {
      options.rest(); // which program decides, and that packets pass where none does
      return [
        { when: unknowns.occurrence(`${moduleText(target)} lets it pass`, context), action: ACCEPTS },
        { when: everything, action: DROPS },
      ];
    }
    case 'NOTRACK':
      return untracked(context);
    case 'CT':
      return connectionTarget(options, context);
    case 'MARK': {
      const change = markChange(options);
      if (change === undefined) throw new NotUnderstood('`MARK` names no mark');
      return [{ when: everything, effects: [assign('mark', change)], action: GOES_ON }];
    }
    case 'CLASSIFY':
      return [{ when: everything, effects: [classChange(options)], action: GOES_ON }];
    case 'HMARK':
      options.rest();
      return [{ when: everything, effects: [unknownMark(moduleText(target))], action: GOES_ON }];
    case 'CONNMARK':
      return connectionMark(options, context);
    case 'TOS':
    case 'DSCP':
    case 'TTL':
    case 'HL':
      return [{ when: everything, effects: headerChanges(name, options, context), action: GOES_ON }];
    case 'SET':
      return setTarget(target, options);
    case 'SYNPROXY':
      options.rest();
      return [
        { when: unknowns.occurrence(`${moduleText(target)} answers it itself`, context), action: DROPS },
        { when: everything, action: GOES_ON },
      ];
    case 'TPROXY':
      return transparentProxy(target, options, context);
    case 'SNPT':
    case 'DNPT':
      return prefixTranslation(name, options, context);
    default:
      throw new NotUnderstood(`\`${name}\` is neither a chain of the table nor a target that is known`);
  }
}

function translated(target: Target, options: Options, context: ChainContext): readonly Outcome[] {
  if (!isTranslating(target.name)) return [];
  const { side, goal, effects, known } = translationOf(target.name, options, context);
  const doubt = translationDoubt(side, known, context.entries, context.host);
  return statusCases(side, goal, known, context.entries, context.host).map(({ when, effect, uncertain = doubt }) => ({
    when,
    effects: [effect, ...effects],
    action: ACCEPTS,
    ...(uncertain === undefined ? {} : { uncertain }),
  }));
}

/** Once a packet has its connection, it keeps it (xt_ct_target, net/netfilter/xt_CT.c). */
function untracked(context: ChainContext): readonly Outcome[] {
  if (isTracked(context)) return [{ when: nothing, action: GOES_ON }];
  return [
    { when: untrackable(context.host), effects: [{ kind: 'untrack' }], action: GOES_ON },
    { when: everything, action: GOES_ON },
  ];
}

function connectionTarget(options: Options, context: ChainContext): readonly Outcome[] {
  if (options.has('--notrack')) return untracked(context);
  options.rest(); // helpers, time-outs, zones: of later packets
  if (isTracked(context)) return [{ when: nothing, action: GOES_ON }];
  const { host, entries } = context;
  return [
    { when: templatable(host, entries), effects: [GIVES_TEMPLATE], action: GOES_ON },
    { when: everything, action: GOES_ON },
  ];
}

/** Whether the target gives packets a template of their connection. */
export function givesTemplate({ name, options }: Target): boolean {
  return name === 'CT' && !options.some((option) => option.name === '--notrack');
}

function unknownMark(text: string): Effect {
  return { kind: 'assign', quantity: 'mark', from: text, keep: 0xffff_ffff, flip: 0 };
}

/** The mark of a packet's connection; a packet without one is left alone. The mark of a template is the same for all packets, and nobody's to know. */
function connectionMark(options: Options, context: ChainContext): readonly Outcome[] {
  const copy = markCopy(options);
  const change = copy === undefined ? markChange(options) : undefined;
  if (copy === undefined && change === undefined) throw new NotUnderstood('`CONNMARK` names no mark');
  const effects = [
    ...(copy === undefined ? [] : [copy.effect]),
    ...(change === undefined ? [] : [assign(CT_MARK, change)]),
  ];
  const ofConnection: Outcome = { when: connected(context), effects, action: GOES_ON };
  if (copy?.to !== 'packet' || isTracked(context)) return [ofConnection];
  const ofTemplate: Effect = { ...copy.effect, from: 'mark of a template' };
  return [ofConnection, { when: withTemplate(context.host), effects: [ofTemplate], action: GOES_ON }];
}

/** Elements that come and go are `context.sets.changed`; a mark that a set may hold is nobody's to know. */
function setTarget(target: Target, options: Options): readonly Outcome[] {
  const maps = target.options.some(({ name }) => name === '--map-mark');
  options.rest();
  return [{ when: everything, ...(maps ? { effects: [unknownMark(moduleText(target))] } : {}), action: GOES_ON }];
}

/** The packet is handed to a socket of this machine, or dropped where there is none (net/netfilter/xt_TPROXY.c). */
function transparentProxy(target: Target, options: Options, context: ChainContext): readonly Outcome[] {
  const mark = options.value('--tproxy-mark');
  const effects = mark === undefined ? [] : [assign('mark', maskedOf(mark, 0xffff_ffff))];
  options.rest();
  const socket = context.host.unknowns.occurrence(`${moduleText(target)} finds a socket`, context);
  return [
    { when: socket, effects, action: ACCEPTS },
    { when: everything, action: DROPS },
  ];
}

/** The prefix of an address is changed, and no connection knows of it. */
function prefixTranslation(name: 'SNPT' | 'DNPT', options: Options, context: ChainContext): readonly Outcome[] {
  options.rest();
  const side = name === 'SNPT' ? 'src' : 'dst';
  const uncertain = translationDoubt(side, { address: false, port: true }, context.entries, context.host);
  return [{ when: everything, action: GOES_ON, ...(uncertain === undefined ? {} : { uncertain }) }];
}

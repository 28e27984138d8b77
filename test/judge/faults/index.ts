import type { Field } from '../../../src/ir/index.ts';
import { all, not } from '../../../src/ir/index.ts';
import { readRuleset } from '../read.ts';
import {
  certain,
  effectChanged,
  exactName,
  halfPrefix,
  higher,
  isLeaf,
  longer,
  ofFields,
  ofQuantity,
  oneAddressMore,
  otherDirection,
  otherFamily,
  otherPort,
  otherSide,
  otherVerdict,
  shorter,
  withoutGate,
  withoutLaterChains,
  withPrioritiesExchanged,
} from './changes.ts';
import {
  exchanged,
  type Fault,
  inSomeAction,
  inSomeBase,
  inSomeChain,
  inSomeMatch,
  inSomeRule,
  inSomeTable,
  without,
} from './sites.ts';

const NUMBER_FIELDS: readonly Field[] = ['protocol', 'sport', 'dport', 'icmpType', 'icmpCode', 'srcAccount'];

export const FAULTS: readonly Fault[] = [
  { name: 'a rule lost', plant: inSomeChain((random, rules) => without(rules, random.below(rules.length)), 1) },
  { name: 'two rules exchanged', plant: inSomeChain(exchanged, 2) },
  {
    name: 'a condition lost',
    plant: inSomeMatch((match) => (match.kind === 'all' ? all(...match.of.slice(1)) : undefined)),
  },
  { name: 'a condition negated', plant: inSomeMatch((match) => (isLeaf(match) ? not(match) : undefined)) },
  { name: 'a negation lost', plant: inSomeMatch((match) => (match.kind === 'not' ? match.of : undefined)) },
  { name: 'a port one higher', plant: inSomeMatch(ofFields(['sport', 'dport'], higher)) },
  { name: 'a range one too long', plant: inSomeMatch(ofFields(NUMBER_FIELDS, longer)) },
  { name: 'a range one too short', plant: inSomeMatch(ofFields(NUMBER_FIELDS, shorter)) },
  { name: 'source port for destination port', plant: inSomeMatch(otherPort) },
  { name: 'source for destination', plant: inSomeMatch(otherSide) },
  { name: 'a prefix one bit longer', plant: inSomeMatch(halfPrefix) },
  { name: 'an address one too many', plant: inSomeMatch(oneAddressMore) },
  { name: 'the other family', plant: inSomeTable(otherFamily) },
  {
    name: 'an address of any family',
    plant: inSomeMatch((match) => (match.kind === 'field' && match.field === 'family' ? all() : undefined)),
  },
  {
    name: 'half of the flags lost',
    plant: inSomeMatch(ofFields(['tcpFlags'], (ranges) => ranges.slice(ranges.length >> 1))),
  },
  { name: 'a state lost', plant: inSomeMatch(ofFields(['state'], (ranges) => ranges.slice(1))) },
  { name: 'a wildcard taken for a name', plant: inSomeMatch(exactName) },
  { name: 'the other direction of an interface', plant: inSomeMatch(otherDirection) },
  {
    name: 'a mark one higher',
    plant: inSomeMatch(ofQuantity((match) => ({ ...match, ranges: higher(match.ranges) }))),
  },
  {
    name: 'a bit of a mask lost',
    plant: inSomeMatch(ofQuantity((match) => ({ ...match, mask: match.mask & (match.mask - 1) }))),
  },
  {
    name: 'a change of the packet lost',
    plant: inSomeRule((_, { effects, ...rule }) => (effects === undefined || effects.length === 0 ? undefined : rule)),
  },
  {
    name: 'return for continue',
    plant: inSomeAction((action) => (action.kind === 'return' ? { kind: 'continue' } : undefined)),
  },
  {
    name: 'continue for return',
    plant: inSomeAction((action) => (action.kind === 'continue' ? { kind: 'return' } : undefined)),
  },
  {
    name: 'jump for goto',
    plant: inSomeAction((action) => (action.kind === 'goto' ? { ...action, kind: 'jump' } : undefined)),
  },
  {
    name: 'goto for jump',
    plant: inSomeAction((action) => (action.kind === 'jump' ? { ...action, kind: 'goto' } : undefined)),
  },
  { name: 'the other verdict', plant: inSomeAction(otherVerdict) },
  {
    name: 'an element of a map lost',
    plant: inSomeAction((action) =>
      action.kind === 'dispatch' && action.cases.length > 0 ? { ...action, cases: action.cases.slice(1) } : undefined,
    ),
  },
  { name: 'priorities exchanged', plant: withPrioritiesExchanged },
  { name: 'an accept that is final', plant: withoutLaterChains },
  {
    name: 'the other policy',
    plant: inSomeBase((base) => ({ ...base, policy: base.policy === 'accept' ? 'drop' : 'accept' })),
  },
  {
    name: 'another hook',
    plant: inSomeBase((base) => ({ ...base, hook: base.hook === 'input' ? 'forward' : 'input' })),
  },
  {
    name: 'a translation lost',
    plant: inSomeRule(effectChanged(({ kind }) => (kind === 'translate' ? 'lost' : undefined))),
  },
  {
    name: 'the other side translated',
    plant: inSomeRule(
      effectChanged((effect) =>
        effect.kind === 'translate' ? { ...effect, side: effect.side === 'src' ? 'dst' : 'src' } : undefined,
      ),
    ),
  },
  {
    name: 'a translated port one higher',
    plant: inSomeRule(
      effectChanged((effect) =>
        effect.kind === 'translate' && effect.port !== undefined ? { ...effect, port: effect.port + 1 } : undefined,
      ),
    ),
  },
  {
    name: 'notrack lost',
    plant: inSomeRule(effectChanged(({ kind }) => (kind === 'untrack' ? 'lost' : undefined))),
  },
  {
    name: 'the wrong value of a mark',
    plant: inSomeRule(
      effectChanged((effect) => (effect.kind === 'assign' ? { ...effect, flip: (effect.flip ^ 1) >>> 0 } : undefined)),
    ),
  },
  {
    name: 'translation of every packet of a connection',
    plant: withoutGate('only the first packet of a connection comes here'),
  },
  { name: 'a connection translated twice', plant: withoutGate('the connection is translated already') },
  { name: 'the chain of a device at all devices', plant: withoutGate('packets of other devices do not come here') },
  {
    name: 'the chains of devices lost',
    plant: (_, { tables, ...ruleset }) => {
      const others = tables.map((table) => ({
        ...table,
        chains: table.chains.filter(({ base }) => base?.hook !== 'ingress' && base?.hook !== 'egress'),
      }));
      const isChanged = others.some(({ chains }, index) => chains.length !== tables[index]?.chains.length);
      return isChanged ? { ...ruleset, tables: others } : undefined;
    },
  },
  {
    name: 'the other direction of a connection',
    plant: inSomeMatch((match) =>
      match.kind === 'quantity' && match.quantity === 'ct direction' ? not(match) : undefined,
    ),
  },
  { name: 'what nobody knows taken for true', plant: inSomeMatch(certain('true')) },
  { name: 'what nobody knows taken for false', plant: inSomeMatch(certain('false')) },
  {
    name: 'a dormant table awake',
    plant: (_, _ruleset, text) => {
      const awake = text.replaceAll('flags dormant;', '');
      const reading = awake === text ? undefined : readRuleset('text', awake);
      return reading?.kind === 'understood' ? reading.ruleset : undefined;
    },
  },
];

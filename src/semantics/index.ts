export { AddressClasses } from './address-classes.ts';
export { candidates } from './candidates.ts';
export { matches, matchesInterface } from './concrete.ts';
export { decide, extentsOfPattern, patternAfter } from './decide.ts';
export { type Denotation, denote } from './denote.ts';
export { describe, firstPart, MORE, partText, type TellablePart } from './describe.ts';
export { applyEffects } from './effects.ts';
export {
  type Allowed,
  type Denial,
  type EgressClient,
  type EgressDecision,
  EgressPolicy,
  type EgressQuestion,
  type EgressService,
} from './egress.ts';
export { isLedElsewhere, ledElsewhere, stoppedElsewhere, withoutTranslations } from './elsewhere.ts';
export { type Evaluation, evaluate, matchOf, type Step, type Traveller, travel } from './evaluate.ts';
export { includes } from './includes.ts';
export { grantMatch, intentRuleset, pairMatch, redirectMatch, serviceMatch } from './intent.ts';
export {
  type FlowPattern,
  type InterfaceChoice,
  patternMatch,
  patternSample,
  type SymbolChoice,
  valuesOtherThanZero,
} from './pattern.ts';
export { PatternView } from './pattern-view.ts';
export type { RuleFault } from './rule-fault.ts';
export { ruleFaults } from './rule-faults.ts';
export { sampleFlow } from './sample.ts';
export { NO_ACCOUNT, packetsOf, possiblePackets } from './space.ts';
export { symbolsOf } from './symbols.ts';

/** What one question after the other needs: whoever asks a hundred thousand waits for no audit, probe or matrix to be loaded. */
export { type Answer, type Case, Oracle } from './answer.ts';
export {
  type AddressKind,
  addressKind,
  type Passage,
  type PatternContext,
  patternContext,
  questionPassages,
} from './flow-patterns.ts';
export { formatFlow } from './flow-text.ts';
export { LedOn } from './led-on.ts';
export { type PathEntry, pathEntry, wholePath } from './path.ts';

export { matches, matchesInterface } from './concrete.ts';
export { type Denotation, denote } from './denote.ts';
export { describe } from './describe.ts';
export { type Evaluation, evaluate, type Step } from './evaluate.ts';
export { includes } from './includes.ts';
export { grantMatch, intentRuleset, pairMatch, serviceMatch } from './intent.ts';
export { sampleFlow } from './sample.ts';
export { NO_ACCOUNT, packetsOf, possiblePackets } from './space.ts';

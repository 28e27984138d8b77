export {
  type FlowEnd,
  type FlowExpression,
  type ParsedFlow,
  parseFlowExpression,
  type Word,
} from './flow-expression.ts';
export { FLOW_PROBLEMS } from './flow-problems.ts';

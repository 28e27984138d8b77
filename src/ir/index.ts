export { BASELINE, DEFAULT_VERDICT, OFF_BY_DEFAULT } from './baseline.ts';
export type { Flow } from './flow.ts';
export { type FlowQuestion, ORDINARY_PORTS } from './flow-question.ts';
export {
  type BaselinePiece,
  FIRST_PLACEHOLDER_UID,
  formatRate,
  type Grant,
  type Intent,
  type NamedDestination,
  type NameGroup,
  type Peer,
  type PolicyTest,
  type Rate,
  type Service,
} from './intent.ts';
export {
  ADDRESS_TYPES,
  type AddressType,
  address,
  all,
  any,
  atHook,
  CONNTRACK_STATES,
  type ConntrackState,
  everything,
  type Field,
  field,
  HOOKS,
  type Hook,
  type InterfacePattern,
  inState,
  interfaces,
  type Match,
  not,
  nothing,
  ofType,
  type Range,
  type Side,
  type Symbol,
  symbol,
  symbolKey,
} from './match.ts';
export type { Action, BaseChain, Chain, DispatchCase, Origin, Rule, Ruleset, Table, Verdict } from './ruleset.ts';

export type { ProposalInput } from './draft.ts';
export { environmentOf, parseDotenv } from './environment.ts';
export type { Listener, Reach } from './listeners.ts';
export type { Files, FileText } from './load.ts';
export {
  type Account,
  type ListeningSocket,
  type MachineFacts,
  parseAccounts,
  parseDistribution,
  parseResolvers,
  parseSshPorts,
  parseTimeServers,
} from './machine.ts';
export { bridgesOf } from './machine-flows.ts';
export type { Destination, Need, Use } from './needs.ts';
export { type Discovery, type DiscoveryInput, discover, type Proxy } from './openclaw.ts';
export { DISCOVERY_PROBLEMS } from './problems.ts';
export { type Proposal, proposePolicy } from './proposal.ts';

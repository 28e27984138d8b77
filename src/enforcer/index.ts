export { type AskOptions, askEnforcer, askEnforcerBy } from './client.ts';
export { type Ledger, type LedgerEntry, parseLedger } from './ledger.ts';
export { LEDGER_FILE } from './paths.ts';
export { ENFORCER_PROBLEMS } from './problems.ts';
export type {
  BootState,
  ChangeAnswer,
  ChangeMeta,
  ChangeRequest,
  ChangeTexts,
  ConfirmedChange,
  ConfirmRequest,
  Connection,
  CutAnswer,
  FamilyTexts,
  HostSnapshot,
  IptablesStep,
  IptablesTexts,
  LedgerNote,
  Listener,
  Mechanism,
  NftTexts,
  PendingChange,
  PersistedFiles,
  PersistedIptables,
  PersistedNft,
  Person,
  Problem,
  RecalledChange,
  Reply,
  Request,
  RequestKind,
  Requests,
  SavedTables,
  Session,
  SnapshotRequest,
  StoredState,
} from './protocol.ts';
export { whoAsks } from './who-asks.ts';

/**
 * What is asked of the part that runs as root, and what it answers: one request as JSON on standard input, one answer as a
 * JSON line on standard output. All of it is plain data, so that whoever asks parses it into precise types at the edge.
 */
export interface Requests {
  /** What there is to know of this machine; changes nothing. */
  readonly snapshot: { readonly ask: SnapshotRequest; readonly answer: HostSnapshot };
  /** What is confirmed and pending, and how boot is set; changes nothing, and is cheap. */
  readonly state: { readonly ask: object; readonly answer: StoredState };
  /** Loads a change, on trial or at once. */
  readonly begin: { readonly ask: ChangeRequest; readonly answer: ChangeAnswer };
  /** Makes the pending change permanent, and persists it. */
  readonly confirm: { readonly ask: ConfirmRequest; readonly answer: ChangeAnswer };
  /** Takes the pending change back now, and cleans up. Nothing pending, or expired: cleans up what is left. */
  readonly revert: { readonly ask: { readonly by: Person }; readonly answer: ChangeAnswer };
  /** What was persisted of a confirmed change, as it was; refused where it has been altered since. */
  readonly recall: { readonly ask: { readonly number: number }; readonly answer: RecalledChange };
  /** Ends connections: their conntrack entries are deleted and their sockets of this machine closed. */
  readonly cut: {
    readonly ask: { readonly by: Person; readonly connections: readonly Connection[] };
    readonly answer: CutAnswer;
  };
  /** Appends to the ledger what happened elsewhere (a plan, a drift found, a drill, whether a node was well under a change). The first change begins one: until then it stays unsaid. */
  readonly note: { readonly ask: LedgerNote; readonly answer: { readonly recorded: boolean } };
}
export type RequestKind = keyof Requests;

export type Request = { readonly [K in RequestKind]: { readonly kind: K } & Requests[K]['ask'] }[RequestKind];

export type Reply<K extends RequestKind> =
  | { readonly ok: true; readonly answer: Requests[K]['answer'] }
  | { readonly ok: false; readonly problem: Problem };

/** Why it was not done. `refused` is exit code 3, `machine` is 4, `unusable` is 2. */
export interface Problem {
  readonly kind: 'refused' | 'machine' | 'unusable';
  readonly code: string; // of ENFORCER_PROBLEMS
  readonly message: string;
  readonly help?: string;
}

/** Who asks. */
export interface Person {
  readonly name: string; // account, of sudo's caller where there is one
  readonly session?: string; // `SSH_CONNECTION`: client address, client port, server address, server port
  readonly startedAt?: number; // jiffies-free seconds since boot at which that session's process started
}

export interface SnapshotRequest {
  readonly callerPid: number; // whose ancestors are looked at for an SSH session
  readonly connections: boolean; // whether live connections are wanted (conntrack and sockets)
}

export interface HostSnapshot {
  readonly ruleset: string; // `nft -j list ruleset`
  readonly text?: string; // `nft -a list ruleset`, where rules of iptables-nft are in it: nft's text tells what its JSON hides as `xt`
  readonly terse: string; // checksum of `nft -t -j list ruleset` less counters and handles: `begin` holds the ruleset against it
  readonly iptables: readonly SavedTables[]; // `iptables-save` texts of tables that nft cannot list in full
  readonly sets?: string; // `ipset save` of all sets, where rules of iptables ask some
  readonly trialHolder: TrialHolder; // of a change with iptables that would begin now
  readonly trialSet?: string; // `ipset save` of the switch of a change with iptables, where there is one
  readonly connections: readonly Connection[];
  readonly listeners: readonly Listener[];
  readonly sessions: readonly Session[]; // administrators' connections to this machine
  readonly addresses: readonly string[]; // of this machine, as `address/bits interface`
  readonly state: StoredState;
  readonly limits: readonly string[]; // what could not be looked at, in sentences
}

export interface SavedTables {
  readonly family: 4 | 6;
  readonly backend: 'nft' | 'legacy';
  readonly text: string;
}

/** A connection as its first packet went. */
export interface Connection {
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly src: string;
  readonly sport?: number;
  readonly dst: string;
  readonly dport?: number;
  readonly hook: 'input' | 'output' | 'forward' | 'loopback';
  readonly tracked: boolean; // conntrack knows it
  readonly interface?: string; // that it came in by, or leaves by
  readonly uid?: number;
  readonly program?: string;
  readonly pid?: number;
}

export interface Listener {
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly address: string;
  readonly port: number;
  readonly uid: number;
  readonly program?: string;
}

export interface Session {
  readonly connection: Connection;
  readonly own: boolean; // the one that this command runs in
  readonly via: string; // `sshd`, `dropbear`, ...: the listener's program
}

export interface StoredState {
  readonly current?: ConfirmedChange;
  readonly history: readonly ConfirmedChange[]; // newest first
  readonly pending?: PendingChange; // as our files say; the kernel's own word is in the ruleset
  readonly boot: BootState;
  readonly problems: readonly string[]; // unreadable or altered files, in sentences
}

export interface BootState {
  readonly mechanism: 'systemd' | 'init-script' | 'none';
  readonly enabled: boolean;
  readonly detail: string;
}

export interface ChangeMeta {
  readonly by: Person;
  readonly at: string; // ISO 8601 in UTC
  readonly policyHash: string; // SHA-256 of the policy's sources; of a rollback, that of the change gone back to
  readonly summary: string; // for people, one line
}

export interface ConfirmedChange extends ChangeMeta {
  readonly number: number; // from 1
  readonly confirmedAt: string;
}

export interface PendingChange extends ChangeMeta {
  readonly trialSeconds: number;
  readonly heldBy: TrialHolder;
  readonly remainingSeconds: number; // 0: expired, or nobody keeps it any more
  readonly bootId: string;
}

export interface ChangeRequest {
  readonly meta: ChangeMeta;
  readonly terse: string; // of the snapshot that the change was planned on
  readonly trialSeconds?: number; // absent: at once, without a way back
  readonly texts: ChangeTexts;
  readonly persist?: PersistedFiles; // absent: nothing of ours is loaded at boot any more
  readonly keep: number; // confirmed changes that are kept
}

/** The programs by which rules of ours are brought into the kernel. */
export type Mechanism = 'nftables' | 'iptables';

/** Who takes a change back that nobody confirms: the kernel, by a set whose elements time out, or, where that is not to be had, a process of ours. */
export type TrialHolder = 'kernel' | 'process';

export type ChangeTexts = NftTexts | IptablesTexts | WatchedTexts;

/** Transactions for `nft -f`, each whole or not at all; every command names a table of ours. */
export interface NftTexts {
  readonly mechanism: 'nftables';
  readonly begin: string; // with a trial: loads the change behind the switch; without: makes it permanent
  readonly confirm: string;
  readonly revert: string;
}

/** What surrounds the switch, whose own steps the enforcer does itself (docs/decisions/0008-a-live-host-with-iptables.md). */
export interface IptablesTexts {
  readonly mechanism: 'iptables';
  readonly heldBy: 'kernel';
  readonly begin: IptablesStep; // loads the change behind the switch, which is off: no packet meets it yet
  readonly confirm: IptablesStep; // when the switch is on for good: the same meaning without it
  readonly revert: IptablesStep; // when it is off: what stood before
}

/** The same without the switch: a process of ours loads `on` and, unless somebody confirms, `off` (docs/decisions/0009-a-trial-kept-by-a-process.md). */
export interface WatchedTexts {
  readonly mechanism: 'iptables';
  readonly heldBy: 'process';
  readonly begin: IptablesStep; // loads the change where no packet meets it yet
  readonly on: IptablesStep; // packets meet it
  readonly off: IptablesStep; // packets meet what stood before
  readonly confirm: IptablesStep; // packets meet it, and what stood before is gone
  readonly revert: IptablesStep; // what stood before, and nothing of the change
}

/** One transaction for each family, which names chains of ours alone. */
export interface IptablesStep extends FamilyTexts {
  readonly hooked: boolean; // whether the built-in chains lead to ours when it is done; the enforcer sees to that in the same transaction
}

/** A text for `iptables-restore --noflush` and one for `ip6tables-restore --noflush`. */
export interface FamilyTexts {
  readonly v4: string;
  readonly v6: string;
}

export type PersistedFiles = PersistedNft | PersistedIptables;

export interface PersistedNft extends PersistedPolicy {
  readonly mechanism: 'nftables';
  readonly ruleset: string; // loaded at boot: plain form
  readonly lockdown: string; // loaded before, removed by the former
}

export interface PersistedIptables extends PersistedPolicy {
  readonly mechanism: 'iptables';
  readonly ruleset: FamilyTexts;
  readonly lockdown: FamilyTexts;
}

interface PersistedPolicy {
  readonly policy: string; // JSON: the sources, by name
  readonly others?: string; // all tables as they stood when it was confirmed (`nft -a list ruleset`): what drift is held against
}

export interface RecalledChange {
  readonly change: ConfirmedChange;
  readonly files: PersistedFiles;
}

export interface ConfirmRequest {
  readonly by: Person;
  readonly sameSession: boolean; // allowed from the session that began the change
}

export interface ChangeAnswer {
  readonly outcome: 'on-trial' | 'permanent' | 'reverted' | 'nothing-to-do';
  readonly remainingSeconds?: number;
  readonly change?: ConfirmedChange;
  readonly warnings: readonly string[]; // done, but: not persisted, not cleaned up, ...
}

export interface CutAnswer {
  readonly cut: number;
  readonly failed: readonly string[];
}

export interface LedgerNote {
  readonly event: 'plan' | 'drift' | 'drill' | 'health';
  readonly by: Person;
  readonly outcome: string;
  readonly policyHash?: string;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

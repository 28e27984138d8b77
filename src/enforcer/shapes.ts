import { dictionary, flag, type Guard, list, matching, number, oneOf, record, tagged, text, whole } from './guard.ts';
import type { PendingTexts } from './kernel.ts';
import type {
  ChangeAnswer,
  ChangeMeta,
  ChangeTexts,
  ConfirmedChange,
  Connection,
  HostSnapshot,
  PersistedFiles,
  Person,
  Problem,
  Request,
  RequestKind,
  Requests,
  StoredState,
} from './protocol.ts';

/** The shapes of everything that goes in and out, of protocol.ts. */

const SECONDS_AT_MOST = 86_400; // a day on trial is a mistake in the unit
const LONG = 256 * 2 ** 20; // characters of a ruleset

const address = matching(/^[0-9a-fA-F:.]{2,45}$/, 'an address');
const family = oneOf(4, 6);
const port = whole(0, 65_535);
const account = whole(0, 2 ** 32 - 1);
const hash = matching(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal');
const name = text(256);

/** A text, a number or a truth. */
export const detail: Guard<string | number | boolean> = (value, at, problems): value is string | number | boolean => {
  const fits = ['string', 'number', 'boolean'].includes(typeof value);
  if (!fits) problems.push(`${at} must be a text, a number or a truth`);
  return fits;
};

export const person: Guard<Person> = record({ name }, { session: name, startedAt: number });

const metaParts = { by: person, at: text(40), policyHash: text(128), summary: text() };
const confirmedParts = { ...metaParts, number: whole(1, Number.MAX_SAFE_INTEGER), confirmedAt: text(40) };
export const changeMeta: Guard<ChangeMeta> = record(metaParts, {});
export const confirmedChange: Guard<ConfirmedChange> = record(confirmedParts, {});

const families = { v4: text(LONG), v6: text(LONG) };
export const step = record({ ...families, hooked: flag }, {});
const nftables = oneOf('nftables');
const iptables = oneOf('iptables');

const persisted: Guard<PersistedFiles> = tagged('mechanism', {
  nftables: record(
    { mechanism: nftables, ruleset: text(LONG), lockdown: text(LONG), policy: text(LONG) },
    { others: text(LONG) },
  ),
  iptables: record(
    {
      mechanism: iptables,
      ruleset: record(families, {}),
      lockdown: record(families, {}),
      policy: text(LONG),
    },
    { others: text(LONG) },
  ),
});

const nftLater = { mechanism: nftables, confirm: text(LONG), revert: text(LONG) };
const iptablesLater = { mechanism: iptables, heldBy: oneOf('kernel'), confirm: step, revert: step };
const watchedLater = { mechanism: iptables, heldBy: oneOf('process'), confirm: step, revert: step };
export const trialHolder = oneOf('kernel', 'process');

const changeTexts: Guard<ChangeTexts> = tagged('mechanism', {
  nftables: record({ ...nftLater, begin: text(LONG) }, {}),
  iptables: tagged('heldBy', {
    kernel: record({ ...iptablesLater, begin: step }, {}),
    process: record({ ...watchedLater, begin: step, on: step, off: step }, {}),
  }),
});

/** What is kept of the texts of a change that has begun. */
export const pendingTexts: Guard<PendingTexts> = tagged('mechanism', {
  nftables: record(nftLater, {}),
  iptables: tagged('heldBy', { kernel: record(iptablesLater, {}), process: record(watchedLater, {}) }),
});

const connection: Guard<Connection> = record(
  {
    family,
    protocol: whole(0, 255),
    src: address,
    dst: address,
    hook: oneOf('input', 'output', 'forward', 'loopback'),
    tracked: flag,
  },
  { sport: port, dport: port, interface: name, uid: account, program: name, pid: whole(1, 2 ** 31) },
);

/** What is asked. */
export const REQUESTS: { readonly [K in RequestKind]: Guard<Extract<Request, { readonly kind: K }>> } = {
  snapshot: record({ kind: oneOf('snapshot'), callerPid: whole(1, 2 ** 31), connections: flag }, {}),
  state: record({ kind: oneOf('state') }, {}),
  begin: record(
    {
      kind: oneOf('begin'),
      meta: changeMeta,
      terse: hash,
      texts: changeTexts,
      keep: whole(1, 10_000),
    },
    { trialSeconds: whole(1, SECONDS_AT_MOST), persist: persisted },
  ),
  confirm: record({ kind: oneOf('confirm'), by: person, sameSession: flag }, {}),
  revert: record({ kind: oneOf('revert'), by: person }, {}),
  recall: record({ kind: oneOf('recall'), number: whole(1, Number.MAX_SAFE_INTEGER) }, {}),
  cut: record({ kind: oneOf('cut'), by: person, connections: list(connection, 100_000) }, {}),
  note: record(
    { kind: oneOf('note'), event: oneOf('plan', 'drift', 'drill', 'health'), by: person, outcome: text() },
    { policyHash: text(128), details: dictionary(detail) },
  ),
};

const storedState: Guard<StoredState> = record(
  {
    history: list(confirmedChange),
    boot: record({ mechanism: oneOf('systemd', 'init-script', 'none'), enabled: flag, detail: text() }, {}),
    problems: list(text()),
  },
  {
    current: confirmedChange,
    pending: record(
      { ...metaParts, trialSeconds: number, heldBy: trialHolder, remainingSeconds: number, bootId: name },
      {},
    ),
  },
);

const hostSnapshot: Guard<HostSnapshot> = record(
  {
    ruleset: text(2 ** 30),
    terse: hash,
    trialHolder,
    iptables: list(record({ family, backend: oneOf('nft', 'legacy'), text: text(2 ** 30) }, {})),
    connections: list(connection),
    listeners: list(record({ family, protocol: whole(0, 255), address, port, uid: account }, { program: name })),
    sessions: list(record({ connection, own: flag, via: name }, {})),
    addresses: list(text()),
    state: storedState,
    limits: list(text()),
  },
  { text: text(2 ** 30), sets: text(2 ** 30), trialSet: text(65_536) },
);

const changeAnswer: Guard<ChangeAnswer> = record(
  { outcome: oneOf('on-trial', 'permanent', 'reverted', 'nothing-to-do'), warnings: list(text()) },
  { remainingSeconds: number, change: confirmedChange },
);

export const ANSWERS: { readonly [K in RequestKind]: Guard<Requests[K]['answer']> } = {
  snapshot: hostSnapshot,
  state: storedState,
  begin: changeAnswer,
  confirm: changeAnswer,
  revert: changeAnswer,
  recall: record({ change: confirmedChange, files: persisted }, {}),
  cut: record({ cut: whole(0, Number.MAX_SAFE_INTEGER), failed: list(text()) }, {}),
  note: record({ recorded: flag }, {}),
};

export const problem: Guard<Problem> = record(
  { kind: oneOf('refused', 'machine', 'unusable'), code: name, message: text(2 ** 20) },
  { help: text(2 ** 20) },
);

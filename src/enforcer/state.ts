import { join } from 'node:path';
import { dictionary, flag, type Guard, number, oneOf, parseJson, record, text, whole } from './guard.ts';
import type { Held, PendingTexts } from './kernel.ts';
import { sha256 } from './ledger.ts';
import type { Paths } from './paths.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import type {
  ChangeMeta,
  ChangeRequest,
  ChangeTexts,
  ConfirmedChange,
  FamilyTexts,
  PersistedFiles,
  RecalledChange,
} from './protocol.ts';
import { Refusal, refusal } from './refusal.ts';
import { changeMeta, confirmedChange, pendingTexts, trialHolder } from './shapes.ts';
import {
  exists,
  move,
  namesIn,
  ownFolder,
  readLink,
  readOwn,
  remove,
  seal,
  switchLink,
  writeNew,
  writeWhole,
} from './store.ts';

/**
 * What is on disk, below the state folder:
 *
 *     pending.json             the change that is on trial, and how far it has come
 *     pending/                 its texts, and in `change/` what will be persisted
 *     changes/N/               confirmed changes: ruleset.nft and lockdown.nft (with iptables, of either family: ruleset.v4, ...),
 *                              policy.json, others.nft, change.json, SHA256SUMS
 *     current -> changes/N     what is loaded at boot
 *     ledger.jsonl
 *
 * A change is written whole before the kernel is asked, and `current` is switched last.
 */

/** How far a pending change has come; each is written before the kernel is asked for the next. */
export type Stage =
  | 'begun' // its trial runs or has expired; without a trial set, it was never loaded
  | 'confirming' // without a trial set, the kernel has taken it
  | 'reverting'; // without a trial set, it has been taken back

export interface Pending extends Held {
  readonly meta: ChangeMeta;
  readonly stage: Stage;
  readonly number: number; // that it gets when it is confirmed
  readonly trialSeconds: number; // 0: at once, without a trial
  readonly beganAt: number; // seconds since boot
  readonly bootId: string;
  readonly keep: number;
  readonly persists: boolean;
  readonly before: string; // `ownChecksum` before it, '' for no table: tells whether a change without a trial was taken
}

const pendingGuard: Guard<Pending> = record(
  {
    id: text(64),
    mechanism: oneOf('nftables', 'iptables'),
    heldBy: trialHolder,
    meta: changeMeta,
    stage: oneOf('begun', 'confirming', 'reverting'),
    number: whole(1, Number.MAX_SAFE_INTEGER),
    trialSeconds: whole(0, 86_400),
    beganAt: number,
    bootId: text(64),
    keep: whole(1, 10_000),
    persists: flag,
    before: text(64),
  },
  {},
);

const storedGuard = record({ change: confirmedChange, sha256: dictionary(text(64)) }, {});

export class State {
  readonly #paths: Paths;

  constructor(paths: Paths) {
    this.#paths = paths;
  }

  get ledger(): string {
    return this.#at('ledger.jsonl');
  }

  /** @throws Refusal where the folders cannot be made or are not ours alone */
  prepare(): void {
    for (const folder of [this.#paths.state, this.#at('changes'), this.#paths.run]) ownFolder(folder);
  }

  readPending(): Pending | undefined {
    const found = readOwn(this.#at('pending.json'));
    return found === undefined ? undefined : parsed(this.#at('pending.json'), found, pendingGuard);
  }

  /** Writes a change that begins, `pending.json` last. Whatever is left of an older one goes. */
  writePending(request: ChangeRequest, pending: Pending): void {
    this.dropPending();
    ownFolder(this.#at('pending'));
    writeNew(this.#at('pending/texts.json'), JSON.stringify(laterTexts(request.texts)));
    if (request.persist !== undefined) this.#writeFiles(request.persist);
    seal(this.#at('pending'));
    this.setStage(pending, pending.stage);
  }

  setStage(pending: Pending, stage: Stage): void {
    writeWhole(this.#at('pending.json'), JSON.stringify({ ...pending, stage }));
  }

  /** The texts that make the pending change permanent, or take it back. */
  pendingTexts(): PendingTexts {
    const path = this.#at('pending/texts.json');
    const found = readOwn(path);
    if (found === undefined) throw refusal('machine', ENFORCER_PROBLEMS.stateNotOurs, path, 'it is missing');
    return parsed(path, found, pendingTexts);
  }

  dropPending(): void {
    remove(this.#at('pending.json'));
    remove(this.#at('pending'));
  }

  #writeFiles(files: PersistedFiles): void {
    const folder = this.#at('pending/change');
    ownFolder(folder);
    for (const [name, content] of Object.entries(contentsOf(files))) writeNew(join(folder, name), content);
    // What `sha256sum -c` reads at boot: two spaces for text, the path that boot loads.
    const sums = Object.entries(rulesOf(files)).map(
      ([name, content]) => `${sha256(content)}  ${this.#at(`current/${name}`)}\n`,
    );
    writeNew(join(folder, 'SHA256SUMS'), sums.join(''));
    seal(folder);
  }

  /** Completes what will be persisted, before the kernel is asked. */
  writeChange(pending: Pending, change: ConfirmedChange): void {
    if (!pending.persists) return;
    const folder = this.#at('pending/change');
    const files = this.#filesIn(folder);
    writeWhole(join(folder, 'change.json'), JSON.stringify({ change, sha256: checksums(files) }));
  }

  /** The kernel has it: what was written becomes what boot loads. Does again whatever part was done already. */
  switchTo(pending: Pending): ConfirmedChange | undefined {
    const current = this.#at('current');
    if (!pending.persists) {
      remove(current);
      return undefined;
    }
    const place = this.#at(`changes/${pending.number}`);
    if (!exists(place)) move(this.#at('pending/change'), place);
    const { change } = this.#stored(pending.number);
    switchLink(current, `changes/${pending.number}`);
    return change;
  }

  /** Takes the oldest confirmed changes away, but never the current one. */
  prune(keep: number): void {
    const current = this.currentNumber();
    for (const number of this.numbers().slice(keep)) if (number !== current) remove(this.#at(`changes/${number}`));
  }

  /** Newest first. */
  numbers(): readonly number[] {
    return namesIn(this.#at('changes'))
      .flatMap((name) => (/^[1-9]\d{0,14}$/.test(name) ? [Number(name)] : []))
      .toSorted((a, b) => b - a);
  }

  currentNumber(): number | undefined {
    const path = this.#at('current');
    const target = readLink(path);
    if (target === undefined) return undefined;
    const found = /^changes\/([1-9]\d{0,14})$/.exec(target)?.[1];
    if (found === undefined)
      throw refusal('machine', ENFORCER_PROBLEMS.stateNotOurs, path, 'it leads out of its folder');
    return Number(found);
  }

  /** @throws Refusal where a file of it is missing, unreadable or altered */
  recall(number: number): RecalledChange {
    const folder = this.#at(`changes/${number}`);
    if (!exists(folder)) throw refusal('refused', ENFORCER_PROBLEMS.noSuchChange, number);
    const { change, sha256: wanted } = this.#stored(number);
    const files = this.#filesIn(folder);
    const found = checksums(files);
    const names = new Set([...Object.keys(wanted), ...Object.keys(found)]);
    const altered = [...names].filter((name) => wanted[name] !== found[name]);
    if (altered.length > 0) {
      const why = `${altered.join(', ')} has been altered since it was confirmed`;
      throw refusal('machine', ENFORCER_PROBLEMS.stateNotOurs, folder, why);
    }
    return { change, files };
  }

  /** All confirmed changes, newest first, and what is wrong with them, in sentences. */
  confirmed(): { readonly changes: readonly ConfirmedChange[]; readonly problems: readonly string[] } {
    const problems: string[] = [];
    const changes = this.numbers().flatMap((number) => {
      const found = told(problems, () => this.recall(number).change);
      return found === undefined ? [] : [found];
    });
    return { changes, problems };
  }

  #stored(number: number) {
    const path = this.#at(`changes/${number}/change.json`);
    const found = readOwn(path);
    if (found === undefined) throw refusal('machine', ENFORCER_PROBLEMS.stateNotOurs, path, 'it is missing');
    const stored = parsed(path, found, storedGuard);
    if (stored.change.number === number) return stored;
    throw refusal('machine', ENFORCER_PROBLEMS.stateNotOurs, path, 'it is that of another change');
  }

  #filesIn(folder: string): PersistedFiles {
    const file = (name: string): string => {
      const found = readOwn(join(folder, name));
      if (found === undefined) {
        throw refusal('machine', ENFORCER_PROBLEMS.stateNotOurs, join(folder, name), 'it is missing');
      }
      return found;
    };
    const others = readOwn(join(folder, 'others.nft'));
    const beside = { policy: file('policy.json'), ...(others === undefined ? {} : { others }) };
    if (!exists(join(folder, 'ruleset.v4'))) {
      return { mechanism: 'nftables', ruleset: file('ruleset.nft'), lockdown: file('lockdown.nft'), ...beside };
    }
    const both = (name: string): FamilyTexts => ({ v4: file(`${name}.v4`), v6: file(`${name}.v6`) });
    return { mechanism: 'iptables', ruleset: both('ruleset'), lockdown: both('lockdown'), ...beside };
  }

  #at(name: string): string {
    return join(this.#paths.state, name);
  }
}

function laterTexts(texts: ChangeTexts): PendingTexts {
  if (texts.mechanism === 'iptables' && texts.heldBy === 'process') {
    const { begin: _, on: __, off: ___, ...later } = texts;
    return later;
  }
  const { begin: _, ...later } = texts;
  return later;
}

/** What is loaded at boot and only as it was confirmed, by file name. */
function rulesOf(files: PersistedFiles): Readonly<Record<string, string>> {
  return files.mechanism === 'nftables'
    ? { 'ruleset.nft': files.ruleset }
    : { 'ruleset.v4': files.ruleset.v4, 'ruleset.v6': files.ruleset.v6 };
}

/** By file name. */
function contentsOf(files: PersistedFiles): Readonly<Record<string, string>> {
  const { lockdown, policy, others } = files;
  const locks =
    typeof lockdown === 'string'
      ? { 'lockdown.nft': lockdown }
      : { 'lockdown.v4': lockdown.v4, 'lockdown.v6': lockdown.v6 };
  const kept = { ...rulesOf(files), ...locks, 'policy.json': policy };
  return others === undefined ? kept : { ...kept, 'others.nft': others };
}

function checksums(files: PersistedFiles): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(contentsOf(files)).map(([name, content]) => [name, sha256(content)]));
}

function parsed<T>(path: string, content: string, guard: Guard<T>): T {
  const found = parseJson(content, guard, 'it');
  if ('value' in found) return found.value;
  throw refusal('machine', ENFORCER_PROBLEMS.stateNotOurs, path, found.problems.slice(0, 3).join('; '));
}

/** The value, or `undefined` with the reason among the problems. */
export function told<T>(problems: string[], act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    problems.push(error.message);
    return undefined;
  }
}

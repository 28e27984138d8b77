import { createHash } from 'node:crypto';
import { dictionary, oneOf, parseJson, record, text } from './guard.ts';
import type { LedgerNote, Person } from './protocol.ts';
import { detail, person } from './shapes.ts';
import { append, readOwn } from './store.ts';

/**
 * What happened, one JSON object a line, only ever added to. Each line has the checksum of the line before it, so that a line
 * that was changed or taken out shows. A line that a crash cut off stays as it is; the next one begins below it.
 */
export interface LedgerEntry {
  readonly at: string; // ISO 8601 in UTC, by this machine's clock
  readonly event: LedgerEvent;
  readonly by: Person;
  readonly outcome: string;
  readonly policyHash?: string;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
  readonly previous: string; // SHA-256 of the line before, without its line break; of the first: ''
}

/** `begin` is written before the kernel is asked, the others afterwards. */
export type LedgerEvent = 'begin' | 'refused' | 'confirm' | 'revert' | 'cut' | LedgerNote['event'];

const entryGuard = record(
  {
    at: text(40),
    event: oneOf('begin', 'refused', 'confirm', 'revert', 'cut', 'plan', 'drift', 'drill', 'health'),
    by: person,
    outcome: text(),
    previous: text(64),
  },
  { policyHash: text(128), details: dictionary(detail) },
);

export type NewEntry = Omit<LedgerEntry, 'at' | 'previous'>;

/** @throws Refusal where it cannot be written */
export function appendEntry(path: string, entry: NewEntry, now: Date): void {
  const before = readOwn(path) ?? '';
  const torn = before !== '' && !before.endsWith('\n');
  const last = before.split('\n').at(torn ? -1 : -2) ?? '';
  const { event, by, outcome, policyHash, details } = entry;
  const line: LedgerEntry = {
    at: now.toISOString(),
    event,
    by,
    outcome,
    ...(policyHash === undefined ? {} : { policyHash }),
    ...(details === undefined ? {} : { details }),
    previous: before === '' ? '' : sha256(last),
  };
  append(path, `${torn ? '\n' : ''}${JSON.stringify(line)}\n`);
}

export interface Ledger {
  readonly entries: readonly LedgerEntry[]; // oldest first
  readonly torn: number; // lines that a crash cut off
  readonly altered: readonly number[]; // lines, from 1, before which something was changed or taken out
}

export function parseLedger(content: string): Ledger {
  const lines = content.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const entries: LedgerEntry[] = [];
  const altered: number[] = [];
  let torn = 0;
  for (const [index, line] of lines.entries()) {
    const parsed = parseJson(line, entryGuard, 'line');
    if ('problems' in parsed) {
      torn++;
      continue;
    }
    entries.push(parsed.value);
    const before = lines[index - 1];
    if (parsed.value.previous !== (before === undefined ? '' : sha256(before))) altered.push(index + 1);
  }
  return { entries, torn, altered };
}

export function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

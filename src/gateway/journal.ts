import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import type { GatewayRecord } from './record.ts';

/** Where records go. Losing one is never a reason to let anything through, nor to stop. */
export interface Journal {
  readonly write: (record: GatewayRecord) => void;
  readonly close: () => void;
}

export interface FileJournalSettings {
  readonly path: string;
  readonly bytesAtMost: number; // of one file; then it becomes `path.1`, and that `path.2`
  readonly filesKept: number; // beside the current one
  readonly lost: (count: number, error: Error) => void; // records that could not be written
}

const FLUSH_MS = 200;
const WAITING_AT_MOST = 10_000; // records, when the disk is slower than the agents

/** One JSON document a line, readable by its owner and group only; what waits is written at once when it closes. */
export class FileJournal implements Journal {
  readonly #settings: FileJournalSettings;
  #waiting: string[] = [];
  #file: number | undefined;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @throws Error of the file system where the file cannot be opened: a gateway that cannot record does not start. */
  constructor(settings: FileJournalSettings) {
    this.#settings = settings;
    this.#open();
  }

  write(record: GatewayRecord): void {
    if (this.#waiting.length >= WAITING_AT_MOST) {
      this.#settings.lost(1, new Error('records come faster than they can be written'));
      return;
    }
    this.#waiting.push(`${JSON.stringify(record)}\n`);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }

  close(): void {
    this.#flush();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#waiting;
    this.#waiting = [];
    if (lines.length === 0) return;
    try {
      if (this.#file === undefined) this.#open();
      if (this.#bytes >= this.#settings.bytesAtMost) this.#rotate();
      this.#bytes += writeSync(this.#file!, lines.join(''));
    } catch (error) {
      this.#settings.lost(lines.length, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #open(): void {
    this.#file = openSync(this.#settings.path, 'a', 0o640);
    this.#bytes = fstatSync(this.#file).size;
  }

  #rotate(): void {
    const { path, filesKept } = this.#settings;
    for (let number = filesKept; number > 0; number--) {
      try {
        renameSync(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`);
      } catch {
        // That one does not exist yet.
      }
    }
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#open();
  }
}

/** The machine's own log, where whoever looks after the machine already looks. What it does not take is lost, and counted. */
export class SyslogJournal implements Journal {
  readonly #send: (line: string) => void;
  readonly #host: string;
  readonly #lost: FileJournalSettings['lost'];

  /** @param send one message; throws where nobody takes it */
  constructor(send: (line: string) => void, host: string, lost: FileJournalSettings['lost']) {
    this.#send = send;
    this.#host = host;
    this.#lost = lost;
  }

  write(record: GatewayRecord): void {
    try {
      this.#send(syslogLine(record, this.#host, process.pid));
    } catch (error) {
      this.#lost(1, error instanceof Error ? error : new Error(String(error)));
    }
  }

  close(): void {
    // Nothing waits: each line was sent when it came.
  }
}

const FACILITY_LOCAL0 = 16; // RFC 5424 6.2.1
const SEVERITY = { allow: 6, 'would-deny': 5, deny: 4 } as const; // informational, notice, warning

/** A record as one line of syslog (RFC 5424), its fields as structured data; 32473 is the enterprise number of examples (RFC 5612). */
export function syslogLine(record: GatewayRecord, host: string, pid: number): string {
  const priority = FACILITY_LOCAL0 * 8 + SEVERITY[record.verdict];
  const fields = Object.entries(record).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}="${escaped(String(value))}"`,
  );
  const text = record.sentence ?? `${record.verdict} ${record.host}`;
  return `<${priority}>1 ${record.time} ${word(host)} portcullis ${pid} gateway [record@32473 ${fields.join(' ')}] ${printable(text)}`;
}

/** RFC 5424 6.3.3: these three are escaped; control characters, which nobody means, become a question mark. */
function escaped(value: string): string {
  return printable(value).replace(/["\\\]]/g, (character) => `\\${character}`);
}

function printable(text: string): string {
  return text.replace(/[^\u0020-\u007e]/g, '?');
}

function word(text: string): string {
  return printable(text).replace(/ /g, '-').slice(0, 255) || '-';
}

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { type AccessRequest, hostText } from '../../gateway/index.ts';

/** What happened to a request for access. A file of these only grows: there is one line for each thing that a person decided, and for each end. */
interface Entry {
  readonly time: string; // ISO 8601, UTC
  readonly what: 'approved' | 'refused' | 'ended';
  readonly id: string; // of the request
  readonly agent: string;
  readonly host: string;
  readonly port: number;
  readonly protocol: number; // IANA's
  readonly by: string; // who decided; of an end, who had approved
  readonly until?: string; // of an approval, ISO 8601, UTC
}

/** Who approved or refused what, until when, and that it has ended: a line of JSON each, on the disk before the operator is answered. */
export class ApprovalsLedger {
  readonly #path: string;
  readonly #now: () => number;
  readonly #running = new Map<string, AccessRequest>(); // approvals whose end is not written yet, by their id

  /** @param now milliseconds since 1970; @param kept from before a restart: what has ended meanwhile is written at the first look */
  constructor(path: string, now: () => number, kept: readonly AccessRequest[]) {
    this.#path = path;
    this.#now = now;
    for (const request of kept) if (request.state.kind === 'approved') this.#running.set(request.id, request);
  }

  /** Somebody has decided. @throws Error of the file system */
  decided(request: AccessRequest): void {
    const { state } = request;
    if (state.kind === 'pending') return;
    if (state.kind === 'approved') this.#running.set(request.id, request);
    else this.#running.delete(request.id);
    this.#write([entry(request, state.kind, state.by, this.#now())]);
  }

  /** Writes what has ended by itself. @throws Error of the file system */
  look(): void {
    const now = this.#now();
    const over = [...this.#running.values()].filter(({ state }) => state.kind === 'approved' && state.until <= now);
    if (over.length === 0) return;
    this.#write(
      over.flatMap((request) =>
        request.state.kind === 'approved' ? [entry(request, 'ended', request.state.by, request.state.until)] : [],
      ),
    );
    for (const { id } of over) this.#running.delete(id);
  }

  #write(entries: readonly Entry[]): void {
    const file = openSync(this.#path, 'a', 0o640);
    try {
      writeSync(file, entries.map((each) => `${JSON.stringify(each)}\n`).join(''));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }
}

function entry(request: AccessRequest, what: Entry['what'], by: string, at: number): Entry {
  const { id, agent, host, port, protocol, state } = request;
  const until = what === 'approved' && state.kind === 'approved' ? { until: new Date(state.until).toISOString() } : {};
  return { time: new Date(at).toISOString(), what, id, agent, host: hostText(host), port, protocol, by, ...until };
}

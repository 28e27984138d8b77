import { hostname } from 'node:os';
import {
  type AccessRequest,
  type AddressSink,
  type Controlled,
  FileJournal,
  Gateway,
  GatewayMetrics,
  type GatewayRecord,
  type Journal,
  type OriginalDestination,
  ownAddresses,
  type Reloaded,
  type Silence,
  SyslogJournal,
  type Tls,
} from '../../gateway/index.ts';
import type { GatewaySettings, Intent } from '../../ir/index.ts';
import { ApprovalsLedger } from './approvals-ledger.ts';
import { certificateOf } from './certificate.ts';
import { watchDescriptors } from './descriptors.ts';
import { keepRequests, readKeptRequests } from './kept-requests.ts';
import { newRecordId } from './record-id.ts';
import { Troubles } from './troubles.ts';
import { whoAsksHere } from './who-asks.ts';

/** What a gateway is started with. */
export interface Start {
  readonly intent: Intent;
  readonly settings: GatewaySettings;
  readonly accounts: ReadonlyMap<string, number>;
  readonly observe: boolean;
  readonly sink: AddressSink | undefined;
  readonly originalDestination: OriginalDestination;
  readonly certificate: Tls | undefined; // where the policy names one
  readonly logPath: string;
  readonly syslog: ((line: string) => void) | undefined; // sends a line to the machine's own log, too; throws where nobody takes it
  readonly requestsPath: string;
  readonly ledgerPath: string; // of what operators decide
  readonly say: (sentence: string) => void; // to who looks after the machine, at once
  /** Opens what lies in folders of the gateway's account. */
  readonly asAccount: <T>(work: () => T) => T;
  /** The policy as its file has it now, or what is wrong with it. */
  readonly readAgain: () => Promise<Intent | readonly string[]>;
}

const LOG_BYTES = 64 * 2 ** 20; // of one file
const LOG_FILES = 4; // beside the current one
const KEEP_MS = 500; // after requests have changed
const DAY_MS = 86_400_000;

/** A gateway at work, with what it writes down and what operators ask of it. */
export class RunningGateway implements Controlled {
  readonly #start: Start;
  readonly #gateway: Gateway;
  readonly #journals: readonly Journal[];
  readonly #metrics: GatewayMetrics;
  readonly #since = new Date().toISOString();
  readonly #troubles = new Troubles(Date.now);
  readonly #ledger: ApprovalsLedger;
  #intent: Intent;
  #keeping: NodeJS.Timeout | undefined;
  #midnight: NodeJS.Timeout | undefined;
  #endWatch: (() => void) | undefined; // of descriptors

  private constructor(
    start: Start,
    gateway: Gateway,
    journals: readonly Journal[],
    metrics: GatewayMetrics,
    ledger: ApprovalsLedger,
  ) {
    this.#start = start;
    this.#intent = start.intent;
    this.#gateway = gateway;
    this.#journals = journals;
    this.#metrics = metrics;
    this.#ledger = ledger;
  }

  /** @throws the error of the file system, of bind(2) or of listen(2); then nothing is left behind */
  static async open(start: Start): Promise<RunningGateway> {
    const running: { current?: RunningGateway } = {};
    const metrics = new GatewayMetrics({
      openConnections: () => running.current?.connections().length ?? 0,
      silentResolvers: () => running.current?.silentResolvers ?? 0,
    });
    const trouble = (sentence: string): void => {
      start.say(sentence);
      if (running.current !== undefined) running.current.#troubles.note(sentence);
    };
    const lost = (count: number, { message }: Error): void => {
      metrics.lost(count);
      trouble(`${count} records could not be written: ${message}`);
    };
    const file = { path: start.logPath, bytesAtMost: LOG_BYTES, filesKept: LOG_FILES, lost };
    const journals: readonly Journal[] = [
      start.asAccount(() => new FileJournal(file)),
      ...(start.syslog === undefined ? [] : [new SyslogJournal(start.syslog, hostname(), lost)]),
    ];
    const isOwn = ownAddresses(() => performance.now());
    const kept = start.asAccount(() => readKeptRequests(start.requestsPath));
    const ledger = new ApprovalsLedger(start.ledgerPath, Date.now, kept);
    try {
      start.asAccount(() => ledger.look());
      const gateway = await Gateway.open(start.intent, start.settings, {
        isOwn,
        whoAsks: whoAsksHere(start.accounts, isOwn),
        originalDestination: start.originalDestination,
        certificate: start.certificate,
        sink: start.sink,
        record: (record: GatewayRecord) => {
          metrics.count(record);
          for (const journal of journals) journal.write(record);
        },
        onTrouble: trouble,
        onRequests: () => {
          if (running.current !== undefined) running.current.#requestsChanged();
        },
        clock: { now: () => performance.now(), time: () => new Date().toISOString(), date: () => Date.now() },
        newId: newRecordId,
        kept,
        observe: start.observe,
      });
      running.current = new RunningGateway(start, gateway, journals, metrics, ledger);
      running.current.#waitForMidnight();
      running.current.#endWatch = watchDescriptors(trouble);
      return running.current;
    } catch (error) {
      for (const journal of journals) journal.close();
      throw error;
    }
  }

  health(): ReturnType<Controlled['health']> {
    const silences = this.#gateway.silent.map(silenceSentence);
    const troubles = [...this.#troubles.lately, ...silences];
    return {
      ok: troubles.length === 0,
      since: this.#since,
      policy: this.#intent.name,
      observe: this.#start.observe,
      troubles,
    };
  }

  get silentResolvers(): number {
    return this.#gateway.silent.length;
  }

  metrics(): Promise<string> {
    return this.#metrics.text();
  }

  connections(): ReturnType<Controlled['connections']> {
    return this.#gateway.connections;
  }

  requests(): readonly AccessRequest[] {
    return this.#gateway.requests;
  }

  approve(id: string, by: string, seconds: number): AccessRequest | undefined {
    return this.#decided(this.#gateway.approve(id, by, seconds));
  }

  refuse(id: string, by: string): AccessRequest | undefined {
    return this.#decided(this.#gateway.refuse(id, by));
  }

  /** What is narrower cuts, what is wrong changes nothing; where it listens and as whom it runs only a restart changes. */
  async reload(): Promise<Reloaded> {
    const read = await this.#start.readAgain();
    if (!('grants' in read)) return { ok: false, problems: read };
    if (!isSamePlace(read.gateway, this.#start.settings)) {
      return { ok: false, problems: ['the section `gateway` has changed: restart the gateway'] };
    }
    this.#intent = read;
    this.#troubles.forget();
    this.#certify(read.gateway);
    return { ok: true, cut: this.#gateway.replace(unexpired(read)) };
  }

  /** A flow that has expired lets nothing through, whether or not anybody reads the policy again. */
  #atMidnight(): void {
    this.#gateway.replace(unexpired(this.#intent));
    this.#waitForMidnight();
  }

  #waitForMidnight(): void {
    const untilThen = DAY_MS - (Date.now() % DAY_MS); // days begin at midnight UTC, as dates in policies do
    this.#midnight = setTimeout(() => this.#atMidnight(), untilThen + 1);
  }

  async stop(deadlineMs: number): Promise<void> {
    clearTimeout(this.#midnight);
    this.#endWatch?.();
    await this.#gateway.stop(deadlineMs);
    this.#keep();
    for (const journal of this.#journals) journal.close();
  }

  /** Certificates are renewed; where the new one cannot be read or used, the old one stays, and that is said. */
  #certify(settings: GatewaySettings | undefined): void {
    const found = settings === undefined ? undefined : certificateOf(settings);
    if (found === undefined) return;
    if ('cert' in found) this.#gateway.certify(found);
    else this.#trouble(`the certificate was not read again, the old one stays: ${found.path}: ${found.why}`);
  }

  #trouble(sentence: string): void {
    this.#start.say(sentence);
    this.#troubles.note(sentence);
  }

  #decided(request: AccessRequest | undefined): AccessRequest | undefined {
    if (request !== undefined) this.#writeDown(() => this.#ledger.decided(request));
    return request;
  }

  #requestsChanged(): void {
    this.#writeDown(() => this.#ledger.look());
    this.#keeping ??= setTimeout(() => this.#keep(), KEEP_MS).unref();
  }

  #writeDown(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#trouble(`the ledger could not be written: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #keep(): void {
    clearTimeout(this.#keeping);
    this.#keeping = undefined;
    try {
      keepRequests(this.#start.requestsPath, this.#gateway.requests);
    } catch (error) {
      this.#trouble(`requests for access could not be kept: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function silenceSentence({ below, since }: Silence): string {
  const seconds = Math.round((performance.now() - since) / 1_000);
  return `no resolver${below === undefined ? '' : ` of \`${below}\``} has answered for ${seconds} s`;
}

/**
 * Whether two sections mean the same gateway to who is listening already. Where it stands in the file does not matter, and whom it asks for names
 * it can change while it runs.
 */
function isSamePlace(now: GatewaySettings | undefined, before: GatewaySettings): boolean {
  const text = (settings: GatewaySettings): string =>
    JSON.stringify({ ...settings, origin: undefined, upstreams: [], domains: [], hosts: [] }, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
  return now !== undefined && text(now) === text(before);
}

function unexpired(intent: Intent): Intent {
  const today = new Date().toISOString().slice(0, 10);
  return { ...intent, grants: intent.grants.filter(({ expires }) => expires === undefined || expires >= today) };
}

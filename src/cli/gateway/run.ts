import { rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import { type AddressSink, controlServer, originalDestination } from '../../gateway/index.ts';
import { localSyslog, SetWriter, SYSLOG_SOCKET } from '../../host/index.ts';
import type { GatewaySettings, Intent } from '../../ir/index.ts';
import type { Endpoint } from '../../net/index.ts';
import { nameSet, TABLE_NAME } from '../../target/index.ts';
import { accountsOf } from '../accounts.ts';
import { type Console, EXIT, type ExitCode } from '../console.ts';
import { withContainers } from '../containers.ts';
import { readSource } from '../files.ts';
import { policySource, readPolicy, soundPolicy } from '../policy-input.ts';
import { stop } from '../report.ts';
import { accountFolder, asAccount, becomeAccount, isRoot } from './account.ts';
import { certificateOf } from './certificate.ts';
import { CONTROL_SOCKET } from './client.ts';
import { endpointText } from './explained.ts';
import { GATEWAY_PROBLEMS } from './problems.ts';
import { RunningGateway, type Start } from './running.ts';

export interface RunOptions {
  readonly account?: readonly string[];
  readonly observe?: boolean;
  readonly unenforced?: boolean;
  readonly log?: string;
  readonly syslog?: string | true; // the socket; `true`: the machine's usual one
  readonly state?: string;
  readonly socket?: string;
}

export const LOG_FILE = '/var/log/portcullis-gateway/decisions.jsonl';
export const STATE_FOLDER = '/var/lib/portcullis-gateway';
const REQUESTS_FILE = 'requests.json';
const LEDGER_FILE = 'ledger.jsonl';

/** What is missing of what a gateway relies on in this machine's kernel, as sentences; none where all of it is enforced. */
export type Missing = (intent: Intent) => Promise<readonly string[]>;

const DRAIN_MS = 10_000; // that open connections have to end in when the gateway is stopped

/** Runs the gateway of a policy until it is told to end. @throws Stop where it cannot or must not start */
export async function runGateway(
  console: Console,
  path: string | undefined,
  options: RunOptions,
  missing: Missing,
): Promise<ExitCode> {
  const source = await policySource(console, path);
  const accounts = accountsOf(console, options.account);
  const intent = soundPolicy(withContainers(console, undefined), source, accounts);
  const settings = gatewayOf(intent, source.name);
  if (options.unenforced !== true) await requireEnforced(intent, settings, missing);

  const stateFolder = prepared(options.state, STATE_FOLDER, settings, false);
  const start = {
    intent,
    settings,
    accounts,
    observe: options.observe === true,
    originalDestination: destinationsOf(settings),
    certificate: usableCertificate(settings),
    logPath: prepared(options.log, LOG_FILE, settings),
    syslog: syslogOf(options),
    requestsPath: join(stateFolder, REQUESTS_FILE),
    ledgerPath: join(stateFolder, LEDGER_FILE),
    say: (sentence: string) => console.stderr.write(`${sentence}\n`),
    asAccount: <T>(work: () => T) => asAccount(settings.account, work),
    readAgain: () => readAgain(console, source.name, accounts),
  };
  const socketPath = prepared(options.socket, CONTROL_SOCKET, settings);
  const writer = setWriter(intent, options);
  try {
    await runUntilTold(console, { ...start, sink: writer }, socketPath, options);
  } finally {
    await writer?.close();
  }
  return EXIT.holds;
}

async function runUntilTold(console: Console, start: Start, socketPath: string, options: RunOptions): Promise<void> {
  const running = await started(start);
  const control = controlServer(running);
  try {
    await listenForOperators(control, socketPath);
    if (isRoot()) becomeAccount(start.settings.account);
    console.stdout.write(greeting(start.settings, options));
    await untilTold(console, running);
  } finally {
    control.close();
    await running.stop(DRAIN_MS);
  }
}

/** @throws Stop where datagrams to local sockets cannot be sent */
function syslogOf({ syslog }: RunOptions): Start['syslog'] {
  if (syslog === undefined) return undefined;
  const send = localSyslog(syslog === true ? SYSLOG_SOCKET : syslog);
  if (typeof send === 'function') return send;
  throw stop(EXIT.machine, GATEWAY_PROBLEMS.noSyslog, send.sentence);
}

/** Read before root is given up: only root may be able to read the key. @throws Stop where it cannot be used */
function usableCertificate(settings: GatewaySettings): Start['certificate'] {
  const found = certificateOf(settings);
  if (found === undefined || 'cert' in found) return found;
  throw stop(EXIT.machine, GATEWAY_PROBLEMS.badCertificate, found.path, found.why);
}

/** The section `gateway` of a policy. @throws Stop where there is none, or the account does not exist */
export function gatewayOf(intent: Intent, policy: string): GatewaySettings {
  const { gateway } = intent;
  if (gateway === undefined) throw stop(EXIT.unusable, GATEWAY_PROBLEMS.noSection, policy);
  if (intent.unknownAccounts.has(gateway.account))
    throw stop(EXIT.machine, GATEWAY_PROBLEMS.noAccount, gateway.accountName);
  return gateway;
}

async function requireEnforced(intent: Intent, { accountName }: GatewaySettings, missing: Missing): Promise<void> {
  if (!isRoot()) throw stop(EXIT.machine, GATEWAY_PROBLEMS.notRoot, accountName);
  const [first, ...others] = await missing(intent);
  if (first === undefined) return;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  throw stop(EXIT.refused, GATEWAY_PROBLEMS.unenforced, `${first}${more}`);
}

function destinationsOf({ listeners }: GatewaySettings): Start['originalDestination'] {
  const found = originalDestination();
  if (typeof found === 'function') return found;
  if (listeners.transparent.length > 0)
    throw stop(EXIT.machine, GATEWAY_PROBLEMS.noOriginalDestination, found.sentence);
  return () => undefined;
}

/** Who puts addresses into the kernel's sets, for names that are enforced by addresses; nobody where there are none. */
function setWriter(
  intent: Intent,
  options: RunOptions,
): (AddressSink & { readonly close: () => Promise<void> }) | undefined {
  const groups = intent.groups.filter(({ enforcement }) => enforcement === 'resolved');
  if (groups.length === 0 || options.unenforced === true) return undefined;
  return new SetWriter(
    `inet ${TABLE_NAME}`,
    groups.map(({ key }) => ({ group: key, names: { 4: nameSet(key, 4), 6: nameSet(key, 6) } })),
  );
}

/** The path that was named, or ours; its folder (or itself) made for the gateway's account. @throws Stop where it cannot be */
function prepared(named: string | undefined, ours: string, { account }: GatewaySettings, isFile = true): string {
  const path = named ?? ours;
  try {
    accountFolder(isFile ? dirname(path) : path, account, named === undefined);
    return path;
  } catch (error) {
    throw stop(EXIT.machine, GATEWAY_PROBLEMS.cannotKeep, path, messageOf(error));
  }
}

async function started(start: Start): Promise<RunningGateway> {
  try {
    return await RunningGateway.open(start);
  } catch (error) {
    const path = typeof error === 'object' && error !== null && 'path' in error ? String(error.path) : undefined;
    throw path === undefined
      ? stop(EXIT.machine, GATEWAY_PROBLEMS.cannotListen, messageOf(error))
      : stop(EXIT.machine, GATEWAY_PROBLEMS.cannotKeep, path, messageOf(error));
  }
}

/** Only who owns the socket may connect to it: root, or who started the gateway. One that is left of a dead gateway is taken over. */
async function listenForOperators(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true });
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  } catch (error) {
    throw stop(EXIT.machine, GATEWAY_PROBLEMS.cannotListen, messageOf(error));
  } finally {
    process.umask(mask);
  }
}

/** SIGHUP reads the policy again; SIGTERM and SIGINT end the gateway. */
function untilTold(console: Console, running: RunningGateway): Promise<void> {
  return new Promise((resolve) => {
    const reload = (): void => {
      void running.reload().then((reloaded) => {
        console.stderr.write(
          reloaded.ok
            ? `the policy was read again; ${reloaded.cut} connections were cut\n`
            : `the old policy stays in force: ${reloaded.problems.join('; ')}\n`,
        );
      });
    };
    const end = (): void => {
      process.off('SIGHUP', reload).off('SIGTERM', end).off('SIGINT', end);
      resolve();
    };
    process.on('SIGHUP', reload).on('SIGTERM', end).on('SIGINT', end);
  });
}

/** The policy as it is now, or what is wrong with it. The day may be another than at the start. */
async function readAgain(
  console: Console,
  path: string,
  accounts: ReadonlyMap<string, number>,
): Promise<Intent | readonly string[]> {
  try {
    const today = new Date().toISOString().slice(0, 10);
    const source = await readSource(console, path);
    const { intent, diagnostics } = readPolicy({ ...withContainers(console, undefined), today }, source, accounts);
    return intent ?? diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
  } catch (error) {
    return [messageOf(error)];
  }
}

function greeting({ listeners, accountName }: GatewaySettings, { observe, unenforced }: RunOptions): string {
  const lines = Object.entries(listeners).flatMap(([name, endpoints]: readonly [string, readonly Endpoint[]]) =>
    endpoints.length === 0 ? [] : `  ${name.padEnd(12)} ${endpoints.map(endpointText).join(', ')}\n`,
  );
  return [
    `the gateway runs as \`${accountName}\` and listens:\n`,
    ...lines,
    ...(observe === true
      ? ['it only observes: what the policy denies is let through, and recorded as `would-deny`\n']
      : []),
    ...(unenforced === true ? ['nothing makes agents use it: the kernel was not asked (`--unenforced`)\n'] : []),
  ].join('');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram, run } from '../../../src/host/index.ts';
import type { ConntrackState, Hook } from '../../../src/ir/index.ts';
import type { Family } from '../../../src/net/index.ts';
import { type Packet, VOLLEY_LIMIT } from '../packet.ts';
import type { Sighting, Trial, TrialResult } from './protocol.ts';
import {
  FLUSH_RECORDER,
  LIST_RECORDER,
  RECORDER,
  type Record,
  readRecords,
  withoutRecorder,
  withoutRecorderJson,
} from './recorder.ts';
import { Outside, Sockets } from './sockets.ts';
import { CONNTRACK_SETTINGS, machineLines, outsideLines, SETTINGS } from './topology.ts';
import { sendHistory, sendVolley } from './volley.ts';
import { Xtables } from './xtables.ts';

const ATTEMPTS = 5; // to get every packet of a volley as far as the first hook
const PATIENCE = { timeoutMs: 120_000 }; // a machine that is busy with other tests, for hours, is not broken
const SETTLE_MS = 2; // for the softirqs of the last packets, where they did not run at once

/** The network in which rulesets are judged: this process's own namespace, which must be a private one, and one outside. */
export class World {
  readonly #outside: Outside;
  readonly #sockets: Sockets;
  readonly #xtables = new Xtables();
  #cleaning = ''; // takes away what the last trial has loaded

  private constructor() {
    this.#outside = new Outside();
    for (const [name, value] of SETTINGS) setting(name, value);
    for (const family of [4, 6] as const) batch(family, machineLines(family, OUTSIDE_PATH), this.#outside.file);
    this.#outside.within(() => batch(4, outsideLines()));
    this.#sockets = new Sockets(this.#outside);
  }

  /** A world with its recorder in force. */
  static async open(): Promise<World> {
    const world = new World();
    await nft(RECORDER);
    for (const [name, value] of CONNTRACK_SETTINGS) setting(name, value);
    return world;
  }

  async trial({ ruleset, restore, packets }: Trial): Promise<TrialResult> {
    if (packets.length > VOLLEY_LIMIT) throw new RangeError(`a volley has at most ${VOLLEY_LIMIT} packets`);
    await this.#xtables.clear();
    await nft(this.#cleaning + FLUSH_RECORDER);
    this.#cleaning = '';
    const checked = await run('nft', ['-c', '-f', '-'], { input: ruleset, ...PATIENCE });
    if (checked.exitCode !== 0) return { kind: 'refused', said: checked.stderr.trim() };
    this.#sockets.forgetConnections();
    const free = await this.#volley(packets, (records) => records.length > 0);
    this.#sockets.forgetConnections();
    sendHistory(this.#sockets, packets);
    this.#cleaning = deletions(ruleset);
    const loaded = await run('nft', ['-f', '-'], { input: `${ruleset}\n${FLUSH_RECORDER}`, ...PATIENCE });
    if (loaded.exitCode !== 0) return { kind: 'refused', said: loaded.stderr.trim() };
    const refused = restore === undefined ? undefined : await this.#xtables.load(restore);
    if (refused !== undefined) return { kind: 'refused', said: refused };
    const saved = restore === undefined ? {} : { saved: await this.#xtables.saved(restore) };
    const [text, json] =
      restore === undefined ? [await listing(['list', 'ruleset']), await listing(['-j', 'list', 'ruleset'])] : [];
    const bound = await this.#volley(packets, (records) =>
      free.every(({ arrived }, at) => !arrived || records[at]?.arrived),
    );
    return {
      kind: 'sent',
      ...saved,
      listing: {
        text: text === undefined ? undefined : withoutRecorder(text),
        json: json === undefined ? undefined : withoutRecorderJson(json),
      },
      sightings: packets.map((packet, at) => sighting(packet, free[at]!, bound[at]!)),
    };
  }

  /** Sends a volley, again where the machine was too busy to take it all in. */
  async #volley(
    packets: readonly Packet[],
    complete: (records: readonly Record[]) => boolean,
  ): Promise<readonly Record[]> {
    for (let attempt = 1; ; attempt++) {
      sendVolley(this.#sockets, packets);
      let records = readRecords(await recorded(), packets.length);
      if (complete(records)) return records;
      await sleep(SETTLE_MS);
      records = readRecords(await recorded(), packets.length);
      if (complete(records) || attempt === ATTEMPTS) return records;
      await nft(FLUSH_RECORDER);
    }
  }
}

/** What takes a ruleset's tables away again, whether they are there or not. */
function deletions(ruleset: string): string {
  const tables = [...ruleset.matchAll(/^[ \t]*(?:add )?table (?:(ip6?|inet|netdev|arp|bridge) )?([\w.-]+)/gm)];
  return tables.map(([, family = 'ip', name]) => `table ${family} ${name}\ndelete table ${family} ${name}\n`).join('');
}

function sighting(packet: Packet, free: Record, bound: Record): Sighting {
  if (!free.arrived || !bound.arrived) return { kind: 'unusable', why: 'never arrives' };
  if (hookOf(packet, free) === 'input' ? !free.delivered : !free.gone)
    return { kind: 'unusable', why: 'passes no kernel' };
  const hook = bound.received || bound.forwardedBy !== undefined ? hookOf(packet, bound) : hookOf(packet, free);
  const stopped = stoppedByItself(packet, bound);
  if (stopped !== undefined) return { kind: 'unusable', why: stopped };
  return {
    kind: 'seen',
    passed: hook === 'input' ? bound.delivered : bound.gone,
    hook,
    outInterface: hook === 'input' ? undefined : (bound.leftBy ?? bound.forwardedBy ?? free.leftBy),
    rerouted: hook === 'output' && bound.leftBy !== undefined && bound.leftBy !== free.leftBy,
    sourcePort: bound.sourcePort,
    identified: bound.identified,
    state: stateBefore(packet, free, bound),
    connection: bound.connection,
    srcType: free.srcType,
    dstType: free.dstType,
  };
}

function hookOf(packet: Packet, { received }: Record): Hook {
  return 'account' in packet.entry ? 'output' : received ? 'input' : 'forward';
}

/** Between two hooks there are no rules: what ends there the kernel itself has ended, after a translation to where there is no way. */
function stoppedByItself(packet: Packet, bound: Record): Extract<Sighting, { kind: 'unusable' }>['why'] | undefined {
  const local = 'account' in packet.entry;
  const lost = !local && bound.routable && !bound.received && bound.forwardedBy === undefined;
  const isStopped = lost || (bound.onward && bound.leftBy === undefined) || (bound.left && !bound.out);
  return isStopped ? 'is stopped by the kernel itself' : undefined;
}

/** The state before any rule: where one said `notrack`, it is what the packet would have had, as far as a packet without a rule tells. */
function stateBefore({ tracked }: Packet, free: Record, bound: Record): ConntrackState {
  if (!tracked) return 'untracked';
  if (bound.state === undefined) return free.state === 'untracked' ? 'untracked' : 'invalid'; // dropped before: nobody can have asked
  return bound.state === 'untracked' ? (free.state ?? 'new') : bound.state;
}

function setting(name: string, value: string): void {
  const path = `/proc/sys/net/${name}`;
  if (existsSync(path)) writeFileSync(path, value);
}

/** Where `ip` finds the file that it is handed beside its standard streams. */
const OUTSIDE_PATH = '/proc/self/fd/3';

function batch(family: Family, lines: readonly string[], outside: number | 'ignore' = 'ignore'): void {
  const done = spawnSync(findProgram('ip') ?? 'ip', [`-${family}`, '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe', outside],
  });
  if (done.status !== 0) throw new Error(`ip -batch: ${done.stderr.trim()}`);
}

async function nft(input: string): Promise<void> {
  const done = await run('nft', ['-f', '-'], { input, ...PATIENCE });
  if (done.exitCode !== 0) throw new Error(`nft -f: ${done.stderr.trim()}`);
}

async function recorded(): Promise<readonly string[]> {
  return Promise.all(
    LIST_RECORDER.map(async (args) => {
      const text = await listing(args);
      if (text === undefined) throw new Error(`nft ${args.join(' ')} failed`);
      return text;
    }),
  );
}

async function listing(args: readonly string[]): Promise<string | undefined> {
  const done = await run('nft', args, PATIENCE);
  return done.exitCode === 0 ? done.stdout : undefined;
}

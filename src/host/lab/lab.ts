import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { diagnose, excerpt } from '../../diagnostic/index.ts';
import { hostCapabilities, type Isolation, isolationArguments } from '../capabilities.ts';
import { MachineError } from '../machine-error.ts';
import { HOST_PROBLEMS } from '../problems.ts';
import { findProgram } from '../process.ts';
import { readJsonLines } from './json-lines.ts';
import {
  ECHO_PORT,
  HOST,
  type Outcome,
  type ReplyLine,
  type RequestKind,
  type Requests,
  type Shot,
} from './protocol.ts';
import {
  answerOnEveryPort,
  hostSetup,
  type IpBatch,
  type Link,
  outerSetup,
  ownAddresses,
  routing,
  unrouting,
} from './topology.ts';

export interface LabOptions {
  /** At least one; the first is the default way out. */
  readonly links: readonly [Link, ...Link[]];
  /** Uids that local senders have. As an ordinary user one at most: the kernel maps one account into the world. */
  readonly accounts: readonly number[];
  /** What the DNS servers of the outer world know: name -> addresses of both families. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
}

/** Where a packet is sent from. */
export type Sender =
  | { readonly at: 'host'; readonly account: number }
  | { readonly at: 'outer'; readonly link: string };

/** Packets of one sender. */
export interface Volley {
  readonly sender: Sender;
  readonly shots: readonly Shot[];
}

export interface Counter {
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

/**
 * A private world with a protected host in it: its own network and processes, held by the kernel only as long as this
 * object's process lives. Nothing outside is touched; nothing is left behind, however it ends.
 */
export class Lab {
  readonly isolation: Isolation;
  readonly links: readonly [Link, ...Link[]];
  /** What could not be set up, in sentences; empty on an ordinary machine. */
  readonly limits: readonly string[];
  readonly #world: World;
  #way: { readonly out: Link; readonly from: Link | undefined } | undefined;
  readonly #ownAddresses = new Map<string, Set<string>>(); // by link

  private constructor(
    isolation: Isolation,
    links: readonly [Link, ...Link[]],
    limits: readonly string[],
    world: World,
  ) {
    this.isolation = isolation;
    this.links = links;
    this.limits = limits;
    this.#world = world;
  }

  /** How many accounts one world can play. */
  static accountsPerWorld(isolation: Isolation): number {
    return isolation === 'root' ? Number.POSITIVE_INFINITY : 1;
  }

  /** @throws MachineError where the machine cannot make such a world. */
  static async open(options: LabOptions, known?: Isolation): Promise<Lab> {
    const isolation = known ?? (await requireIsolation());
    const world = new World(isolation, options.accounts[0] ?? 0);
    try {
      const limits = await setUp(world, options, isolation);
      return new Lab(isolation, options.links, limits, world);
    } catch (error) {
      await world.end();
      throw error;
    }
  }

  /** Puts a ruleset in force on the protected host, whole or not at all. @throws MachineError in nft's own words. */
  async load(ruleset: string): Promise<void> {
    const done = await this.#world.ask(HOST, 'run', { program: 'nft', args: ['-f', '-'], input: ruleset });
    if (done.exitCode !== 0) {
      throw new MachineError(
        diagnose(HOST_PROBLEMS.loadRefused, undefined, excerpt(done.stderr.trim().split('\n')[0] ?? '', 400)),
      );
    }
  }

  /** Takes every rule of the protected host away. */
  async unload(): Promise<void> {
    await this.load('flush ruleset\n');
  }

  /** The ruleset in force, as `nft list ruleset` prints it. */
  async listing(): Promise<string> {
    return (await this.#checked(HOST, 'nft', ['list', 'ruleset'])).stdout;
  }

  /** The names of every set of the protected host. */
  async sets(): Promise<ReadonlySet<string>> {
    const { stdout } = await this.#checked(HOST, 'nft', ['-j', '-t', 'list', 'sets']);
    return new Set(
      readObjects(JSON.parse(stdout), 'set').flatMap(({ name }) => (typeof name === 'string' ? [name] : [])),
    );
  }

  /** Every named counter of the protected host. */
  async counters(): Promise<readonly Counter[]> {
    const { stdout } = await this.#checked(HOST, 'nft', ['-j', 'list', 'counters']);
    return readCounters(JSON.parse(stdout));
  }

  /** Sends packets from one place; the host's own way out, and that of what it forwards, is `out`. Outcomes in order. */
  async send(sender: Sender, out: string, shots: readonly Shot[]): Promise<readonly Outcome[]> {
    const [outcomes = []] = await this.sendTogether(out, [{ sender, shots }]);
    return outcomes;
  }

  /** As `send`, from several places at once; at most one of them sends packets that the host forwards. */
  async sendTogether(out: string, volleys: readonly Volley[]): Promise<(readonly Outcome[])[]> {
    const [through, another] = new Set(volleys.flatMap(({ sender }) => forwardedFrom(sender, out) ?? []));
    if (another !== undefined) throw new RangeError(`the host forwards from ${through} or from ${another}, not both`);
    await this.#route(out, through);
    return Promise.all(
      volleys.map(async ({ sender, shots }) => {
        if (sender.at === 'outer') await this.#own(sender.link, shots);
        return (await this.#world.ask(senderName(sender), 'send', { shots })).outcomes;
      }),
    );
  }

  /** Makes the protected host answer on these ports. @returns those that it could not. */
  async listen(tcp: readonly number[], udp: readonly number[]): Promise<readonly string[]> {
    return (await this.#world.ask(HOST, 'listen', { tcp, udp })).failed;
  }

  /** A local sender asks a DNS server for a name's addresses; none where no answer came. */
  async resolve(account: number, server: string, name: string, family: 4 | 6): Promise<readonly string[]> {
    const ask = { server, name, family, timeoutMs: 1_000 };
    return (await this.#world.ask(senderName({ at: 'host', account }), 'resolve', ask)).addresses;
  }

  /** Opens a TCP connection and keeps it as `key`, for `exchange`. */
  async openConnection(sender: Sender, key: string, shot: Shot): Promise<Outcome> {
    if (sender.at === 'outer') await this.#own(sender.link, [shot]);
    return this.#world.ask(senderName(sender), 'open', { key, shot });
  }

  /** Says something over a kept connection and waits for the echo. */
  async exchange(sender: Sender, key: string, timeoutMs: number): Promise<Outcome> {
    return this.#world.ask(senderName(sender), 'exchange', { key, timeoutMs });
  }

  /** Runs a tool on the protected host, in its namespace. */
  async onHost(program: string, args: readonly string[], input?: string): Promise<string> {
    return (await this.#checked(HOST, program, args, input)).stdout;
  }

  /** Runs a tool at the outer end of a wire, in its namespace. */
  async onOuter(link: string, program: string, args: readonly string[]): Promise<string> {
    return (await this.#checked(this.#link(link).name, program, args)).stdout;
  }

  /** Ends the world and everything in it; returns when it is gone. */
  async close(): Promise<void> {
    await this.#world.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #route(outName: string, fromName: string | undefined): Promise<void> {
    const out = this.#link(outName);
    const from = fromName === undefined ? undefined : this.#link(fromName);
    if (this.#way?.out === out && this.#way.from === from) return;
    if (this.#way !== undefined) await ip(this.#world, HOST, unrouting(this.#way.out, this.#way.from));
    await ip(this.#world, HOST, routing(out, from));
    this.#way = { out, from };
  }

  async #own(link: string, shots: readonly Shot[]): Promise<void> {
    const known = this.#ownAddresses.get(link) ?? new Set([this.#link(link).outer[6]]);
    this.#ownAddresses.set(link, known);
    const fresh = new Set(shots.flatMap(({ src }) => (src?.includes(':') && !known.has(src) ? [src] : [])));
    if (fresh.size === 0) return;
    await ip(this.#world, link, [ownAddresses(fresh)]);
    for (const address of fresh) known.add(address);
  }

  #link(name: string): Link {
    const link = this.links.find((candidate) => candidate.name === name);
    if (link === undefined) throw new RangeError(`the lab has no interface ${name}`);
    return link;
  }

  async #checked(to: string, program: string, args: readonly string[], input?: string): Promise<{ stdout: string }> {
    return checked(this.#world, to, program, args, input);
  }
}

/** The interface by which the host receives what it is to forward; `undefined` where it is the end of the way itself. */
export function forwardedFrom(sender: Sender, out: string): string | undefined {
  return sender.at === 'outer' && sender.link !== out ? sender.link : undefined;
}

function senderName(sender: Sender): string {
  return sender.at === 'host' ? accountName(sender.account) : sender.link;
}

function accountName(account: number): string {
  return `account:${account}`;
}

async function requireIsolation(): Promise<Isolation> {
  const { isolation, isolationProblem, nft } = await hostCapabilities();
  if (isolation === undefined) {
    const { reason, help } = isolationProblem ?? { reason: 'no way was found', help: 'run it as root' };
    throw new MachineError(diagnose(HOST_PROBLEMS.noIsolation, undefined, reason, help));
  }
  if (!nft.available) throw new MachineError(diagnose(HOST_PROBLEMS.missingProgram, undefined, 'nft', nft.help));
  return isolation;
}

async function setUp(world: World, options: LabOptions, isolation: Isolation): Promise<string[]> {
  const limits: string[] = [];
  const starts = options.links.map(async (link) => {
    const { pid } = await world.ask(HOST, 'start', { name: link.name, ownNetwork: true });
    // The answer comes before `unshare` has made the namespace; the endpoint's first answer comes after.
    await world.ask(link.name, 'names', { records: options.names ?? {} });
    await ip(world, HOST, hostSetup(link, pid));
    await ip(world, link.name, outerSetup(link));
    await checked(world, link.name, 'nft', ['-f', '-'], answerOnEveryPort(ECHO_PORT));
    await world.ask(link.name, 'listen', { tcp: [ECHO_PORT], udp: [ECHO_PORT] });
  });
  const accounts = options.accounts.map((account) =>
    world.ask(HOST, 'start', {
      name: accountName(account),
      ownNetwork: false,
      ...(isolation === 'root' && account !== 0 ? { account } : {}),
    }),
  );
  const forwarding = await world.ask(HOST, 'sysctl', {
    settings: { 'net/ipv4/ip_forward': '1', 'net/ipv6/conf/all/forwarding': '1' },
  });
  if (forwarding.refused.length > 0)
    limits.push('this machine does not let the lab forward packets (/proc/sys is read-only)');
  await Promise.all([...starts, ...accounts]);
  return limits;
}

async function ip(world: World, to: string, batches: readonly IpBatch[]): Promise<void> {
  for (const { family, lines } of batches) {
    await checked(world, to, 'ip', [`-${family}`, '-batch', '-'], `${lines.join('\n')}\n`);
  }
}

async function checked(
  world: World,
  to: string,
  program: string,
  args: readonly string[],
  input?: string,
): Promise<{ stdout: string }> {
  const done = await world.ask(to, 'run', { program, args, ...(input === undefined ? {} : { input }) });
  if (done.exitCode !== 0) {
    const command = [program, ...args].join(' ');
    const said = excerpt(done.stderr.trim() || done.stdout.trim(), 400);
    throw new MachineError(diagnose(HOST_PROBLEMS.commandFailed, undefined, command, done.exitCode, said));
  }
  return done;
}

function readCounters(document: unknown): Counter[] {
  return readObjects(document, 'counter').flatMap(({ name, packets, bytes }) =>
    typeof name === 'string' && typeof packets === 'number' && typeof bytes === 'number'
      ? [{ name, packets, bytes }]
      : [],
  );
}

type Unknowns = Readonly<Record<string, unknown>>;

/** The objects of one kind in a document of `nft -j` (libnftables-json(5)). */
function readObjects(document: unknown, kind: string): Unknowns[] {
  if (!isRecord(document) || !Array.isArray(document.nftables)) return [];
  return document.nftables.flatMap((entry: unknown) => {
    const object = isRecord(entry) ? entry[kind] : undefined;
    return isRecord(object) ? [object] : [];
  });
}

function isRecord(value: unknown): value is Unknowns {
  return typeof value === 'object' && value !== null;
}

/** The processes of the private world, seen from outside. */
class World {
  readonly #keeper: ChildProcess;
  readonly #pending = new Map<
    number,
    { to: string; resolve: (answer: unknown) => void; reject: (error: Error) => void }
  >();
  readonly #gone: Promise<void>;
  #ending = false;
  #said = '';
  #nextId = 1;

  constructor(isolation: Isolation, account: number) {
    const program = fileURLToPath(import.meta.url).replace(/lab(\.[jt]s)$/, 'keeper-main$1');
    // A session of its own: a Ctrl-C at the terminal ends the program, and with its input's end the keeper goes too.
    this.#keeper = spawn(
      findProgram('unshare') ?? 'unshare',
      [...isolationArguments(isolation, account), process.execPath, program],
      { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
    );
    const { stdin, stdout, stderr } = this.#keeper;
    if (stdin === null || stdout === null || stderr === null) throw new Error('a piped process has pipes');
    stdin.on('error', () => {
      // The keeper is gone; `close` below tells everybody who waits.
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-2_000);
    });
    readJsonLines(stdout, (line) => this.#reply(line as ReplyLine)); // written by `sendLine` of this very program
    this.#gone = new Promise((resolve) => {
      this.#keeper.on('error', (error) => this.#fail('the first process', error.message));
      this.#keeper.on('close', () => {
        if (!this.#ending) this.#fail('the first process', this.#said.trim());
        resolve();
      });
    });
  }

  async ask<Kind extends RequestKind>(
    to: string,
    kind: Kind,
    ask: Requests[Kind]['ask'],
  ): Promise<Requests[Kind]['answer']> {
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { to, resolve, reject }));
    this.#keeper.stdin?.write(`${JSON.stringify({ id, to, kind, ask })}\n`);
    return (await answer) as Requests[Kind]['answer']; // what `serve` answers to this kind, in this very program
  }

  async end(): Promise<void> {
    this.#ending = true;
    this.#keeper.stdin?.end();
    const timer = setTimeout(() => this.#keeper.kill('SIGKILL'), 2_000); // --kill-child: its world goes with it
    await this.#gone;
    clearTimeout(timer);
  }

  #reply(line: ReplyLine): void {
    if ('ended' in line) {
      if (!this.#ending) this.#fail(`\`${line.ended}\``, line.said, line.ended);
      return;
    }
    const waiting = this.#pending.get(line.id);
    this.#pending.delete(line.id);
    if ('problem' in line)
      waiting?.reject(new MachineError(diagnose(HOST_PROBLEMS.labEnded, undefined, 'a part', line.problem)));
    else waiting?.resolve(line.answer);
  }

  #fail(what: string, said: string, only?: string): void {
    for (const [id, waiting] of this.#pending) {
      if (only !== undefined && waiting.to !== only) continue;
      this.#pending.delete(id);
      waiting.reject(new MachineError(diagnose(HOST_PROBLEMS.labEnded, undefined, what, excerpt(said, 400))));
    }
  }
}

import { diagnose, excerpt } from '../../diagnostic/index.ts';
import { hostCapabilities, type Isolation, requireIsolation } from '../capabilities.ts';
import { MachineError } from '../machine-error.ts';
import { HOST_PROBLEMS } from '../problems.ts';
import { type Counter, readCounters, readSetNames } from './nft-listing.ts';
import { type Finished, HOST, type Outcome, type Shot } from './protocol.ts';
import { accountName, checked, ip, setUp } from './set-up.ts';
import { type Link, ownAddresses, routing, unrouting } from './topology.ts';
import { World } from './world.ts';

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
    const isolation = known ?? requireIsolation(await hostCapabilities());
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
    return new Set(readSetNames(JSON.parse(stdout)));
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
  async listen(
    tcp: readonly number[],
    udp: readonly number[],
    udpAt: readonly { readonly address: string; readonly port: number }[] = [],
  ): Promise<readonly string[]> {
    return (await this.#world.ask(HOST, 'listen', { tcp, udp, udpAt })).failed;
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

  /** As `onHost`, whatever its exit code. */
  async runOnHost(program: string, args: readonly string[], input?: string): Promise<Finished> {
    return this.#world.ask(HOST, 'run', { program, args, ...(input === undefined ? {} : { input }) });
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

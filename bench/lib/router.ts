import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { runChecked } from '../../src/host/index.ts';

export type Family = 4 | 6;

/** What the sender's network and the router's addresses are; all else is beyond the router. */
export const LAN = { 4: '10.9.0.0/24', 6: 'fd09::/64' } as const;

/**
 * A router that makes the most of each packet: the two ends of a virtual cable are both its own, and its default route leads
 * out of the one and so into the other. A packet from the sender is forwarded, comes back, is forwarded again, until its
 * hop limit of 255 is used up. So the kernel itself makes the packets, and nearly all the time goes where it is
 * measured: into forwarding, with the rules that stand in its way.
 *
 *     sender s0 ──── a0 router l0 ──┐
 *                              l1 ──┘
 *
 * A flow that is never answered stays new for conntrack: each of its packets meets the rules for new connections.
 */
export class Router {
  readonly #sender: ChildProcess;
  readonly #replies: AsyncIterator<string>;

  readonly #timesForwarded: number;

  private constructor(sender: ChildProcess, timesForwarded: number) {
    this.#sender = sender;
    this.#timesForwarded = timesForwarded;
    this.#replies = createInterface({ input: sender.stdout! })[Symbol.asyncIterator]();
  }

  /**
   * Builds the network in the namespace of this process, which must be a private one; the sender is a host behind the
   * router, or a program on it; the latter's packets leave once.
   */
  static async start(sender: 'behind' | 'on'): Promise<Router> {
    await runChecked('mount', ['-t', 'tmpfs', 'tmpfs', '/run']); // for the names of namespaces
    for (const line of WIRING.trim().split('\n')) await runChecked('ip', line.trim().split(' '));
    for (const setting of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'])
      writeFileSync(`/proc/sys/net/${setting}`, '1');
    for (const device of ['all', 'a0', 'l0', 'l1']) writeFileSync(`/proc/sys/net/ipv4/conf/${device}/rp_filter`, '0');
    const peer = /link\/ether ([0-9a-f:]+)/.exec((await runChecked('ip', ['link', 'show', 'l1'])).stdout)?.[1];
    if (peer === undefined) throw new Error('the cable of the router has no address');
    for (const next of ['10.9.1.2', 'fd09:1::2']) {
      await runChecked('ip', ['neigh', 'add', next, 'lladdr', peer, 'dev', 'l0', 'nud', 'permanent']);
    }
    if (sender === 'on') {
      await runChecked('ip', ['link', 'set', 'l1', 'netns', 'sender']); // what leaves does not come back
      await runChecked('ip', ['-n', 'sender', 'link', 'set', 'l1', 'up']);
    }
    await runChecked('ip', ['route', 'add', 'default', 'via', '10.9.1.2', 'dev', 'l0']);
    await runChecked('ip', ['-6', 'route', 'add', 'default', 'via', 'fd09:1::2', 'dev', 'l0']);
    // One core for sender and forwarding: a packet is forwarded on the core that sent it.
    const command = ['-c', '0', process.execPath, resolve(import.meta.dirname, 'sender.ts')];
    const child =
      sender === 'behind'
        ? spawn('ip', ['netns', 'exec', 'sender', 'taskset', ...command], { stdio: ['pipe', 'pipe', 'inherit'] })
        : spawn('taskset', command, { stdio: ['pipe', 'pipe', 'inherit'] });
    return new Router(child, sender === 'behind' ? HOP_LIMIT - 1 : 1);
  }

  /** Replaces whatever rules are loaded; the empty text loads none. */
  async load(rules: string): Promise<void> {
    await runChecked('nft', ['-f', '-'], { input: `flush ruleset\n${rules}`, timeoutMs: 120_000 });
  }

  /**
   * Nanoseconds that one packet took, sent in turn to `destinations` for about `ms`, in the fastest of some twenty
   * batches: whatever else the machine does only ever adds time.
   * @throws Error where the rules did not let all of them through: the figure would mean nothing.
   */
  async cost(family: Family, destinations: readonly string[], ms: number): Promise<number> {
    let rounds = 1;
    await this.#send(family, destinations, rounds); // neighbours resolved, code warm
    let totalMs = 0;
    let fastest = Number.POSITIVE_INFINITY;
    while (totalMs < ms) {
      const elapsedMs = await this.#send(family, destinations, rounds);
      const sent = rounds * destinations.length;
      totalMs += elapsedMs;
      fastest = Math.min(fastest, elapsedMs / (sent * this.#timesForwarded));
      if (elapsedMs < BATCH_MS && 2 * sent <= MOST_IN_FLIGHT) rounds *= 2;
    }
    return fastest * 1e6;
  }

  /** Milliseconds until all that was sent has come through as often as it can. */
  async #send(family: Family, destinations: readonly string[], rounds: number): Promise<number> {
    const before = left();
    const expected = destinations.length * rounds * this.#timesForwarded;
    const start = performance.now();
    this.#sender.stdin!.write(`${JSON.stringify({ family, destinations, rounds })}\n`);
    const reply = await this.#replies.next();
    if (reply.done === true) throw new Error('the sender has ended');
    // Slow rules are not done yet: the kernel works off what it could not within the system call.
    for (let seen = 0, since = performance.now(); seen < expected; ) {
      const now = left() - before;
      if (now > seen) since = performance.now();
      else if (performance.now() - since > SILENCE_MS) {
        throw new Error(`${now} packets of ${expected} came through: the rules or a full queue dropped the others`);
      }
      seen = now;
    }
    return performance.now() - start;
  }

  /** Takes the network down again, so that another can be built. */
  async stop(): Promise<void> {
    this.#sender.stdin!.end();
    await runChecked('nft', ['flush', 'ruleset']);
    for (const device of ['a0', 'l0']) await runChecked('ip', ['link', 'delete', device]);
    await runChecked('ip', ['netns', 'delete', 'sender']);
  }
}

const WIRING = `
  netns add sender
  link add a0 type veth peer name s0 netns sender
  link add l0 type veth peer name l1
  link set lo up
  link set a0 up
  link set l0 up
  link set l1 up
  -n sender link set lo up
  -n sender link set s0 up
  addr add 10.9.0.1/24 dev a0
  addr add fd09::1/64 dev a0 nodad
  addr add 10.9.1.1/24 dev l0
  addr add fd09:1::1/64 dev l0 nodad
  -n sender addr add 10.9.0.2/24 dev s0
  -n sender addr add fd09::2/64 dev s0 nodad
  -n sender route add default via 10.9.0.1
  -n sender -6 route add default via fd09::1
`;

const HOP_LIMIT = 255; // as the sender sets it
const BATCH_MS = 20; // long beside what it takes to give the order and to see the end
const MOST_IN_FLIGHT = 512; // packets: the kernel's queue holds a thousand (net.core.netdev_max_backlog)
const SILENCE_MS = 500; // without a packet: no more will come

/** Packets that have gone into the cable: one for each time that one was sent or forwarded. */
function left(): number {
  const line = readFileSync('/proc/self/net/dev', 'utf8')
    .split('\n')
    .find((text) => text.trim().startsWith('l0:'));
  const packets = line?.trim().split(/\s+/)[10]; // transmitted, proc_pid_net(5)
  if (packets === undefined) throw new Error('the router has lost its cable');
  return Number(packets);
}

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

  private constructor(sender: ChildProcess) {
    this.#sender = sender;
    this.#replies = createInterface({ input: sender.stdout! })[Symbol.asyncIterator]();
  }

  /** Builds the network in the namespace of this process, which must be a private one. */
  static async start(where: 'behind the router' | 'on the router'): Promise<Router> {
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
    await runChecked('ip', ['route', 'add', 'default', 'via', '10.9.1.2', 'dev', 'l0']);
    await runChecked('ip', ['-6', 'route', 'add', 'default', 'via', 'fd09:1::2', 'dev', 'l0']);
    const sender = [process.execPath, resolve(import.meta.dirname, 'sender.ts')];
    // One core for sender and forwarding: a packet is forwarded on the core that sent it.
    const command = ['taskset', '-c', '0', ...sender];
    const inside = where === 'behind the router' ? ['ip', 'netns', 'exec', 'sender', ...command] : command;
    return new Router(spawn(inside[0]!, inside.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** Replaces whatever rules are loaded; the empty text loads none. */
  async load(rules: string): Promise<void> {
    await runChecked('nft', ['-f', '-'], { input: `flush ruleset\n${rules}`, timeoutMs: 120_000 });
  }

  /** Nanoseconds that one packet took, sent in turn to `destinations` for about `ms`; with the number of packets. */
  async cost(family: Family, destinations: readonly string[], ms: number): Promise<{ ns: number; packets: number }> {
    const before = forwarded();
    this.#sender.stdin!.write(`${JSON.stringify({ family, destinations, ms })}\n`);
    const reply = await this.#replies.next();
    if (reply.done === true) throw new Error('the sender has ended');
    const { elapsedMs } = JSON.parse(reply.value);
    const packets = forwarded() - before;
    return { ns: (elapsedMs * 1e6) / packets, packets };
  }

  stop(): void {
    this.#sender.stdin!.end();
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

/** Packets that have come in at the far end of the cable: one for each time that one was sent or forwarded. */
function forwarded(): number {
  const line = readFileSync('/proc/self/net/dev', 'utf8')
    .split('\n')
    .find((text) => text.trim().startsWith('l1:'));
  const packets = line?.trim().split(/\s+/)[2];
  if (packets === undefined) throw new Error('the router has lost its cable');
  return Number(packets);
}

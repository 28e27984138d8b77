import { diagnose, excerpt } from '../../diagnostic/index.ts';
import type { Isolation } from '../capabilities.ts';
import { MachineError } from '../machine-error.ts';
import { HOST_PROBLEMS } from '../problems.ts';
import type { LabOptions } from './lab.ts';
import { ECHO_PORT, HOST } from './protocol.ts';
import { answerOnEveryPort, hostSetup, type IpBatch, outerSetup } from './topology.ts';
import type { World } from './world.ts';

/**
 * A new namespace takes some settings over from the machine. Where /proc/sys is read-only they stay as they are: then the
 * packets that suffer say nothing, because they do not pass without the policy either.
 */
const PLAIN = {
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/default/rp_filter': '0',
  'net/ipv6/conf/all/disable_ipv6': '0',
  'net/ipv6/conf/default/disable_ipv6': '0',
};

/** An account's endpoint. */
export function accountName(account: number): string {
  return `account:${account}`;
}

/**
 * Builds the network and starts an endpoint for each outer namespace and each account.
 * @returns what could not be set up, in sentences
 */
export async function setUp(world: World, options: LabOptions, isolation: Isolation): Promise<string[]> {
  await world.ask(HOST, 'sysctl', { settings: PLAIN });
  const starts = options.links.map(async (link) => {
    const { pid } = await world.ask(HOST, 'start', { name: link.name, ownNetwork: true });
    // The answer comes before `unshare` has made the namespace; the endpoint's first answer comes after.
    await world.ask(link.name, 'names', { records: options.names ?? {} });
    await world.ask(link.name, 'sysctl', { settings: PLAIN });
    await ip(world, HOST, hostSetup(link, pid));
    await ip(world, link.name, outerSetup(link));
    await checked(world, link.name, 'nft', ['-f', '-'], answerOnEveryPort(ECHO_PORT));
    await world.ask(link.name, 'listen', { tcp: [ECHO_PORT], udp: [ECHO_PORT], udpAt: [] });
  });
  const accounts = options.accounts.map((account) =>
    world.ask(HOST, 'start', {
      name: accountName(account),
      ownNetwork: false,
      ...(isolation === 'root' && account !== 0 ? { account } : {}),
    }),
  );
  const settings = { 'net/ipv4/ip_forward': '1', 'net/ipv6/conf/all/forwarding': '1' };
  const [forwarding] = await Promise.all([world.ask(HOST, 'sysctl', { settings }), ...starts, ...accounts]);
  return forwarding.refused.length === 0
    ? []
    : ['this machine does not let the lab forward packets (/proc/sys is read-only)'];
}

/** @throws MachineError with what `ip` said. */
export async function ip(world: World, to: string, batches: readonly IpBatch[]): Promise<void> {
  for (const { family, lines } of batches) {
    await checked(world, to, 'ip', [`-${family}`, '-batch', '-'], `${lines.join('\n')}\n`);
  }
}

/** Runs a tool at an endpoint. @throws MachineError with its words where it fails. */
export async function checked(
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

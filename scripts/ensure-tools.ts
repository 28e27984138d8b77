/**
 * Runs before the demo and, with the argument `tests`, before the tests: sees that the system tools are there which load rules and
 * send packets. As root on a Debian-like system it installs what is missing; elsewhere it says what to install. It never fails: what needs none of
 * the tools works without them, and what needs them says so itself. `PORTCULLIS_NO_INSTALL=1` keeps it from installing.
 */
import { existsSync, readdirSync } from 'node:fs';
import { findProgram, MachineError, run } from '../src/host/index.ts';

interface Tool {
  readonly program: string;
  readonly package: string;
  readonly use: string;
}

const TOOLS: readonly Tool[] = [
  { program: 'nft', package: 'nftables', use: 'loads rules into the kernel' },
  { program: 'iptables-restore', package: 'iptables', use: 'loads rules of iptables' },
  { program: 'ipset', package: 'ipset', use: 'holds the sets that rules of iptables name' },
  { program: 'ip', package: 'iproute2', use: 'builds the private network' },
  { program: 'ping', package: 'iputils-ping', use: 'sends ICMP echo requests' },
  { program: 'unshare', package: 'util-linux', use: 'makes the private network' },
];
/** Other firewalls that ours has to live beside, what cuts connections, and clients that others wrote. */
const OF_THE_TESTS: readonly Tool[] = [
  { program: 'iptables-restore', package: 'iptables', use: 'loads rules of iptables' },
  { program: 'conntrack', package: 'conntrack', use: 'knows connections, and ends them' },
  { program: 'ufw', package: 'ufw', use: 'is a firewall that ours stands beside' },
  { program: 'curl', package: 'curl', use: 'is a client of the egress proxy' },
  { program: 'openssl', package: 'openssl', use: 'makes certificates, and is a client of the egress proxy' },
  { program: 'dig', package: 'bind9-dnsutils', use: 'is a client of the gateway’s resolver' },
  { program: 'nc', package: 'netcat-openbsd', use: 'says to a server whatever it is told to' },
  {
    program: 'chromium-headless-shell',
    package: 'chromium-headless-shell',
    use: 'is a browser behind the egress gateway',
  },
  { program: 'dockerd', package: 'docker.io', use: 'loads rules of its own, beside ours, and runs containers' },
  { program: 'docker-compose', package: 'docker-compose', use: 'starts and ends services of containers' },
  { program: 'busybox', package: 'busybox-static', use: 'is all that is in those containers' },
];
const UPDATE_TIMEOUT_MS = 60_000;
const INSTALL_TIMEOUT_MS = 300_000; // Docker and the browser are 65 MB each
const OPTIONS = ['-qq', '-o', 'DPkg::Lock::Timeout=30', '-o', 'Acquire::http::Timeout=15', '-o', 'Acquire::Retries=1'];

const wanted = process.argv.includes('tests') ? [...TOOLS, ...OF_THE_TESTS] : TOOLS;
const missing = wanted.filter(({ program }) => findProgram(program) === undefined);
if (missing.length > 0) await provide();

async function provide(): Promise<void> {
  const packages = missing.map((tool) => tool.package);
  const obstacle = whyNotInstall();
  const problem = obstacle ?? (await install(packages));
  const still = missing.filter(({ program }) => findProgram(program) === undefined);
  if (still.length === 0) return;
  const lines = [
    `Missing on this machine: ${still.map(({ program, use }) => `${program} (${use})`).join(', ')}.`,
    ...(problem === undefined ? [] : [`They were not installed: ${problem}.`]),
    `Install them with:  apt-get install ${still.map((tool) => tool.package).join(' ')}   (as root; the packages are called so nearly everywhere)`,
    'Going on: whatever needs none of them works.',
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

function whyNotInstall(): string | undefined {
  if (process.env.PORTCULLIS_NO_INSTALL === '1') return 'PORTCULLIS_NO_INSTALL=1 is set';
  if (process.getuid?.() !== 0) return 'that takes root';
  if (findProgram('apt-get') === undefined) return 'there is no apt-get here';
  return undefined;
}

/** @returns why it did not work; `undefined` where it did. */
async function install(packages: readonly string[]): Promise<string | undefined> {
  process.stderr.write(`Installing ${packages.join(', ')} with apt-get ...\n`);
  const attempt = () => aptGet(['install', '-y', '--no-install-recommends', ...packages], INSTALL_TIMEOUT_MS);
  if (hasPackageLists() && (await attempt()) === undefined) return undefined;
  return (await aptGet(['update'], UPDATE_TIMEOUT_MS)) ?? (await attempt());
}

function hasPackageLists(): boolean {
  const folder = '/var/lib/apt/lists';
  return existsSync(folder) && readdirSync(folder).some((name) => name.includes('_Packages'));
}

async function aptGet(args: readonly string[], timeoutMs: number): Promise<string | undefined> {
  try {
    const done = await run('apt-get', [...OPTIONS, ...args], { timeoutMs, env: { DEBIAN_FRONTEND: 'noninteractive' } });
    const said = done.stderr.trim().split('\n').at(-1) ?? '';
    return done.exitCode === 0 ? undefined : `apt-get ${args[0]} failed (${said})`;
  } catch (error) {
    if (error instanceof MachineError) return error.message;
    throw error;
  }
}

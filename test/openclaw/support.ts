import { readFileSync, writeFileSync } from 'node:fs';
import { loadCatalog, loadConfigKeys } from '../../src/catalog/index.ts';
import { type Discovery, discover, type MachineFacts, type Proposal, proposePolicy } from '../../src/discover/index.ts';
import { type Address, parseAddress } from '../../src/net/index.ts';

/** Where the configurations seem to lie, so that what is written does not depend on this folder. */
const HOME = '/home/openclaw/.openclaw';

/** A small server as most people have it. */
export const SERVER: MachineFacts = {
  hostName: 'claw',
  distribution: 'debian',
  accounts: new Map([
    ['root', 0],
    ['_apt', 42],
    ['proxy', 13],
    ['openclaw', 998],
  ]),
  agentUid: 998,
  resolvers: [address('192.0.2.53'), address('2001:db8::53')],
  timeServers: [],
  ssh: { port: 22, peers: [address('203.0.113.9')] },
  sockets: [
    { protocol: 'tcp', port: 22, uid: 0, loopback: false, program: 'sshd' },
    { protocol: 'tcp', port: 3128, uid: 13, loopback: true },
    { protocol: 'tcp', port: 443, uid: 0, loopback: false, program: 'nginx' },
    { protocol: 'tcp', port: 18789, uid: 998, loopback: true },
  ],
  interfaces: ['lo', 'eth0'],
  inContainer: false,
  firewalls: [],
};

/** A machine at home with Docker, Tailscale and ufw on it, where nobody is logged in over SSH. */
export const HOME_SERVER: MachineFacts = {
  ...SERVER,
  hostName: 'Living Room',
  distribution: 'ubuntu',
  agentUid: 1000,
  accounts: new Map([...SERVER.accounts, ['anna', 1000]]),
  resolvers: [address('192.168.1.1')],
  timeServers: ['ntp.example.com', '192.168.1.1', 'localhost'],
  ssh: { port: 2222, peers: [] },
  sockets: [
    { protocol: 'tcp', port: 2222, uid: 0, loopback: false, program: 'sshd' },
    { protocol: 'tcp', port: 18789, uid: 0, loopback: false, program: 'docker-proxy' },
    { protocol: 'udp', port: 5353, uid: 110, loopback: false, program: 'avahi-daemon' },
  ],
  interfaces: ['lo', 'enp3s0', 'docker0', 'br-0123456789ab', 'tailscale0', 'vethabc'],
  firewalls: ['ufw'],
};

/** The accounts of both, for commands that run on another machine. */
export const ACCOUNTS = [...HOME_SERVER.accounts].flatMap(([name, uid]) => ['--account', `${name}=${uid}`]);

/** What a configuration of `test/openclaw/FOLDER` comes to; variables are set as OpenClaw would see them. */
export function discoverFile(file: string, environment: Readonly<Record<string, string>> = {}): Discovery {
  const folder = new URL(`${file.replace(/[^/]*$/, '')}`, import.meta.url);
  const name = file.slice(file.lastIndexOf('/') + 1);
  return discover({
    path: `${HOME}/${name}`,
    files: {
      realPath: (path) => path,
      read: (path) => readBelow(folder, path),
    },
    environment: [environment],
    catalog: loadCatalog(),
    keys: loadConfigKeys(),
  });
}

export function proposeFile(
  file: string,
  machine = SERVER,
  environment: Readonly<Record<string, string>> = {},
): Proposal {
  return proposePolicy({ discovery: discoverFile(file, environment), machine, catalog: loadCatalog() });
}

function readBelow(folder: URL, path: string): { readonly text: string } | { readonly unreadable: string } {
  try {
    return { text: readFileSync(new URL(path.slice(HOME.length + 1), folder), 'utf8') };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return { unreadable: 'there is no such file or folder' };
    throw error;
  }
}

/** The text that a golden file holds; with UPDATE_GOLDEN=1 in the environment, it is written first. */
export function golden(name: string, actual: string): string {
  const file = new URL(`golden/${name}`, import.meta.url);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, actual);
  return readFileSync(file, 'utf8');
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new RangeError(`not an address: ${text}`);
  return parsed;
}

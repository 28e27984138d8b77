import { type Address, parseAddress } from './address.ts';

/** A line of /proc/net/{tcp,tcp6,udp,udp6} (proc(5)). */
export interface ProcSocket {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly state: number; // TCP states of include/net/tcp_states.h: 1 established, 10 listen
  readonly uid: number;
  readonly inode: string;
}

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

export function isSameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address.family === b.address.family && a.address.value === b.address.value;
}

export const ESTABLISHED = 1;
export const LISTEN = 10;

const SOCKET_LINE =
  /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) \S+ \S+ \S+\s+(\d+)\s+\d+\s+(\d+)/;

/** Lines that are none (the heading) are passed over. */
export function parseProcSockets(text: string): ProcSocket[] {
  return text.split('\n').flatMap((line) => {
    const found = SOCKET_LINE.exec(line);
    if (found === null) return [];
    const [, local = '', localPort = '', remote = '', remotePort = '', state = '', uid = '', inode = ''] = found;
    return [
      {
        local: { address: procAddress(local), port: Number.parseInt(localPort, 16) },
        remote: { address: procAddress(remote), port: Number.parseInt(remotePort, 16) },
        state: Number.parseInt(state, 16),
        uid: Number(uid),
        inode,
      },
    ];
  });
}

/** The kernel prints addresses as 32-bit words in its own byte order: little-endian on every machine that we support. */
function procAddress(hex: string): Address {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).toReversed());
  const value = BigInt(`0x${bytes.join('') || '0'}`);
  if (hex.length === 8) return { family: 4, value };
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
}

/** Both ends of an SSH connection, from the variable `SSH_CONNECTION`: client address and port, server address and port (ssh(1)). */
export interface SshConnection {
  readonly client: Endpoint;
  readonly server: Endpoint;
}

export function parseSshConnection(text: string): SshConnection | undefined {
  const [clientAddress = '', clientPort = '', serverAddress = '', serverPort = ''] = text.trim().split(/\s+/);
  const client = endpoint(clientAddress, clientPort);
  const server = endpoint(serverAddress, serverPort);
  return client === undefined || server === undefined ? undefined : { client, server };
}

/** The zone of a link-local address (`fe80::1%eth0`) is left out: an address is one without it, too. */
function endpoint(address: string, port: string): Endpoint | undefined {
  const parsed = parseAddress(address.replace(/%.*$/, ''));
  return parsed === undefined || !/^\d{1,5}$/.test(port) ? undefined : { address: parsed, port: Number(port) };
}

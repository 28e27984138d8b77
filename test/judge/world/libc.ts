import koffi from 'koffi';

/**
 * The few calls of the C library that Node has no word for: raw sockets, network namespaces and the account that a socket is made
 * for. Constants are those of Linux on every machine that Node runs on.
 */
const libc = koffi.load(null);
const functions = {
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  setsockopt: libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t size)'),
  sendto: libc.func(
    'int64_t sendto(int fd, const void *bytes, size_t size, int flags, const void *to, uint32_t toSize)',
  ),
  unshare: libc.func('int unshare(int flags)'),
  setns: libc.func('int setns(int fd, int kind)'),
  setfsuid: libc.func('int setfsuid(uint32_t uid)'),
  ifNameToIndex: libc.func('unsigned int if_nametoindex(const char *name)'),
};

export const AF = { inet: 2, inet6: 10, netlink: 16, packet: 17 } as const;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const CLONE_NEWNET = 0x4000_0000;
export const NETLINK_NETFILTER = 12;
/** A raw socket of this protocol sends whole IP packets, header included, and receives nothing (raw(7)). */
export const IPPROTO_RAW = 255;

/** @throws Error with the C library's error number. */
export function rawSocket(domain: number, protocol: number): number {
  return checked('socket', functions.socket(domain, SOCK_RAW | SOCK_CLOEXEC, protocol));
}

export function allowBroadcast(fd: number): void {
  const [SOL_SOCKET, SO_BROADCAST] = [1, 6];
  checked('setsockopt', functions.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, Uint8Array.of(1, 0, 0, 0), 4));
}

/** Whether the kernel took it; a firewall that drops what is sent says so here (EPERM). */
export function sendTo(fd: number, bytes: Uint8Array, to: Uint8Array): boolean {
  return Number(functions.sendto(fd, bytes, bytes.length, 0, to, to.length)) >= 0;
}

/** This thread, and the processes that it starts from now on, have a network of their own. */
export function leaveNetwork(): void {
  checked('unshare', functions.unshare(CLONE_NEWNET));
}

/** @param fd an open file of `/proc/.../ns/net` */
export function enterNetwork(fd: number): void {
  checked('setns', functions.setns(fd, CLONE_NEWNET));
}

/** Runs something with files, and so sockets, owned by another account; `undefined` where the kernel does not know it here. */
export function asAccount<T>(uid: number, make: () => T): T | undefined {
  const before: unknown = functions.setfsuid(uid);
  if (typeof before !== 'number') throw new TypeError('setfsuid returns a number');
  try {
    const now: unknown = functions.setfsuid(uid); // it returns the account before the call, and no error: setfsuid(2)
    return typeof now === 'number' && now >>> 0 === uid ? make() : undefined;
  } finally {
    functions.setfsuid(before >>> 0);
  }
}

export function interfaceIndex(name: string): number {
  const index: unknown = functions.ifNameToIndex(name);
  if (typeof index !== 'number' || index === 0) throw new Error(`there is no interface ${name}`);
  return index;
}

function checked(call: string, result: unknown): number {
  if (typeof result !== 'number' || result < 0) throw new Error(`${call} failed with error ${koffi.errno()}`);
  return result;
}

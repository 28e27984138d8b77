import { closeSync, openSync } from 'node:fs';
import { endianness } from 'node:os';
import { addressBytes, packetBytes, type WirePacket } from '../wire.ts';
import {
  AF,
  allowBroadcast,
  asAccount,
  enterNetwork,
  IPPROTO_RAW,
  interfaceIndex,
  leaveNetwork,
  NETLINK_NETFILTER,
  rawSocket,
  sendTo,
} from './libc.ts';
import { hardware, WIRES } from './topology.ts';

const LITTLE = endianness() === 'LE';

/** A second network namespace beside this process's own, held by an open file. */
export class Outside {
  readonly #own: number;
  readonly #outside: number;

  constructor() {
    this.#own = openSync('/proc/thread-self/ns/net', 'r');
    leaveNetwork();
    this.#outside = openSync('/proc/thread-self/ns/net', 'r');
    enterNetwork(this.#own);
  }

  /** To be handed on to tools that are to find it. */
  get file(): number {
    return this.#outside;
  }

  /** Runs something there; processes that it starts run there too. Nothing asynchronous may be left unfinished. */
  within<T>(action: () => T): T {
    enterNetwork(this.#outside);
    try {
      return action();
    } finally {
      enterNetwork(this.#own);
    }
  }

  close(): void {
    closeSync(this.#outside);
    closeSync(this.#own);
  }
}

/** Everything that packets are sent with. */
export class Sockets {
  readonly #wires: ReadonlyMap<string, { readonly fd: number; readonly to: Uint8Array; readonly header: Uint8Array }>;
  readonly #local = new Map<string, number | undefined>(); // by account and family
  readonly #netlink: number;

  constructor(outside: Outside) {
    this.#wires = outside.within(
      () =>
        new Map(
          WIRES.map(({ name, index }) => [
            name,
            {
              fd: rawSocket(AF.packet, 0), // of no protocol: it receives nothing, packet(7)
              to: linkAddress(interfaceIndex(`out${index}`)),
              header: Uint8Array.from([
                ...hardwareBytes(hardware(index, 1)),
                ...hardwareBytes(hardware(index, 2)),
                0,
                0,
              ]),
            },
          ]),
        ),
    );
    this.#netlink = rawSocket(AF.netlink, NETLINK_NETFILTER);
  }

  /** A packet comes in by a wire. */
  arrive(wire: string, packet: WirePacket): void {
    const socket = this.#wires.get(wire);
    if (socket === undefined) throw new RangeError(`there is no wire ${wire}`);
    const bytes = packetBytes(packet);
    const frame = new Uint8Array(14 + bytes.length);
    frame.set(socket.header);
    new DataView(frame.buffer).setUint16(12, packet.family === 4 ? 0x0800 : 0x86dd); // EtherType
    frame.set(bytes, 14);
    sendTo(socket.fd, frame, socket.to);
  }

  /** An account of the machine sends a packet. @returns false where there is no such account here. */
  leave(account: number, packet: WirePacket): boolean {
    const fd = this.#localSocket(account, packet.family);
    if (fd === undefined) return false;
    sendTo(fd, packetBytes(packet), socketAddress(packet));
    return true;
  }

  /** conntrack forgets every connection: IPCTNL_MSG_CT_DELETE without a tuple (include/uapi/linux/netfilter/nfnetlink_conntrack.h). */
  forgetConnections(): void {
    const message = new Uint8Array(20);
    const view = new DataView(message.buffer);
    view.setUint32(0, message.length, LITTLE);
    view.setUint16(4, (1 << 8) | 2, LITTLE); // NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE
    view.setUint16(6, 1, LITTLE); // NLM_F_REQUEST
    const kernel = new Uint8Array(12);
    new DataView(kernel.buffer).setUint16(0, AF.netlink, LITTLE);
    if (!sendTo(this.#netlink, message, kernel)) throw new Error('conntrack cannot be flushed');
  }

  #localSocket(account: number, family: 4 | 6): number | undefined {
    const key = `${account} ${family}`;
    if (!this.#local.has(key))
      this.#local.set(
        key,
        asAccount(account, () => localSocket(family)),
      );
    return this.#local.get(key);
  }
}

function localSocket(family: 4 | 6): number {
  const fd = rawSocket(family === 4 ? AF.inet : AF.inet6, IPPROTO_RAW);
  if (family === 4) allowBroadcast(fd);
  return fd;
}

/** struct sockaddr_ll, packet(7) */
function linkAddress(index: number): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF.packet, LITTLE);
  view.setInt32(4, index, LITTLE);
  bytes[11] = 6;
  return bytes;
}

/** struct sockaddr_in or sockaddr_in6, ip(7), ipv6(7) */
function socketAddress({ family, dst }: WirePacket): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 16 : 28);
  new DataView(bytes.buffer).setUint16(0, family === 4 ? AF.inet : AF.inet6, LITTLE);
  bytes.set(addressBytes(dst), family === 4 ? 4 : 8);
  return bytes;
}

function hardwareBytes(text: string): number[] {
  return text.split(':').map((part) => Number.parseInt(part, 16));
}

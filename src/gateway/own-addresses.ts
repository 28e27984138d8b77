import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { type Address, isLoopback, parseAddress } from '../net/index.ts';

const GOOD_FOR_MS = 5_000; // the list of this machine's addresses

/** By interface, as Node has them. */
type Interfaces = () => Readonly<Record<string, readonly Pick<NetworkInterfaceInfo, 'address'>[] | undefined>>;

/**
 * Whether an address is this machine's: loopback, or of one of its interfaces. Where the kernel cannot be asked just now (there is no descriptor
 * for it), what it said last counts on.
 *
 * @throws Error where it cannot be asked even once, at the start
 */
export function ownAddresses(
  now: () => number,
  interfaces: Interfaces = networkInterfaces,
): (address: Address) => boolean {
  let known = keysOf(interfaces());
  let until = now() + GOOD_FOR_MS;
  return (address) => {
    if (isLoopback(address)) return true;
    if (now() >= until) {
      until = now() + GOOD_FOR_MS;
      try {
        known = keysOf(interfaces());
      } catch {
        // Asked again later.
      }
    }
    return keyOf(address).some((key) => known.has(key));
  };
}

function keysOf(interfaces: ReturnType<Interfaces>): ReadonlySet<string> {
  const all = Object.values(interfaces).flatMap((each) => each ?? []);
  return new Set(all.flatMap((each) => keyOf(parseAddress(each.address.replace(/%.*$/, '')))));
}

function keyOf(address: Address | undefined): readonly string[] {
  return address === undefined ? [] : [`${address.family} ${address.value}`];
}

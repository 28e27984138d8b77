import type { Packet } from '../packet.ts';
import { hardware, WIRES } from '../world/topology.ts';

/**
 * When a condition of iptables holds that our reader says nobody can know, here, where some are known: what is counted never comes near
 * its limit, nobody listens, and we have made the packets ourselves. `undefined` where it cannot be known here either.
 */
export function whenIptablesHolds(text: string): ((packet: Packet) => boolean) | undefined {
  const always = whenIptablesAlwaysHolds(text);
  if (always !== undefined) return () => always;
  const mac = /^ether saddr (!= )?(\S+)$/.exec(text);
  if (mac !== null) return ({ entry }) => (sender(entry) === mac[2]) !== (mac[1] !== undefined);
  if (/^ipv6header --header (?:dst|ipv6-opts) --soft$/.test(text))
    return ({ family, options }) => family === 6 && options;
  return undefined;
}

/** Whether it holds, where that is the same for all packets. */
export function whenIptablesAlwaysHolds(text: string): boolean | undefined {
  return KNOWN.find(([pattern]) => pattern.test(text))?.[1];
}

const KNOWN: readonly (readonly [RegExp, boolean])[] = [
  [/^beyond /, false],
  [/portcullis-needle/, false],
  [/^u32 --u32 0/, false],
  [/^physdev --physdev-is-bridged/, false],
  [/^cpu --cpu 99/, false],
  [/^time --datestart 2001/, false],
  [/^statistic .*--probability 0/, false],
  [/^statistic .*--probability 1/, true],
  [/^recent .*--name never/, false],
  [/^helper --helper ftp/, false],
  [/^realm --realm 0x5/, false],
  [/^realm ! --realm 0x5/, true],
  [/^frag/, false],
  [/^rt --rt-type 9/, false],
  [/^a fragment behind the first/, false],
  [/^NFQUEUE .*--queue-bypass.* lets it pass/, true],
  [/^NFQUEUE .*lets it pass/, false],
  [/^TPROXY .* finds a socket/, false],
];

function sender(entry: Packet['entry']): string | undefined {
  const wire = 'interface' in entry ? WIRES.find(({ name }) => name === entry.interface) : undefined;
  return wire === undefined ? undefined : hardware(wire.index, 2);
}

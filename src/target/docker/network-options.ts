import { formatPrefix, prefixRange } from '../../net/index.ts';
import type { LaidOutNetwork } from './layout.ts';
import type { PolicyReach } from './reach.ts';
import { literal, type YamlEntry } from './yaml-text.ts';

/** How Docker is to make a network so that it fits what flows say of it. */
export interface NetworkOptions {
  readonly network: LaidOutNetwork;
  readonly icc: boolean; // its containers may open something to each other
  readonly internal: boolean; // there is no way out of it, nor in from other machines
}

/**
 * @param isPublished whether a port leads to it: Docker publishes none on a network without a way out; absent: nobody knows, so that
 * flows of this machine count
 */
export function networkOptions(network: LaidOutNetwork, reach: PolicyReach, isPublished?: boolean): NetworkOptions {
  const subnets = network.subnets.map(prefixRange);
  return {
    network,
    icc: reach.isSociable(subnets),
    internal: !(isPublished ?? reach.isServed(subnets)) && !reach.isConnected(subnets),
  };
}

const BRIDGE = 'com.docker.network.bridge';

/** As the override has it: what the Compose file says beside stays, but for its addresses. */
export function networkEntry({ network, icc, internal }: NetworkOptions): YamlEntry[] {
  const { name, bridge, subnets } = network;
  const options: YamlEntry[] = [
    ...(bridge === undefined ? [] : [{ key: `${BRIDGE}.name`, value: literal(bridge) }]),
    ...(icc
      ? []
      : [{ key: `${BRIDGE}.enable_icc`, value: 'false', comment: ['no flow leads from one of it to another'] }]),
  ];
  const addresses = subnets.map((each) => ({ map: [{ key: 'subnet', value: formatPrefix(each) }] }));
  return [
    { key: 'name', value: literal(name) },
    { key: 'driver', value: 'bridge' },
    ...(options.length === 0 ? [] : [{ key: 'driver_opts', value: { map: options } }]),
    ...(internal ? [{ key: 'internal', value: true, comment: ['no flow leads out of it, and no port into it'] }] : []),
    ...(hasIpv6(network) ? [{ key: 'enable_ipv6', value: true }] : []),
    { key: 'ipam', value: { map: [{ key: 'config', value: { list: addresses, tag: '!override' } }] } },
  ];
}

/** The arguments of `docker network create`. */
export function createArguments({ network, icc, internal }: NetworkOptions): readonly string[] {
  const { name, bridge, subnets } = network;
  const options = [
    ...(bridge === undefined ? [] : [`${BRIDGE}.name=${bridge}`]),
    ...(icc ? [] : [`${BRIDGE}.enable_icc=false`]),
  ];
  return [
    ...['--driver', 'bridge'],
    ...subnets.flatMap((each) => ['--subnet', formatPrefix(each)]),
    ...(hasIpv6(network) ? ['--ipv6'] : []),
    ...(internal ? ['--internal'] : []),
    ...options.flatMap((each) => ['--opt', each]),
    name,
  ];
}

function hasIpv6({ subnets }: LaidOutNetwork): boolean {
  return subnets.some(({ family }) => family === 6);
}

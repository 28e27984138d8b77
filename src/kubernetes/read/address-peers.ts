import { formatRange } from '../../net/index.ts';
import type { AddressSet } from '../../packetset/index.ts';
import type { ClusterPeer, PolicyRule } from '../policy.ts';
import { EVERYTHING } from '../selector.ts';
import { ALL_ADDRESSES, meansInside } from './address-meaning.ts';
import type { ConditionalPeers } from './conditional.ts';

/** Where a product compares addresses, whoever has them, a block also means the pods and nodes that lie in it. */
export function addressPeers(addresses: AddressSet, action: PolicyRule['action']): ConditionalPeers[] {
  if (ALL_ADDRESSES.subtract(addresses).isEmpty()) return [{ peers: [{ kind: 'everybody' }] }];
  const inside = insideCondition(addresses, action);
  return [
    { peers: [{ kind: 'addresses', ranges: addresses.ranges() }] },
    ...(inside === 'none' ? [] : [{ peers: INSIDE, ...inside }]),
  ];
}

// The API server may have any address: `addresses` alone may mean it.
export const INSIDE: readonly ClusterPeer[] = [
  { kind: 'workloads', workloads: { namespaces: EVERYTHING, pods: EVERYTHING } },
  { kind: 'nodes', nodes: EVERYTHING },
];

/**
 * What must hold of the address of a pod. All of IPv4 lets connections to every pod through; to deny or pass all of IPv4 leaves the other
 * family open.
 */
export function insideCondition(
  addresses: AddressSet,
  action: PolicyRule['action'],
): { readonly condition?: string } | 'none' {
  const inside = meansInside(addresses);
  switch (inside) {
    case 'all':
      return {};
    case 'all of IPv4':
      return action === 'allow' ? {} : { condition: 'over IPv4 only' };
    case 'some':
      return { condition: `where its address is in ${briefly(addresses)}` };
    case 'none':
      return 'none';
  }
}

export function briefly(addresses: AddressSet): string {
  const ranges = addresses.ranges();
  const shown = ranges.slice(0, 3).map(formatRange).join(', ');
  return ranges.length > 3 ? `${shown} and ${ranges.length - 3} more` : shown;
}

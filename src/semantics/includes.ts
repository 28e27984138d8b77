import { ADDRESS_TYPES, CONNTRACK_STATES, type Flow, HOOKS } from '../ir/index.ts';
import {
  addressLimbs,
  familyValue,
  limbOf,
  type NarrowDimension,
  type PacketSet,
  type WideDimension,
} from '../packetset/index.ts';
import { interfaceInterval, NO_ACCOUNT } from './space.ts';

/** Whether one packet is in a set: a walk down the diagram, as long as the packet has fields, however large the set. */
export function includes(set: PacketSet, flow: Flow): boolean {
  const { space } = set;
  let node = set.node;
  while (!space.store.isTerminal(node)) {
    const index = space.store.dimensionOf(node);
    const dimension = space.dimension(index);
    let value: number;
    switch (dimension.kind) {
      case 'symbol':
        value = flow.symbols.has(dimension.key) ? 1 : 0;
        break;
      case 'bit':
        value = ((flow.quantities?.get(dimension.quantity) ?? 0) >>> dimension.bit) & 1;
        break;
      case 'wide':
        value = limb(flow, dimension.name, dimension.limb);
        break;
      case 'number':
        value = numberOf(flow, dimension.name);
        break;
    }
    node = space.store.follow(node, index, value);
  }
  return node === 1;
}

function limb(flow: Flow, name: WideDimension, at: 0 | 1 | 2 | 3): number {
  switch (name) {
    case 'src':
      return addressLimbs(flow.src)[at] ?? 0;
    case 'dst':
      return addressLimbs(flow.dst)[at] ?? 0;
    case 'in':
      return limbOf(interfaceInterval({ name: flow.inInterface ?? '', wildcard: false }).first, at);
    case 'out':
      return limbOf(interfaceInterval({ name: flow.outInterface ?? '', wildcard: false }).first, at);
  }
}

/** A field that the packet does not have is never asked for by a set that is built from matches; any value will do. */
function numberOf(flow: Flow, name: NarrowDimension): number {
  switch (name) {
    case 'hook':
      return HOOKS.indexOf(flow.hook);
    case 'family':
      return familyValue(flow.family);
    case 'state':
      return CONNTRACK_STATES.indexOf(flow.state);
    case 'srcType':
      return ADDRESS_TYPES.indexOf(flow.srcType);
    case 'dstType':
      return ADDRESS_TYPES.indexOf(flow.dstType);
    case 'protocol':
      return flow.protocol;
    case 'sport':
      return flow.sport ?? 0;
    case 'dport':
      return flow.dport ?? 0;
    case 'icmpType':
      return flow.icmpType ?? 0;
    case 'icmpCode':
      return flow.icmpCode ?? 0;
    case 'tcpFlags':
      return flow.tcpFlags ?? 0;
    case 'srcAccount':
      return flow.srcAccount ?? NO_ACCOUNT;
    case 'dstAccount':
      return flow.dstAccount ?? NO_ACCOUNT;
  }
}

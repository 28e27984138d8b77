import {
  ADDRESS_TYPES,
  CONNTRACK_STATES,
  type Field,
  type Flow,
  HOOKS,
  type InterfacePattern,
  type Match,
  symbolKey,
} from '../ir/index.ts';
import { PORT_PROTOCOLS, PROTOCOLS } from '../net/index.ts';
import { candidates, extentsOfFlow } from './candidates.ts';

/** Whether a match holds for one packet: the concrete twin of `packetsOf`, written apart from it so that each can check the other. */
export function matches(match: Match, flow: Flow): boolean {
  switch (match.kind) {
    case 'everything':
      return true;
    case 'nothing':
      return false;
    case 'all':
      return match.of.every((part) => matches(part, flow));
    case 'any':
      for (const index of candidates(match.of, (part) => part, extentsOfFlow(flow)))
        if (matches(match.of[index]!, flow)) return true;
      return false;
    case 'not':
      return !matches(match.of, flow);
    case 'field': {
      const value = fieldValue(flow, match.field);
      return value !== undefined && match.ranges.some((range) => range.first <= value && value <= range.last);
    }
    case 'address': {
      const address = match.side === 'src' ? flow.src : flow.dst;
      return match.ranges.some(
        (range) => range.family === address.family && range.first <= address.value && address.value <= range.last,
      );
    }
    case 'interface': {
      const name = (match.side === 'in' ? flow.inInterface : flow.outInterface) ?? '';
      return match.names.some((pattern) => matchesInterface(pattern, name));
    }
    case 'quantity': {
      const masked = ((flow.quantities?.get(match.quantity) ?? 0) & match.mask) >>> 0;
      return match.ranges.some((range) => range.first <= masked && masked <= range.last);
    }
    case 'symbol':
      return flow.symbols.has(symbolKey(match.symbol));
  }
}

export function matchesInterface(pattern: InterfacePattern, name: string): boolean {
  return pattern.wildcard ? name.startsWith(pattern.name) : name === pattern.name;
}

/** The number that a packet has in a field; `undefined` where it has no such field. */
function fieldValue(flow: Flow, field: Field): number | undefined {
  switch (field) {
    case 'hook':
      return HOOKS.indexOf(flow.hook);
    case 'family':
      return flow.family;
    case 'protocol':
      return flow.protocol;
    case 'state':
      return CONNTRACK_STATES.indexOf(flow.state);
    case 'srcType':
      return ADDRESS_TYPES.indexOf(flow.srcType);
    case 'dstType':
      return ADDRESS_TYPES.indexOf(flow.dstType);
    case 'sport':
      return PORT_PROTOCOLS.includes(flow.protocol) ? flow.sport : undefined;
    case 'dport':
      return PORT_PROTOCOLS.includes(flow.protocol) ? flow.dport : undefined;
    case 'icmpType':
      return isIcmp(flow) ? flow.icmpType : undefined;
    case 'icmpCode':
      return isIcmp(flow) ? flow.icmpCode : undefined;
    case 'tcpFlags':
      return flow.protocol === PROTOCOLS.tcp ? flow.tcpFlags : undefined;
    case 'srcAccount':
      return flow.srcAccount;
    case 'dstAccount':
      return flow.dstAccount;
  }
}

function isIcmp(flow: Flow): boolean {
  return flow.protocol === PROTOCOLS.icmp || flow.protocol === PROTOCOLS.icmpv6;
}

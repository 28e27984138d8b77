import { all, field, type Match, type Range } from '../../ir/index.ts';
import { PROTOCOLS } from '../../net/index.ts';
import type { Selector } from './ast.ts';
import { addressTypeValues, familyValues, NotUnderstood, stateValues } from './lift-value.ts';

/** Values of a number as a field of the IR, with what nft asks besides: `tcp dport` asks for TCP, `icmp type` for IPv4 too. */
export function numberField(selector: Selector, ranges: readonly Range[]): Match {
  switch (selector.kind) {
    case 'meta':
      switch (selector.key) {
        case 'nfproto':
          return field('family', ...familyValues(ranges));
        case 'l4proto':
          return field('protocol', ...ranges);
        case 'skuid':
          return field('srcAccount', ...ranges);
      }
      break;
    case 'ct':
      return field('state', ...stateValues(ranges));
    case 'fib':
      if (selector.flags.length === 1) {
        return field(selector.flags[0] === 'saddr' ? 'srcType' : 'dstType', ...addressTypeValues(ranges));
      }
      break;
    case 'payload': {
      const match = payloadField(selector.protocol, selector.field, ranges);
      if (match !== undefined) return match;
      break;
    }
    case 'socket':
      break;
  }
  throw new NotUnderstood('it reads a field that is not understood');
}

function payloadField(protocol: string, name: string, ranges: readonly Range[]): Match | undefined {
  switch (protocol) {
    case 'ip':
      return name === 'protocol' ? all(field('family', 4), field('protocol', ...ranges)) : undefined;
    case 'tcp':
      if (name === 'flags') return field('tcpFlags', ...ranges);
      return all(field('protocol', PROTOCOLS.tcp), portField(name, ranges));
    case 'udp':
    case 'udplite':
    case 'dccp':
    case 'sctp':
      return all(field('protocol', PROTOCOLS[protocol]), portField(name, ranges));
    case 'th':
      return portField(name, ranges);
    case 'icmp':
      return all(field('family', 4), field('protocol', PROTOCOLS.icmp), icmpField(name, ranges));
    case 'icmpv6':
      return all(field('family', 6), field('protocol', PROTOCOLS.icmpv6), icmpField(name, ranges));
    default:
      return undefined;
  }
}

function portField(name: string, ranges: readonly Range[]): Match {
  return field(name === 'sport' ? 'sport' : 'dport', ...ranges);
}

function icmpField(name: string, ranges: readonly Range[]): Match {
  return field(name === 'type' ? 'icmpType' : 'icmpCode', ...ranges);
}

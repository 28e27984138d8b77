import { range } from '../net/index.ts';
import type { FlowPattern } from './pattern.ts';

/** New connections from one IPv4 host to port 443 of another, nothing else told of them. */
export const ONE_CONNECTION: FlowPattern = {
  hook: 'output',
  family: 4,
  src: [range('192.0.2.1')],
  dst: [range('10.0.0.1')],
  protocol: 6,
  dport: { first: 443, last: 443 },
  state: 'new',
  srcType: 'unicast',
  dstType: 'unicast',
  quantities: new Map(),
  symbols: [],
};

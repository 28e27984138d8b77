import type { End } from '../../cluster/index.ts';
import { formatEnd } from '../../cluster/index.ts';
import { type AddressRange, formatRange, protocolName } from '../../net/index.ts';
import { type ClusterFlow, formatPorts } from './question.ts';

/** The packets of a flow as a firewall of a node sees them: by address; or why there are none, in words. */
export function packetsOf({ flow, parts }: ClusterFlow): { readonly text: string } | string {
  const [part, ...others] = parts;
  if (part === undefined || others.length > 0)
    return 'the flow leads to several workloads, and a node is asked about one connection';
  const [from, to] = [addressOf(part.from), addressOf(part.to)];
  if (typeof from === 'string') return from;
  if (typeof to === 'string') return to;
  if (from.family !== to.family) return 'the ends have addresses of different families only';
  const ports = formatPorts(part);
  const target = to.family === 6 && ports !== '' ? `[${formatRange(to)}]` : formatRange(to);
  const type = flow.icmp === undefined ? '' : ` ${flow.icmp.type}`;
  return { text: `${protocolName(flow.protocol)}${type} ${formatRange(from)} -> ${target}${ports}` };
}

function addressOf(end: End): AddressRange | string {
  if (end.kind === 'addresses') return end.range;
  const found = end.kind === 'workload' ? end.workload.addresses[0] : undefined;
  return found ?? `nobody here knows the address of \`${formatEnd(end)}\``;
}

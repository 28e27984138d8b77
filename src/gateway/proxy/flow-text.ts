import { formatAddress, protocolName } from '../../net/index.ts';
import type { Wanted } from '../wanted.ts';

/**
 * The narrowest flow that would allow it, as a line of a policy. The agent's name stands for its zone: whoever writes it into the policy
 * knows how that is called there.
 */
export function narrowestFlow({ client, host, protocol, port }: Wanted): string {
  const to = host.kind === 'name' ? host.name : formatAddress(host.address);
  const name = `${client.agent}-to-${to}-${port}`.replace(/[^A-Za-z0-9._-]+/g, '-');
  const from = client.account === undefined ? formatAddress(client.address) : client.agent;
  const service = `${protocolName(protocol)}/${port}`;
  return `- { name: ${JSON.stringify(name)}, from: ${JSON.stringify(from)}, to: ${JSON.stringify(to)}, service: ${service} }`;
}

import type { HostFacts } from '../../analysis/index.ts';
import { formatAddress, formatRange } from '../../net/index.ts';

/** A file of facts as `--facts` reads it: JSON with addresses as text. */
export function factsText(facts: HostFacts): string {
  const document = {
    ...facts,
    ...(facts.listeners === undefined
      ? {}
      : {
          listeners: facts.listeners.map(({ address, ...rest }) => ({
            ...rest,
            ...(address === undefined ? {} : { address: formatAddress(address) }),
          })),
        }),
    ...(facts.networks === undefined
      ? {}
      : { networks: facts.networks.map((each) => ({ ...each, addresses: formatRange(each.addresses) })) }),
    ...(facts.dockerPorts === undefined
      ? {}
      : {
          dockerPorts: facts.dockerPorts.map(({ address, containerAddress, ...rest }) => ({
            ...rest,
            ...(address === undefined ? {} : { address: formatAddress(address) }),
            containerAddress: formatAddress(containerAddress),
          })),
        }),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

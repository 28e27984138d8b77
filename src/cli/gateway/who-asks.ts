import type { WhoAsks } from '../../gateway/index.ts';
import { accountOfMoved, accountOfSocket } from '../../host/index.ts';
import { type Address, formatAddress, isLoopback } from '../../net/index.ts';

/**
 * A process of this machine is known by its account, which the kernel tells of its socket; all others by their address. A client
 * that says it is here and has no socket here is nobody, and so is one whose socket two accounts share.
 */
export function whoAsksHere(accounts: ReadonlyMap<string, number>, isOwn: (address: Address) => boolean): WhoAsks {
  const names = new Map([...accounts].map(([name, uid]) => [uid, name]));
  return (protocol, client, server, own) => {
    const { address, port } = client;
    const found = accountOfSocket(protocol, client, server);
    const isMissed = found === 'none' && (isLoopback(address) || isOwn(address));
    const account = isMissed && protocol === 'tcp' ? accountOfMoved(client, server, own) : found;
    if (typeof account === 'number') {
      return { agent: names.get(account) ?? `uid ${account}`, address, port, account };
    }
    if (account === 'several' || isMissed) return undefined;
    return { agent: formatAddress(address), address, port };
  };
}

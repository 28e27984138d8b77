import type { Step } from '../semantics/index.ts';
import { firstPackets, type LiveConnection, type Surroundings } from './connection.ts';
import type { HostRules } from './host-rules.ts';
import { Judge } from './verdict.ts';

/** A live connection that the rules would not let open: it lives on, as with every stateful firewall, until it is cut. */
export interface DeniedConnection {
  readonly connection: LiveConnection;
  readonly certain: boolean; // false: it depends on what nobody can know
  readonly path: readonly Step[]; // the rules that its first packet would meet; the last decides
  readonly because: readonly string[]; // not certain: on what it depends
}

/** The live connections that could not be opened under these rules, those that are certain first. */
export function deniedConnections(
  rules: HostRules,
  connections: readonly LiveConnection[],
  around: Surroundings,
): DeniedConnection[] {
  const judge = new Judge(rules, around);
  const denied = connections.flatMap((connection): DeniedConnection[] => {
    const { verdict, path, because } = judge.ask(firstPackets(connection));
    return verdict === 'allowed' ? [] : [{ connection, certain: verdict === 'denied', path, because }];
  });
  return [...denied.filter((each) => each.certain), ...denied.filter((each) => !each.certain)];
}

import type { PortRange } from '../net/index.ts';
import type { NamedDestination, Peer, Service } from './intent.ts';
import type { ConntrackState, Hook, InterfacePattern } from './match.ts';

/** "What becomes of this?": a flow expression with its zones, names and accounts resolved. */
export interface FlowQuestion {
  readonly text: string; // as the user wrote it
  readonly from: readonly Peer[];
  readonly to: readonly (Peer | NamedDestination)[];
  readonly service: Service;
  readonly sport?: PortRange; // absent: any ordinary one, `ORDINARY_PORTS`
  readonly account?: number; // uid of the sender
  readonly inInterface?: InterfacePattern;
  readonly outInterface?: InterfacePattern;
  readonly state: ConntrackState;
  readonly mark?: number; // that the packet enters with; absent: none, 0
  /** Where the packet may stand; absent: follows from which end is this machine. */
  readonly hooks?: readonly Hook[];
}

/** Linux's default range of local ports (Documentation/networking/ip-sysctl.rst, ip_local_port_range). */
export const ORDINARY_PORTS: PortRange = { first: 32768, last: 60999 };

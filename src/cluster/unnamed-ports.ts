import type { PortMatch } from '../kubernetes/index.ts';
import { ConnectionSet } from './connection-set.ts';

/** The connections that a rule's ports mean by themselves. What is only named, who is reached says: `namedPorts`. */
export function unnamedPorts(ports: readonly PortMatch[]): ConnectionSet {
  return ports.map(ofOne).reduce((all, each) => all.union(each), ConnectionSet.none);
}

function ofOne(port: PortMatch): ConnectionSet {
  switch (port.kind) {
    case 'ports':
      return ConnectionSet.of(port.protocol, port.first, port.last);
    case 'protocol':
      return ConnectionSet.ofNumber(port.number);
    case 'named':
      return ConnectionSet.none;
  }
}

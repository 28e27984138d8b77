import { formatFlow, pathEntry } from '../../analysis/index.ts';
import type { Change, LiveConnection, Neighbour, Repair } from '../../apply/index.ts';
import { formatAddress, PORT_PROTOCOLS, protocolName } from '../../net/index.ts';
import type { Step } from '../../semantics/index.ts';
import { withAccountNames } from '../answer-text.ts';

type Accounts = ReadonlyMap<number, string>;

export function changeJson(change: Change, accounts: Accounts) {
  const { scope, sentence, flow, packets, witness, before, after, conditions } = change;
  return {
    scope,
    sentence,
    ...(flow === undefined ? {} : { flow }),
    packets: packets.map((line) => withAccountNames(line, accounts)),
    witness: formatFlow(witness, accounts),
    before: before.map(pathEntry),
    after: after.map(pathEntry),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

export function neighbourJson({ table, software, rules, chains }: Neighbour) {
  return { table, software, rules, chains };
}

export function repairJson(repair: Repair | undefined) {
  return repair === undefined ? {} : { repair: { kind: repair.kind, yaml: repair.yaml } };
}

export function pathJson(path: readonly Step[]) {
  return path.map(pathEntry);
}

/** As a flow expression. */
export function connectionText({ protocol, src, sport, dst, dport, way, interface: through }: LiveConnection): string {
  const hasPorts = PORT_PROTOCOLS.includes(protocol);
  const end = (address: typeof src, port: number | undefined): string => {
    const text = formatAddress(address);
    if (!hasPorts || port === undefined) return text;
    return address.family === 6 ? `[${text}]:${port}` : `${text}:${port}`;
  };
  const where = through === undefined || way === 'loopback' ? '' : ` ${way === 'output' ? 'oif' : 'iif'} ${through}`;
  return `${protocolName(protocol)} ${end(src, sport)} -> ${end(dst, dport)}${where}`;
}

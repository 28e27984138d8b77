import { BASELINE, type Grant, type Intent, type Peer, type Service } from '../ir/index.ts';
import { type Address, addressRange, formatAddress, protocolName } from '../net/index.ts';

/** What to add to the policy, and nothing more than is needed. */
export type Repair =
  | { readonly kind: 'flow'; readonly grant: Grant; readonly yaml: string } // an item of `flows`
  | { readonly kind: 'baseline'; readonly piece: string; readonly yaml: string }; // an entry of `baseline`

interface NewFlow {
  readonly name: string; // made unique
  readonly from: Address | 'host';
  readonly to: Address | 'host' | 'internet';
  readonly service: string; // as the policy language writes `services`
  readonly services: readonly Service[];
  readonly purpose: string;
}

/** A flow as the policy language writes it, under a name that the policy does not use yet. */
export function repairFlow(intent: Intent, { name, from, to, service, services, purpose }: NewFlow): Repair {
  const taken = new Set(intent.grants.map((grant) => grant.name));
  let unique = name;
  for (let count = 2; taken.has(unique); count++) unique = `${name}-${count}`;
  const grant: Grant = {
    name: unique,
    from: peers(from, intent),
    to: peers(to, intent),
    services,
    purpose,
    required: false,
    origin: { flow: unique },
  };
  const yaml = `- { name: ${unique}, from: ${end(from)}, to: ${end(to)}, service: ${service}, purpose: ${purpose} }`;
  return { kind: 'flow', grant, yaml };
}

export function repairBaseline(piece: string): Repair {
  return { kind: 'baseline', piece, yaml: `${piece}: true` };
}

/** The policy with all that is to be added. */
export function repairedIntent(intent: Intent, repairs: readonly Repair[]): Intent {
  const grants = new Map(
    repairs.flatMap((repair) => (repair.kind === 'flow' ? [[repair.grant.name, repair.grant] as const] : [])),
  );
  const pieces = new Set(repairs.flatMap((repair) => (repair.kind === 'baseline' ? [repair.piece] : [])));
  const isOn = (name: string): boolean => pieces.has(name) || intent.baseline.some((each) => each.name === name);
  return {
    ...intent,
    grants: [...intent.grants, ...grants.values()],
    baseline: BASELINE.filter(({ name }) => isOn(name)),
  };
}

function peers(of: Address | 'host' | 'internet', intent: Intent): readonly Peer[] {
  if (of === 'host') return [{ kind: 'local' }];
  return of === 'internet' ? (intent.zones.get('internet') ?? []) : [{ kind: 'remote', ranges: [addressRange(of)] }];
}

/** Colons would be taken for YAML's own. */
function end(of: Address | string): string {
  return typeof of === 'string' ? of : of.family === 6 ? `"${formatAddress(of)}"` : formatAddress(of);
}

/** An address as part of a flow's name: letters, digits, `-`, `_` and `.` only. */
export function inName(address: Address): string {
  return formatAddress(address)
    .replaceAll(':', '-')
    .replace(/^-+|-+$/g, '');
}

export function portService(protocol: number, port: number): Pick<NewFlow, 'service' | 'services'> {
  const ports = { first: port, last: port };
  return { service: `${protocolName(protocol)}/${port}`, services: [{ protocol, ports }] };
}

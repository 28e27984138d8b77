import type { Intent } from '../ir/index.ts';
import { type Address, formatAddress, protocolName } from '../net/index.ts';

/** What to add to the policy, and nothing more than is needed. */
export type Repair =
  | { readonly kind: 'flow'; readonly name: string; readonly yaml: string } // an item of `flows`
  | { readonly kind: 'baseline'; readonly piece: string; readonly yaml: string }; // an entry of `baseline`

interface NewFlow {
  readonly name: string; // made unique
  readonly from: Address | 'host';
  readonly to: Address | 'host' | 'internet';
  readonly service: string;
  readonly purpose: string;
}

/** A flow as the policy language writes it, under a name that the policy does not use yet. */
export function repairFlow(intent: Intent, { name, from, to, service, purpose }: NewFlow): Repair {
  const taken = new Set(intent.grants.map((grant) => grant.name));
  let unique = name;
  for (let count = 2; taken.has(unique); count++) unique = `${name}-${count}`;
  const yaml = `- { name: ${unique}, from: ${end(from)}, to: ${end(to)}, service: ${service}, purpose: ${purpose} }`;
  return { kind: 'flow', name: unique, yaml };
}

export function repairBaseline(piece: string): Repair {
  return { kind: 'baseline', piece, yaml: `${piece}: true` };
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

export function portService(protocol: number, port: number): string {
  return `${protocolName(protocol)}/${port}`;
}

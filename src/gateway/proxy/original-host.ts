import type { Address, Host } from '../../net/index.ts';
import type { EgressPolicy } from '../../semantics/index.ts';
import type { Wanted } from '../wanted.ts';

/**
 * What to put to the policy for a connection that the kernel has redirected: the name that the client gave; or the address that it
 * chose, where no flow leads to the name and one leads to that address by itself, whatever is asked for there.
 */
export function withOriginal(policy: EgressPolicy, wanted: Wanted, original: Address): Wanted {
  if (policy.ask(wanted).verdict === 'allow') return wanted;
  const host: Host = { kind: 'address', address: original };
  return policy.ask({ ...wanted, host }).verdict === 'allow' ? { ...wanted, host } : wanted;
}

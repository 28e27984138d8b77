import { POD_NETWORK } from '../kubernetes/index.ts';
import type { End } from './end.ts';

/** A network on which two ends meet. */
export interface Meeting {
  readonly network: string;
  readonly isFirstOfFrom: boolean; // it is the primary network of who opens the connection, which most policies are about
  readonly isFirstOfTo: boolean;
}

/**
 * Workloads meet on each network that they share. What is outside is met on the primary network: a manifest does not say where another
 * network leads (OVN-Kubernetes, user-defined networks: north-south traffic leaves by the primary one). Pods that do not exist yet are in
 * the networks of those they are asked about.
 */
export function meetings(from: End, to: End): Meeting[] {
  const mine = networksOf(from);
  const theirs = networksOf(to);
  const [first, other] = [mine ?? theirs ?? [POD_NETWORK], theirs ?? mine ?? [POD_NETWORK]];
  const places = isOutside(from) || isOutside(to) ? first.slice(0, 1) : first.filter((name) => other.includes(name));
  return places.map((network) => ({
    network,
    isFirstOfFrom: first[0] === network,
    isFirstOfTo: other[0] === network,
  }));
}

function networksOf(end: End): readonly string[] | undefined {
  return end.kind === 'workload' ? end.workload.networks : undefined;
}

function isOutside(end: End): boolean {
  return end.kind !== 'workload' && end.kind !== 'new-workload';
}

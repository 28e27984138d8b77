import { type ClusterGrant, objectName } from '../../kubernetes/index.ts';
import type { ObjectTree } from './manifest.ts';

/** Objects by which `kubectl get -l` and pruning find what was written (kubernetes.io, Recommended Labels). */
export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'portcullis' } as const;

const ANNOTATION_LIMIT = 63; // of a key behind its prefix (kubernetes.io, Annotations)

/** Gives objects names that are told apart, within whatever they have to be told apart in. */
export class ObjectNames {
  readonly #taken = new Set<string>();

  /** @param scope such as the namespace */
  unique(scope: string, ...parts: readonly string[]): string {
    const name = objectName(parts.join('-'));
    for (let number = 1; ; number++) {
      const suffix = number === 1 ? '' : `-${number}`;
      const candidate = `${name.slice(0, 63 - suffix.length)}${suffix}`;
      if (this.#taken.has(`${scope}/${candidate}`)) continue;
      this.#taken.add(`${scope}/${candidate}`);
      return candidate;
    }
  }
}

export interface Described {
  readonly policy: string; // its name
  readonly flows: readonly ClusterGrant[];
}

/** Of an object of a namespace; one of the whole cluster (`undefined`) stands beside those of other policies, and says whose it is. */
export function nameParts(namespace: string | undefined, policy: string, ...parts: readonly string[]): string[] {
  return namespace === undefined ? [policy, ...parts] : [...parts];
}

/** What tells people, and programs, what an object is for. */
export function metadata(name: string, namespace: string | undefined, { policy, flows }: Described): ObjectTree {
  const annotations = Object.fromEntries(
    flows.map(({ name: flow, purpose }) => [
      `flow.portcullis.dev/${flow.slice(0, ANNOTATION_LIMIT).replace(/[^A-Za-z0-9]+$/, '')}`,
      purpose ?? '',
    ]),
  );
  return {
    name,
    namespace,
    labels: { ...MANAGED_BY, 'app.kubernetes.io/part-of': objectName(policy) },
    annotations: flows.length === 0 ? undefined : annotations,
  };
}

/** `flow discord: command receipt and telemetry`. */
export function flowNote({ name, purpose }: ClusterGrant): string {
  return purpose === undefined ? `flow ${name}` : `flow ${name}: ${purpose}`;
}

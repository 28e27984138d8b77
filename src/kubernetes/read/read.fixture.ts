import { SourceFile, spanPosition } from '../../source/index.ts';
import type { Cluster } from '../cluster.ts';
import type { ClusterPolicy } from '../policy.ts';
import { readCluster } from './read.ts';

/** What files tell, for tests: the cluster, and every diagnostic as `B0007 2:3`: its code, line and column. */
export function read(...texts: readonly string[]): { readonly cluster: Cluster; readonly told: readonly string[] } {
  const { cluster, diagnostics } = readCluster(texts.map((text, at) => new SourceFile(`${at}.yaml`, text)));
  const told = diagnostics.map(({ code, span }) => {
    if (span === undefined) return code;
    const { line, column } = spanPosition(span);
    return `${code} ${line}:${column}`;
  });
  return { cluster, told };
}

/** As `read`, of objects given as data, which have no places worth telling: the codes alone. */
export function readObjects(...objects: readonly unknown[]): {
  readonly cluster: Cluster;
  readonly told: readonly string[];
} {
  const { cluster, told } = read(...objects.map((object) => JSON.stringify(object)));
  return { cluster, told: told.map((each) => each.slice(0, 5)) };
}

export function policiesOf({ layers }: Cluster): readonly ClusterPolicy[] {
  return layers.flatMap(({ stages }) => stages.flatMap(({ policies }) => policies));
}

export function object(apiVersion: string, kind: string, name: string, rest: object = {}): object {
  return { apiVersion, kind, metadata: { name }, ...rest };
}

import { type Exposure, exposure } from '../../cluster/index.ts';
import { escapeControls } from '../../diagnostic/index.ts';
import { type Cluster, workloadsText } from '../../kubernetes/index.ts';
import { textTable } from '../table.ts';

/** What pods that do not exist yet could do with a workload (schema/reach.json). */
export interface ExposureJson {
  readonly workload: string;
  readonly direction: 'ingress' | 'egress'; // `ingress`: they could reach it; `egress`: it could reach them
  readonly peers: string; // in words
  readonly allowed: string; // in words
}

/** @param focus ids of workloads; none: of all */
export function exposures(cluster: Cluster, focus: readonly string[]): ExposureJson[] {
  return Array.from(exposure(cluster), exposureJson).filter(
    ({ workload }) => focus.length === 0 || focus.includes(workload),
  );
}

function exposureJson({ workload, direction, peers, bounds, portNames }: Exposure): ExposureJson {
  const named = portNames.length === 0 ? '' : `, ports named ${portNames.join(', ')}`;
  const sure = bounds.certainly === bounds.possibly ? '' : ' at most';
  return {
    workload: workload.id,
    direction,
    peers: peers === 'whole-cluster' ? 'any pod of the cluster' : workloadsText(peers).replaceAll('`', ''),
    allowed: `${bounds.possibly}${sure}${named}`,
  };
}

export function exposuresText(found: readonly ExposureJson[]): string {
  if (found.length === 0) return 'pods that do not exist yet will reach none of these, nor be reached\n';
  const groups = Map.groupBy(found, ({ direction, peers, allowed }) => `${direction}\n${peers}\n${allowed}`);
  const rows = [...groups.values()].map((alike) => {
    const { direction, peers, allowed } = alike[0]!;
    const own = alike.map(({ workload }) => escapeControls(workload));
    return direction === 'ingress' ? [peers, own, allowed] : [own, peers, allowed];
  });
  return `among what does not exist yet:\n${textTable(['from', 'to', 'on'], rows)}\n`;
}

import type { PortMatch } from '../policy.ts';
import type { LabelMap } from '../selector.ts';
import type { Manifest } from './manifest.ts';
import type { Part } from './part.ts';

/** What a policy that names a Service means by it. */
export interface ServiceTargets {
  readonly namespace: string;
  readonly name: string;
  readonly labels: LabelMap;
  readonly selector: LabelMap | undefined; // undefined: its endpoints are somebody else’s affair
  readonly ports: readonly PortMatch[]; // of its pods
}

/** Read without a word about faults: who reads Services for themselves tells them. */
export function serviceTargets(manifests: readonly Manifest[]): ServiceTargets[] {
  return manifests
    .filter(({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'Service')
    .map(({ ref, labels, body }) => {
      const selector = body.at('spec', 'selector');
      return {
        namespace: ref.namespace ?? 'default',
        name: ref.name,
        labels,
        selector: selector.exists ? selector.labels() : undefined,
        ports: body.at('spec', 'ports').items().flatMap(target),
      };
    });
}

function target(port: Part): PortMatch[] {
  const written = port.at('protocol').text() ?? 'TCP';
  const protocol = written === 'TCP' || written === 'UDP' || written === 'SCTP' ? written : undefined;
  const of = port.at('targetPort').integerOrText() ?? port.at('port').integer();
  if (protocol === undefined || of === undefined) return [];
  return typeof of === 'string'
    ? [{ kind: 'named', protocol, name: of }]
    : [{ kind: 'ports', protocol, first: of, last: of }];
}

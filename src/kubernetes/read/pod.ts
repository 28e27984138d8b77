import { type AddressRange, addressRange, parseAddress } from '../../net/index.ts';
import type { Span } from '../../source/index.ts';
import { type ContainerPort, POD_NETWORK } from '../cluster.ts';
import type { LabelMap } from '../selector.ts';
import {
  DEFAULT_NETWORK_ANNOTATION,
  NETWORKS_ANNOTATION,
  type NetworkName,
  type Networks,
  networkNames,
} from './networks.ts';
import type { Part } from './part.ts';
import { isPort, transportProtocol } from './port.ts';

/** What a pod is to the network: of one that runs, or of the template that others are made from. */
export interface Pod {
  readonly labels: LabelMap;
  readonly serviceAccount: string;
  readonly ports: readonly ContainerPort[];
  readonly hostNetwork: boolean;
  readonly networks: readonly string[]; // the primary one first
  readonly addresses: readonly AddressRange[];
  readonly span: Span;
}

/** Of a pod, or of a template: both have `metadata` and `spec`. */
export function podOf(pod: Part, namespace: string, networks: Networks): Pod {
  const spec = pod.at('spec');
  const hostNetwork = spec.at('hostNetwork').flag() ?? false;
  return {
    labels: pod.at('metadata', 'labels').labels(),
    serviceAccount: spec.at('serviceAccountName').text() || spec.at('serviceAccount').text() || 'default',
    ports: portsOf(spec, hostNetwork),
    hostNetwork,
    networks: hostNetwork ? [POD_NETWORK] : networksOf(pod.at('metadata', 'annotations'), [], namespace, networks),
    addresses: addressesOf(pod.at('status')),
    span: pod.span,
  };
}

/** A guest of KubeVirt: the pod around it has the labels and annotations of its template; its networks stand in its own `spec`. */
export function guestOf(template: Part, namespace: string, networks: Networks): Pod {
  const spec = template.at('spec');
  const multus = spec
    .at('networks')
    .items()
    .map((each) => each.at('multus'))
    .filter(({ exists }) => exists);
  const attached = multus.flatMap((each) => networkNames('networkName', each.at('networkName'), namespace));
  const isDefault = multus.some((each) => each.at('default').flag() === true);
  const own = networksOf(template.at('metadata', 'annotations'), attached, namespace, networks);
  return {
    labels: template.at('metadata', 'labels').labels(),
    serviceAccount: 'default',
    ports: spec
      .at('domain', 'devices', 'interfaces')
      .items()
      .flatMap((each) =>
        each
          .at('ports')
          .items()
          .flatMap((port) => guestPort(port) ?? []),
      ),
    hostNetwork: false,
    networks: isDefault ? own.filter((network) => network !== networks.primary(namespace)) : own,
    addresses: [],
    span: template.span,
  };
}

function guestPort(part: Part): ContainerPort | undefined {
  const port = part.at('port').integer();
  if (port === undefined || !isPort(port)) return undefined;
  const name = part.at('name').text();
  return { protocol: transportProtocol(part.at('protocol')), port, ...(name === undefined ? {} : { name }) };
}

function networksOf(
  annotations: Part,
  others: readonly NetworkName[],
  namespace: string,
  networks: Networks,
): readonly string[] {
  const [primary] = networkNames(DEFAULT_NETWORK_ANNOTATION, annotations.at(DEFAULT_NETWORK_ANNOTATION), 'kube-system');
  const asked = networkNames(NETWORKS_ANNOTATION, annotations.at(NETWORKS_ANNOTATION), namespace);
  const first = primary === undefined ? networks.primary(namespace) : networks.id(primary);
  return [...new Set([first, ...[...asked, ...others].map((each) => networks.id(each))])];
}

/** Of its containers, and of init containers that go on running beside them (KEP-753). */
function portsOf(spec: Part, hostNetwork: boolean): readonly ContainerPort[] {
  const sidecars = spec
    .at('initContainers')
    .items()
    .filter((each) => each.at('restartPolicy').text() === 'Always');
  return [...spec.at('containers').items(), ...sidecars].flatMap((container) =>
    container
      .at('ports')
      .items()
      .flatMap((each) => containerPort(each, hostNetwork) ?? []),
  );
}

function containerPort(part: Part, hostNetwork: boolean): ContainerPort | undefined {
  const port = part.at('containerPort').integer();
  if (port === undefined || !isPort(port)) return undefined;
  const name = part.at('name').text();
  const written = part.at('hostPort').integer();
  const hostPort = hostNetwork ? port : written === undefined || written === 0 ? undefined : written;
  return {
    protocol: transportProtocol(part.at('protocol')),
    port,
    ...(name === undefined ? {} : { name }),
    ...(hostPort === undefined ? {} : { hostPort }),
  };
}

function addressesOf(status: Part): readonly AddressRange[] {
  const listed = status
    .at('podIPs')
    .items()
    .map((each) => each.at('ip').text());
  const texts = listed.length > 0 ? listed : [status.at('podIP').text()];
  return texts.flatMap((text) => {
    const address = text === undefined ? undefined : parseAddress(text);
    return address === undefined ? [] : [addressRange(address)];
  });
}

import { type AddressRange, addressRange, parseAddress } from '../../net/index.ts';
import type { ClusterService, ServicePort } from '../cluster.ts';
import { addressBlock, joined } from './address-block.ts';
import { badValue } from './label-selector.ts';
import type { Manifest } from './manifest.ts';
import type { Part } from './part.ts';
import { portNumber, portNumberOrName, transportProtocol } from './port.ts';

/** A Service of the core API. */
export function service({ ref, labels, body, span }: Manifest): ClusterService {
  const spec = body.at('spec');
  const selector = spec.at('selector');
  const type = typeOf(spec.at('type'));
  const externalName = spec.at('externalName').text();
  const chosen = selector.labels();
  const sourceRanges = spec.at('loadBalancerSourceRanges');
  return {
    ref,
    namespace: ref.namespace ?? 'default',
    type,
    isHeadless: spec.at('clusterIP').text() === 'None',
    // An empty selector is none; without one its endpoints are written by somebody else.
    selector: type === 'ExternalName' || chosen.size === 0 ? undefined : chosen,
    ports: spec
      .at('ports')
      .items()
      .flatMap((each) => servicePort(each) ?? []),
    externalAddresses: externalAddresses(body),
    sourceRanges: sourceRanges.exists
      ? joined(sourceRanges.items().flatMap((each) => addressBlock(each) ?? []))
      : undefined,
    ...(spec.at('externalTrafficPolicy').text() === 'Local' ? { keepsClientAddress: true } : {}),
    ...(externalName === undefined ? {} : { externalName }),
    labels,
    span,
  };
}

function typeOf(part: Part): ClusterService['type'] {
  const type = part.text();
  switch (type) {
    case 'NodePort':
    case 'LoadBalancer':
    case 'ExternalName':
      return type;
    case undefined:
    case 'ClusterIP':
      return 'ClusterIP';
    default:
      badValue(part, '`ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`');
      return 'ClusterIP';
  }
}

function servicePort(part: Part): ServicePort | undefined {
  if (!part.at('port').exists) return part.missing('port');
  const port = portNumber(part.at('port'));
  if (port === undefined) return undefined;
  const name = part.at('name').text();
  const target = part.at('targetPort');
  // Zero and the empty text are what serialisers write where nothing is set.
  const isSet = target.exists && !isNothing(target);
  const nodePort = part.at('nodePort').integer();
  return {
    ...(name === undefined ? {} : { name }),
    protocol: transportProtocol(part.at('protocol')),
    port,
    target: (isSet ? portNumberOrName(target) : undefined) ?? port,
    ...(nodePort === undefined || nodePort === 0 ? {} : { nodePort }),
  };
}

function isNothing({ node }: Part): boolean {
  return node?.kind === 'scalar' && (node.value === 0 || node.value === '');
}

/** Beside those of the cluster: written by its author, or given by the load balancer. */
function externalAddresses(body: Part): readonly AddressRange[] {
  const given = body
    .at('status', 'loadBalancer', 'ingress')
    .items()
    .map((each) => each.at('ip'));
  const written = [...body.at('spec', 'externalIPs').items(), body.at('spec', 'loadBalancerIP')];
  const ranges = [...written, ...given].flatMap((each) => {
    const text = each.text();
    const address = text === undefined || text === '' ? undefined : parseAddress(text);
    return address === undefined ? [] : [addressRange(address)];
  });
  return joined(ranges);
}

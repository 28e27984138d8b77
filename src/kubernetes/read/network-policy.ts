import type { ClusterPeer, ClusterPolicy, PolicyRule, PolicySide, PortMatch } from '../policy.ts';
import { EVERYTHING, namespaceNamed, type Selector } from '../selector.ts';
import { addressBlock, without } from './address-block.ts';
import { badValue, labelSelector } from './label-selector.ts';
import type { Manifest } from './manifest.ts';
import type { Part } from './part.ts';
import { portNumber, portNumberOrName, transportProtocol } from './port.ts';
import { MANIFEST_PROBLEMS } from './problems.ts';

/**
 * A NetworkPolicy of `networking.k8s.io/v1`, by the rules of its API and what the API server checks (pkg/apis/networking/validation);
 * `undefined` where it would be refused. A MultiNetworkPolicy has the same form.
 */
export function networkPolicy(manifest: Manifest): ClusterPolicy | undefined {
  const { ref, span, body } = manifest;
  const before = body.report.count;
  body.only(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  const spec = body.at('spec');
  spec.only(['podSelector', 'ingress', 'egress', 'policyTypes']);
  const home = namespaceNamed(ref.namespace ?? 'default');
  const pods = labelSelector(spec.at('podSelector'));
  const ingress = rules(spec.at('ingress'), 'from', home);
  const egress = rules(spec.at('egress'), 'to', home);
  const types = policyTypes(spec.at('policyTypes')) ?? defaultTypes(egress);
  if (body.report.count > before) return undefined;
  return {
    ref,
    span,
    subject: { namespaces: home, pods },
    ingress: types.includes('Ingress') ? isolating(ingress) : undefined,
    egress: types.includes('Egress') ? isolating(egress) : undefined,
  };
}

type PolicyType = 'Ingress' | 'Egress';

/** Ingress always, egress where there are rules for it: a policy without either still isolates its pods for ingress. */
function defaultTypes(egress: readonly PolicyRule[]): readonly PolicyType[] {
  return egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function policyTypes(part: Part): readonly PolicyType[] | undefined {
  const items = part.items();
  if (items.length > 2) part.report.say(MANIFEST_PROBLEMS.tooMany, part.span, part.path, 2);
  const types = items.flatMap((item): readonly PolicyType[] => {
    const text = item.text();
    if (text === 'Ingress' || text === 'Egress') return [text];
    if (text !== undefined) badValue(item, '`Ingress` or `Egress`');
    return [];
  });
  return types.length === 0 ? undefined : types;
}

function isolating(allowed: readonly PolicyRule[]): PolicySide {
  return { isolates: true, rules: allowed };
}

function rules(part: Part, ends: 'from' | 'to', home: Selector): PolicyRule[] {
  return part.items().map((rule) => {
    rule.only([ends, 'ports']);
    const listed = rule.at(ends).items();
    // An empty list is the same as none: everybody.
    const peers = listed.length === 0 ? [EVERYBODY] : listed.flatMap((each) => peer(each, home) ?? []);
    const ports = rule.at('ports').items();
    return {
      action: 'allow',
      peers,
      ports: ports.length === 0 ? 'any' : ports.flatMap((each) => portMatch(each) ?? []),
      span: rule.span,
    };
  });
}

const EVERYBODY: ClusterPeer = { kind: 'everybody' };
const PEERS = '`podSelector` and `namespaceSelector` (one or both), or `ipBlock` alone';

function peer(part: Part, home: Selector): ClusterPeer | undefined {
  part.only(['podSelector', 'namespaceSelector', 'ipBlock']);
  const [pods, namespaces, block] = [part.at('podSelector'), part.at('namespaceSelector'), part.at('ipBlock')];
  const selects = pods.exists || namespaces.exists;
  if (selects === block.exists) part.report.say(MANIFEST_PROBLEMS.notOne, part.span, part.path, PEERS);
  if (block.exists) return ipBlock(block);
  return {
    kind: 'workloads',
    workloads: {
      namespaces: namespaces.exists ? labelSelector(namespaces) : home,
      pods: pods.exists ? labelSelector(pods) : EVERYTHING,
    },
  };
}

function ipBlock(part: Part): ClusterPeer | undefined {
  part.only(['cidr', 'except']);
  const cidr = part.at('cidr');
  if (!cidr.exists) return part.missing('cidr');
  const whole = addressBlock(cidr);
  const exceptions = part
    .at('except')
    .items()
    .flatMap((each) => {
      const block = addressBlock(each);
      if (block === undefined || whole === undefined) return [];
      const isWithin = block.family === whole.family && block.first >= whole.first && block.last <= whole.last;
      const isSmaller = block.last - block.first < whole.last - whole.first;
      if (isWithin && isSmaller) return [block];
      badValue(each, `a part of \`${cidr.text()}\`, smaller than it`);
      return [];
    });
  return whole === undefined ? undefined : { kind: 'addresses', ranges: without(whole, exceptions) };
}

function portMatch(part: Part): PortMatch | undefined {
  part.only(['protocol', 'port', 'endPort']);
  const protocol = transportProtocol(part.at('protocol'));
  const port = portNumberOrName(part.at('port'));
  const end = part.at('endPort');
  const last = portNumber(end);
  if (!part.at('port').exists) {
    if (end.exists) return cannotStand(end, 'it needs a `port` to begin at');
    return { kind: 'ports', protocol, first: 1, last: 65_535 };
  }
  if (port === undefined) return undefined;
  if (typeof port === 'string') {
    return end.exists
      ? cannotStand(end, 'it needs a `port` that is a number')
      : { kind: 'named', protocol, name: port };
  }
  if (last !== undefined && last < port) return badValue(end, `\`port\` (${port}) or more`);
  return { kind: 'ports', protocol, first: port, last: last ?? port };
}

function cannotStand(part: Part, why: string): undefined {
  return part.report.say(MANIFEST_PROBLEMS.excluded, part.span, part.path, why);
}

import { formatRef } from '../../kubernetes/index.ts';
import { type AddressRange, type Family, formatRange, range } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { breadthOf, GLOBAL } from './address-scope.ts';
import { placesOf } from './cluster-place.ts';
import { type ClusterView, idsText, type PlacedRule, ruleText } from './cluster-view.ts';
import { type Finding, finding } from './finding.ts';
import { CLUSTER_REACH } from './kinds-cluster-reach.ts';
import { list } from './words.ts';

/** What is amiss with the address blocks of rules. */
export function blockFindings(view: ClusterView): Finding[] {
  const own = AddressSet.of(view.workloads.flatMap(({ addresses }) => addresses));
  return view.rules.flatMap((placed) => [
    ...placed.rule.peers.flatMap((peer) => (peer.kind === 'addresses' ? ofBlock(view, placed, peer.ranges, own) : [])),
    ...families(placed),
  ]);
}

/** What installers give pods and services unless they are told otherwise. */
const DEFAULTS: readonly (readonly [block: AddressRange, whose: string])[] = [
  [range('10.96.0.0/12'), 'services, as kubeadm lays them out'], // kubeadm, networking.serviceSubnet
  [range('10.244.0.0/16'), 'pods, as flannel and kind lay them out'], // flannel, net-conf.json; kind, networking.podSubnet
  [range('10.42.0.0/16'), 'pods, as k3s lays them out'], // k3s server --cluster-cidr
  [range('10.43.0.0/16'), 'services, as k3s lays them out'], // k3s server --service-cidr
  [range('10.128.0.0/14'), 'pods, as OpenShift lays them out'], // install-config.yaml, networking.clusterNetwork
  [range('172.30.0.0/16'), 'services, as OpenShift lays them out'], // install-config.yaml, networking.serviceNetwork
];

/** For documentation (RFC 5737, RFC 3849, RFC 9637), and what people write when they do not know the address. */
const PLACEHOLDERS = AddressSet.of(
  ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20', '1.2.3.4/32', '5.6.7.8/32'].map(
    range,
  ),
);

function ofBlock(view: ClusterView, placed: PlacedRule, ranges: readonly AddressRange[], own: AddressSet): Finding[] {
  const set = AddressSet.of(ranges);
  if (isWorld(set, 4) || isWorld(set, 6) || placed.rule.action !== 'allow') return [];
  const examples = set.intersect(PLACEHOLDERS).ranges();
  const block = list(ranges.map(formatRange));
  const name = formatRef(placed.policy.ref);
  const particulars = {
    subject: `${name} ${placed.direction} ${block}`,
    origins: placesOf(placed.rule.span),
  };
  if (examples.length > 0) {
    const text = list(examples.map(formatRange));
    return [finding(CLUSTER_REACH.placeholder, particulars, name, ruleText(placed), text)];
  }
  const common = set.intersect(own);
  if (!common.isEmpty()) {
    const whose = view.workloads.filter(({ addresses }) => !common.intersect(AddressSet.of(addresses)).isEmpty());
    return [
      finding(CLUSTER_REACH.clusterAddresses, particulars, name, ruleText(placed), block, `of ${idsText(whose)}`),
    ];
  }
  const known = DEFAULTS.find(([each]) => set.subtract(AddressSet.of([each])).isEmpty());
  if (known !== undefined) {
    const conditions = ['whether this cluster is laid out so'];
    const whose = `of ${known[1]}`;
    return [
      finding(CLUSTER_REACH.clusterAddresses, { ...particulars, conditions }, name, ruleText(placed), block, whose),
    ];
  }
  const isBroad = ([4, 6] as const).some((family) => breadthOf(family, sizeOf(set, family)) === 'broad');
  return isBroad ? [finding(CLUSTER_REACH.broadBlock, particulars, name, ruleText(placed), block)] : [];
}

/** All of one family and nothing of the other: in the whole side of the policy, since rules of a side add up. */
function families(placed: PlacedRule): Finding[] {
  const said = ([4, 6] as const).filter((family) => isWorld(addressesOf(placed.rule.peers), family));
  const [family] = said;
  if (family === undefined || said.length > 1) return [];
  const missing: Family = family === 4 ? 6 : 4;
  const others = placed.policy[placed.direction]?.rules ?? [];
  const isElsewhere = others.some(
    ({ peers, action }) => action === placed.rule.action && addressesOf(peers).of(missing).intervals.length > 0,
  );
  if (isElsewhere) return [];
  const name = formatRef(placed.policy.ref);
  const particulars = {
    subject: `${name} ${placed.direction} IPv${missing}`,
    origins: placesOf(placed.rule.span),
  };
  const words = [name, ruleText(placed), `IPv${family}`, `IPv${missing}`] as const;
  switch (placed.rule.action) {
    case 'allow':
      return [finding(CLUSTER_REACH.oneFamily, particulars, ...words)];
    case 'deny':
      return [finding(CLUSTER_REACH.deniesOneFamily, particulars, ...words)];
    case 'pass':
      return [];
  }
}

function addressesOf(peers: PlacedRule['rule']['peers']): AddressSet {
  return AddressSet.of(peers.flatMap((peer) => (peer.kind === 'addresses' ? peer.ranges : [])));
}

const UNICAST = AddressSet.of(GLOBAL);

function isWorld(set: AddressSet, family: Family): boolean {
  return breadthOf(family, sizeOf(set.intersect(UNICAST), family)) === 'world';
}

export function sizeOf(set: AddressSet, family: Family): bigint {
  return set.of(family).intervals.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
}

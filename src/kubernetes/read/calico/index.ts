import type { Reporter } from '../../../policy/index.ts';
import type { Namespace } from '../../cluster.ts';
import { formatRef } from '../../policy.ts';
import { type CalicoPolicies, type CalicoTier, DEFAULT_TIER, type OrderedPolicy } from '../layers.ts';
import type { Manifest } from '../manifest.ts';
import { serviceTargets } from '../service-targets.ts';
import type { CalicoFacts } from './facts.ts';
import { readOrder, readPolicy } from './policy.ts';
import { CALICO_PROBLEMS } from './problems.ts';
import { readNetworkSet } from './sets.ts';

export { CALICO_PROBLEMS } from './problems.ts';
export { printCalicoSelector } from './selector-print.ts';

/** The API that people write, and the objects in which a cluster without Calico's API server keeps the same. */
const API_VERSIONS: readonly string[] = ['projectcalico.org/v3', 'crd.projectcalico.org/v1'];

/** Calico's kinds among the manifests of a cluster. */
export function readCalico(
  manifests: readonly Manifest[],
  namespaces: ReadonlyMap<string, Namespace>,
  report: Reporter,
): CalicoPolicies {
  const own = withoutStored(manifests.filter(({ apiVersion }) => API_VERSIONS.includes(apiVersion)));
  if (own.length === 0) return { tiers: [], opaque: [] };
  const facts: CalicoFacts = {
    sets: own
      .filter(({ kind }) => kind === 'NetworkSet' || kind === 'GlobalNetworkSet')
      .map((manifest) => readNetworkSet(withKeptLabels(manifest), namespaces)),
    services: serviceTargets(manifests),
    opaque: [],
  };
  const tiers = new Map<string, MutableTier>([
    [DEFAULT_TIER.name, { ...DEFAULT_TIER, isolated: 'deny', policies: [] }],
  ]);
  for (const manifest of own) if (manifest.kind === 'Tier') addTier(manifest, tiers);
  for (const manifest of own) addPolicy(manifest, facts, tiers, report);
  return { tiers: [...tiers.values()], opaque: facts.opaque };
}

type MutableTier = CalicoTier & { readonly policies: OrderedPolicy[] };

function addTier(manifest: Manifest, tiers: Map<string, MutableTier>): void {
  const spec = manifest.body.at('spec');
  spec.only(['order', 'defaultAction']);
  const { name } = manifest.ref;
  const part = spec.at('defaultAction');
  const written = part.text() ?? 'Deny';
  if (written !== 'Deny' && written !== 'Pass') {
    part.report.say(CALICO_PROBLEMS.badValue, part.span, part.path, written, 'Deny or Pass');
  }
  const isDefault = name === DEFAULT_TIER.name;
  const order = readOrder(spec.at('order'));
  if (isDefault && spec.at('order').exists && order !== DEFAULT_TIER.order) {
    const at = spec.at('order');
    at.report.say(
      CALICO_PROBLEMS.refused,
      at.span,
      at.path,
      `the order of the tier \`default\` is ${DEFAULT_TIER.order}`,
    );
  }
  tiers.set(name, {
    name,
    order: isDefault ? DEFAULT_TIER.order : order,
    isolated: written === 'Pass' ? 'next' : 'deny',
    policies: [],
  });
}

function addPolicy(manifest: Manifest, facts: CalicoFacts, tiers: Map<string, MutableTier>, report: Reporter): void {
  switch (manifest.kind) {
    case 'NetworkPolicy':
    case 'GlobalNetworkPolicy': {
      const before = report.count;
      const read = readPolicy(manifest, facts);
      if (read === undefined) return;
      const { tier, policies } = read;
      if (!tiers.has(tier)) {
        if (report.count === before) unknownTier(manifest, tier, report);
        tiers.set(tier, { name: tier, order: Number.POSITIVE_INFINITY, isolated: 'deny', policies: [] });
      }
      tiers.get(tier)!.policies.push(...policies);
      return;
    }
    case 'StagedNetworkPolicy':
    case 'StagedGlobalNetworkPolicy':
    case 'StagedKubernetesNetworkPolicy':
      report.say(CALICO_PROBLEMS.staged, manifest.span, formatRef(manifest.ref));
      return;
    case 'HostEndpoint':
      facts.opaque.push({
        ref: manifest.ref,
        span: manifest.span,
        text: formatRef(manifest.ref),
        reason: 'policies also hold for this interface of a node, which is not followed',
        bounds: 'either',
      });
      return;
    default: // sets and tiers are read already; pools, peers and settings of Calico decide nothing here
  }
}

function unknownTier(manifest: Manifest, tier: string, report: Reporter): void {
  const at = manifest.body.at('spec', 'tier');
  report.say(CALICO_PROBLEMS.unknownTier, at.span, formatRef(manifest.ref), tier);
}

/** A live cluster tells the same objects twice, by Calico's API and as they are kept (there with the tier before the name). */
function withoutStored(manifests: readonly Manifest[]): Manifest[] {
  const key = ({ kind, ref }: Manifest) => `${kind} ${ref.namespace ?? ''}/${ref.name.replace(/^default\./, '')}`;
  const told = new Set(manifests.filter(({ apiVersion }) => apiVersion === API_VERSIONS[0]).map(key));
  return manifests.filter((manifest) => manifest.apiVersion === API_VERSIONS[0] || !told.has(key(manifest)));
}

/** Where a cluster keeps the object itself, its labels are in an annotation (libcalico-go, `ConvertK8sResourceToCalicoResource`). */
const KEPT = 'projectcalico.org/metadata';

function withKeptLabels(manifest: Manifest): Manifest {
  const kept = manifest.annotations.get(KEPT);
  return kept === undefined ? manifest : { ...manifest, labels: new Map([...manifest.labels, ...labelsIn(kept)]) };
}

function labelsIn(text: string): (readonly [string, string])[] {
  let metadata: unknown;
  try {
    metadata = JSON.parse(text);
  } catch {
    return [];
  }
  if (typeof metadata !== 'object' || metadata === null || !('labels' in metadata)) return [];
  const { labels } = metadata;
  if (typeof labels !== 'object' || labels === null) return [];
  return Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}

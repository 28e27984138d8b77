import { AddressSet } from '../../../packetset/index.ts';
import type { Namespace } from '../../cluster.ts';
import type { LabelMap } from '../../selector.ts';
import { blockOf } from '../address-meaning.ts';
import type { Manifest } from '../manifest.ts';
import { type NamePattern, namePattern } from '../name-patterns.ts';
import type { Part } from '../part.ts';
import { networkSetLabels } from './endpoints.ts';
import { CALICO_PROBLEMS } from './problems.ts';

/** NetworkSet and GlobalNetworkSet: addresses with labels, which selectors of rules find as they find pods. */
export interface NetworkSet {
  readonly labels: LabelMap; // with what it inherits
  readonly addresses: AddressSet;
  readonly names: readonly NamePattern[]; // for egress only (Calico Enterprise and Cloud)
}

export function readNetworkSet(manifest: Manifest, namespaces: ReadonlyMap<string, Namespace>): NetworkSet {
  const { ref, body } = manifest;
  const spec = body.at('spec');
  spec.only(['nets', 'allowedEgressDomains']);
  const { namespace } = ref;
  const labels = networkSetLabels(
    manifest.labels,
    namespace === undefined ? undefined : { name: namespace, labels: namespaces.get(namespace)?.labels ?? new Map() },
  );
  return {
    labels,
    addresses: AddressSet.of(readNets(spec.at('nets')) ?? []),
    names: readDomains(spec.at('allowedEgressDomains')),
  };
}

/** `undefined`: none are written, which restricts nothing. */
export function readNets(part: Part): ReturnType<typeof ranges> | undefined {
  return part.items().length === 0 ? undefined : ranges(part);
}

function ranges(part: Part) {
  return part.items().flatMap((item) => {
    const text = item.text();
    if (text === undefined) return [];
    const block = blockOf(text);
    if (block !== undefined) return [block];
    item.report.say(CALICO_PROBLEMS.badValue, item.span, item.path, text, 'an address block such as `10.0.0.0/8`');
    return [];
  });
}

export function readDomains(part: Part): NamePattern[] {
  return part.items().flatMap((item) => {
    const text = item.text();
    if (text === undefined) return [];
    const pattern = namePattern(text, 'labels');
    if (pattern !== undefined) return [pattern];
    const expected = 'a name such as `api.example.com` or `*.example.com`';
    item.report.say(CALICO_PROBLEMS.badValue, item.span, item.path, text, expected);
    return [];
  });
}

import type { Reporter, YamlNode } from '../../policy/index.ts';
import { type SourceFile, spanPosition } from '../../source/index.ts';
import { formatRef, type ObjectRef } from '../policy.ts';
import type { LabelMap } from '../selector.ts';
import { groupOf, isOfTheCluster } from './api.ts';
import { bearsOnTheNetwork } from './bearing.ts';
import { objectsOf, type WrittenObject } from './documents.ts';
import type { Manifest } from './manifest.ts';
import { Part } from './part.ts';
import { MANIFEST_PROBLEMS } from './problems.ts';

/** What the files say of a cluster’s network. Objects that say nothing of it (a ConfigMap, a Role) are left out, whatever is wrong with them. */
export function manifestsOf(files: readonly SourceFile[], report: Reporter): Manifest[] {
  const manifests = objectsOf(files, report).flatMap((object) => manifestOf(object, report) ?? []);
  return withoutRepetitions(manifests, report);
}

function manifestOf({ apiVersion, kind, node }: WrittenObject, report: Reporter): Manifest | undefined {
  const body = new Part(node, '', node.span, report);
  if (apiVersion === '') return body.missing('apiVersion');
  if (kind === '') return body.missing('kind');
  if (!bearsOnTheNetwork(apiVersion, kind)) return undefined;
  const metadata = body.at('metadata');
  const name = metadata.at('name').text() ?? metadata.at('generateName').text();
  if (name === undefined || name === '') return metadata.has('name') ? undefined : metadata.missing('name');
  const namespace = metadata.at('namespace').text() ?? 'default';
  const ref: ObjectRef = isOfTheCluster(kind) ? { kind, name } : { kind, namespace: namespace || 'default', name };
  const labels = metadata.at('labels').labels();
  return { apiVersion, kind, ref, labels, annotations: annotationsOf(metadata), body, span: node.span };
}

function annotationsOf(metadata: Part): LabelMap {
  return metadata.at('annotations').labels();
}

/** The same object may be in several files; where they differ, the last one stands, as with `kubectl apply`. */
function withoutRepetitions(manifests: readonly Manifest[], report: Reporter): Manifest[] {
  const kept = new Map<string, Manifest>();
  for (const manifest of manifests) {
    const { apiVersion, ref, span } = manifest;
    const key = `${groupOf(apiVersion)} ${formatRef(ref)}`;
    const first = kept.get(key);
    if (first !== undefined && !isSameObject(first, manifest)) {
      const { line } = spanPosition(first.span);
      report.say(MANIFEST_PROBLEMS.conflict, span, formatRef(ref), first.span.file.name, line);
    }
    kept.set(key, manifest);
  }
  return [...kept.values()];
}

/** Without what the cluster itself writes, and remarks of tools. */
function isSameObject(a: Manifest, b: Manifest): boolean {
  const owners = [a, b].map(({ body }) => body.at('metadata', 'ownerReferences').node);
  return (
    isSame(a.body.node, b.body.node, ['metadata', 'status']) &&
    isSame(owners[0], owners[1]) &&
    areSame(a.labels, b.labels) &&
    areSame(onNetworks(a.annotations), onNetworks(b.annotations))
  );
}

function onNetworks(annotations: LabelMap): LabelMap {
  return new Map([...annotations].filter(([key]) => /cni|ovn|calico|cilium|istio/.test(key)));
}

function areSame(a: LabelMap, b: LabelMap): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

function isSame(a: YamlNode | undefined, b: YamlNode | undefined, without: readonly string[] = []): boolean {
  if (a === undefined || b === undefined) return isNothing(a) && isNothing(b);
  if (a.kind === 'scalar') return b.kind === 'scalar' && a.value === b.value;
  if (a.kind === 'list') {
    return (
      b.kind === 'list' && a.items.length === b.items.length && a.items.every((item, at) => isSame(item, b.items[at]))
    );
  }
  if (b.kind !== 'map') return false;
  const keys = new Set([...a.entries.keys(), ...b.entries.keys()]);
  return [...keys].every(
    (key) => without.includes(key) || isSame(a.entries.get(key)?.value, b.entries.get(key)?.value),
  );
}

function isNothing(node: YamlNode | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.value === null);
}

import { Reporter, readYaml, type YamlNode } from '../../policy/index.ts';
import { SourceFile } from '../../source/index.ts';
import { type Namespace, POD_NETWORK } from '../cluster.ts';
import { formatRef } from '../policy.ts';
import { matches } from '../selector.ts';
import { labelSelector } from './label-selector.ts';
import type { Manifest } from './manifest.ts';
import type { Part } from './part.ts';
import { MANIFEST_PROBLEMS } from './problems.ts';

/** On a namespace of whose pods a primary network of their own is asked for (OVN-Kubernetes, user-defined networks). */
const WANTS_PRIMARY = 'k8s.ovn.org/primary-user-defined-network';

/** A network’s name in its namespace, as pods ask for it. */
export interface NetworkName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * The networks beside the one that every pod is in: NetworkAttachmentDefinitions (Multus), and the UserDefinedNetworks of OVN-Kubernetes,
 * for each of which it makes an attachment definition of the same name in the namespace, or in every namespace that is selected.
 */
export class Networks {
  readonly #ids = new Map<string, string>(); // of each attachment, where it is not its own name
  readonly #primary = new Map<string, string>(); // by namespace

  constructor(manifests: readonly Manifest[], namespaces: ReadonlyMap<string, Namespace>) {
    for (const manifest of manifests) {
      switch (manifest.kind) {
        case 'NetworkAttachmentDefinition':
          this.#attachment(manifest, namespaces);
          break;
        case 'UserDefinedNetwork':
          this.#ofNamespace(manifest, namespaces);
          break;
        case 'ClusterUserDefinedNetwork':
          this.#ofCluster(manifest, namespaces);
          break;
      }
    }
  }

  /** Of the pods of a namespace, unless they ask for another. */
  primary(namespace: string): string {
    return this.#primary.get(namespace) ?? POD_NETWORK;
  }

  id({ namespace, name }: NetworkName): string {
    return this.#ids.get(`${namespace}/${name}`) ?? `${namespace}/${name}`;
  }

  /** Attachments of OVN-Kubernetes whose configurations name the same network are in one network (its docs, multi-homing). */
  #attachment({ ref, body }: Manifest, namespaces: ReadonlyMap<string, Namespace>): void {
    const config = json(body.at('spec', 'config'));
    if (config?.kind !== 'map') return;
    const word = (key: string): string | undefined => {
      const value = config.entries.get(key)?.value;
      return value?.kind === 'scalar' ? value.text : undefined;
    };
    if (word('type') !== 'ovn-k8s-cni-overlay') return;
    const name = word('name');
    const own = `${ref.namespace}/${ref.name}`;
    const id = name === undefined || name === ref.name ? own : `network ${name}`;
    this.#ids.set(own, id);
    if (word('role') === 'primary') this.#makePrimary(ref.namespace ?? 'default', id, namespaces);
  }

  #ofNamespace({ ref, body }: Manifest, namespaces: ReadonlyMap<string, Namespace>): void {
    if (isPrimary(body.at('spec'))) this.#makePrimary(ref.namespace ?? 'default', this.id(named(ref)), namespaces);
  }

  #ofCluster({ ref, body }: Manifest, namespaces: ReadonlyMap<string, Namespace>): void {
    const selector = labelSelector(body.at('spec', 'namespaceSelector'));
    const primary = isPrimary(body.at('spec', 'network'));
    const id = formatRef(ref);
    for (const { name, labels } of namespaces.values()) {
      if (!matches(selector, labels)) continue;
      this.#ids.set(`${name}/${ref.name}`, id);
      if (primary) this.#makePrimary(name, id, namespaces);
    }
  }

  #makePrimary(namespace: string, id: string, namespaces: ReadonlyMap<string, Namespace>): void {
    // The label must be there when the namespace is made; without it its pods stay in the network of all.
    if (namespaces.get(namespace)?.labels.has(WANTS_PRIMARY) === true) this.#primary.set(namespace, id);
  }
}

function named({ namespace = 'default', name }: { namespace?: string; name: string }): NetworkName {
  return { namespace, name };
}

function isPrimary(network: Part): boolean {
  return ['layer2', 'layer3'].some((layer) => network.at(layer, 'role').text() === 'Primary');
}

/** JSON within a text; `undefined` where it is none. */
function json(part: Part): YamlNode | undefined {
  const text = part.text();
  if (text === undefined) return undefined;
  return readYaml(new SourceFile(part.span.file.name, text), new Reporter());
}

export const NETWORKS_ANNOTATION = 'k8s.v1.cni.cncf.io/networks';
export const DEFAULT_NETWORK_ANNOTATION = 'v1.multus-cni.io/default-network';

/** A list of networks, as an annotation gives it: `a, b/c@eth1`, or a JSON list of objects (Kubernetes Network Custom Resource Definition De-facto Standard, 4.1). */
export function networkNames(key: string, annotation: Part, home: string): readonly NetworkName[] {
  const text = annotation.text();
  if (text === undefined || text.trim() === '') return [];
  return text.trimStart().startsWith('[') ? fromJson(key, annotation, home) : fromWords(key, annotation, text, home);
}

function fromWords(key: string, annotation: Part, text: string, home: string): readonly NetworkName[] {
  return text.split(',').flatMap((word) => {
    const found = /^\s*(?:([^/@\s]+)\/)?([^/@\s]+)(?:@[^/@\s]+)?\s*$/.exec(word);
    if (found !== null) return [{ namespace: found[1] ?? home, name: found[2]! }];
    annotation.report.say(MANIFEST_PROBLEMS.badAnnotation, annotation.span, key, `\`${word.trim()}\` is no network`);
    return [];
  });
}

function fromJson(key: string, annotation: Part, home: string): readonly NetworkName[] {
  const read = json(annotation);
  const items = read?.kind === 'list' ? read.items : [undefined];
  return items.flatMap((item) => {
    const name = textOf(item, 'name');
    if (name !== undefined) return [{ namespace: textOf(item, 'namespace') ?? home, name }];
    const problem = read?.kind === 'list' ? 'an entry has no `name`' : 'it is no JSON list';
    annotation.report.say(MANIFEST_PROBLEMS.badAnnotation, annotation.span, key, problem);
    return [];
  });
}

function textOf(node: YamlNode | undefined, key: string): string | undefined {
  const value = node?.kind === 'map' ? node.entries.get(key)?.value : undefined;
  return value?.kind === 'scalar' && value.value !== null && value.text !== '' ? value.text : undefined;
}

import { type ObjectTree, printManifests, type Tree, yamlText } from '../cluster/manifest.ts';
import type { Artifact } from '../target.ts';
import { NODE_NAME, NODE_NAMESPACE } from './node-firewall.ts';
import { type ClusterPackage, PILOT_LABEL } from './package.ts';
import { isPilotPolicy } from './slots.ts';

/**
 * A base that is the proven manifests as they are, and an overlay for each way to begin. There is no overlay that pretends to try a NetworkPolicy
 * without enforcing it, for that API has no such thing; where a product has (Calico's staged kinds), there is one.
 */
export function kustomizeFiles(of: ClusterPackage): readonly Artifact[] {
  return [
    ...folder(
      'base',
      of.files,
      `The manifests as they were proven for the policy ${of.intent.name}. What is changed above them is outside of the proof.`,
    ),
    overlay('enforce', 'Every pod of the governed namespaces, at once.', ['../../base']),
    ...pilot(of),
    ...staged(of),
    ...nodes(of),
  ];
}

/** Pods by and by: outside of the proof, for whoever lacks the label is not held back. */
function pilot({ target, files }: ClusterPackage): Artifact[] {
  if (target !== 'kubernetes') return [];
  const policies = files.flatMap(({ objects }) => objects.map(({ body }) => body)).filter(isPilotPolicy);
  const patch = yamlText({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'each' },
    spec: { podSelector: { matchLabels: { [PILOT_LABEL]: 'true' } } },
  });
  return [
    overlay(
      'pilot',
      `Only pods with the label ${PILOT_LABEL}=true: all others are let through everything, as before. Outside of the proof.`,
      ['../../base'],
      policies.map(({ metadata }) => ({ target: { kind: 'NetworkPolicy', ...placeOf(metadata) }, patch })),
    ),
  ];
}

function placeOf(metadata: Tree | undefined): ObjectTree {
  if (typeof metadata !== 'object' || !('name' in metadata)) return {};
  return { name: metadata.name, namespace: metadata.namespace };
}

function staged({ staged: files }: ClusterPackage): Artifact[] {
  if (files === undefined) return [];
  return folder(
    'overlays/staged',
    files,
    'Nothing is enforced: flow logs tell what would be. Delete these before `enforce`, or they go on reporting.',
  );
}

function nodes({ nodes: firewall }: ClusterPackage): Artifact[] {
  if (firewall === undefined) return [];
  const all = { target: { kind: 'DaemonSet', name: `${NODE_NAME}.*` } };
  const others = { target: { kind: 'DaemonSet', name: `^${NODE_NAME}$` } };
  return [
    ...folder('nodes', firewall.files, 'The firewall of the nodes: canaries first.'),
    overlay(
      'nodes-everywhere',
      'When the canaries are well: all nodes, one after the other, and no further than the first that is not.',
      ['../../nodes'],
      [
        {
          ...others,
          patch: yamlText({
            apiVersion: 'apps/v1',
            kind: 'DaemonSet',
            metadata: { name: NODE_NAME, namespace: NODE_NAMESPACE },
            spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } } },
          }),
        },
      ],
    ),
    overlay(
      'nodes-remove',
      'Takes the rules of Portcullis away from all nodes. When every pod is ready: `kubectl delete -k nodes`.',
      ['../../nodes'],
      [
        {
          ...all,
          patch: yamlText([
            { op: 'add', path: '/spec/template/spec/containers/0/args/-', value: '--remove' },
            { op: 'replace', path: '/spec/updateStrategy', value: { type: 'RollingUpdate' } },
          ]),
        },
      ],
    ),
  ];
}

function folder(name: string, files: ClusterPackage['files'], comment: string): Artifact[] {
  const printed = printManifests(files);
  const resources = printed.map((file) => file.name);
  return [
    { name: `${name}/kustomization.yaml`, text: kustomization(comment, { resources }) },
    ...printed.map((file) => ({ name: `${name}/${file.name}`, text: file.text })),
  ];
}

function overlay(
  name: string,
  comment: string,
  resources: readonly string[],
  patches?: readonly ObjectTree[],
): Artifact {
  return { name: `overlays/${name}/kustomization.yaml`, text: kustomization(comment, { resources, patches }) };
}

function kustomization(comment: string, fields: { readonly [field: string]: Tree | undefined }): string {
  return `# ${comment}\n${yamlText({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...fields })}`;
}

import { type ManifestFile, Noted, type ObjectTree, printManifests, type Tree } from '../cluster/manifest.ts';
import { type ClusterPackage, PILOT_LABEL } from './package.ts';
import { markPrefix, type Slot } from './template-text.ts';

/** The cluster's DNS, as every target writes it unless a value says otherwise. */
export const DNS_NAMESPACE = 'kube-system';
export const DNS_LABELS = { 'k8s-app': 'kube-dns' } as const;
const NAMESPACE_KEY = 'kubernetes.io/metadata.name';

/** What stands in the manifests wherever a value goes. */
interface Marks {
  readonly dnsNamespace: string;
  readonly dnsLabels: string;
  readonly image: string;
  readonly pilot: string;
  readonly pilotOnly: string;
  readonly rollout: string;
  readonly nodeArguments: string;
}

function marksFor({ files, nodes }: ClusterPackage): Marks {
  const prefix = markPrefix(printManifests([...files, ...(nodes?.files ?? [])]).map(({ text }) => text));
  return {
    dnsNamespace: `${prefix}DNS_NAMESPACE`,
    dnsLabels: `${prefix}DNS_LABELS`,
    image: `${prefix}IMAGE`,
    pilot: `${prefix}LABEL_OF_PILOT`,
    pilotOnly: `${prefix}PILOT_ONLY`,
    rollout: `${prefix}ROLLOUT`,
    nodeArguments: `${prefix}NODE_ARGUMENTS`,
  };
}

const PILOT = 'eq .Values.enforce "labelled-pods"';

/** What may be said where a chart is installed, and what each comes to. */
export function slotsOf(of: ClusterPackage): readonly Slot[] {
  const marks = marksFor(of);
  const label = `${PILOT_LABEL}: "true"`;
  return [
    inline(marks.dnsNamespace, '{{ .Values.dns.namespace }}', DNS_NAMESPACE),
    line(
      marks.dnsLabels,
      (indent) => `{{- toYaml .Values.dns.podLabels | nindent ${indent} }}`,
      (indent) =>
        Object.entries(DNS_LABELS)
          .map(([key, value]) => `${' '.repeat(indent)}${key}: ${value}`)
          .join('\n'),
    ),
    inline(marks.image, '{{ .Values.image | quote }}', of.image),
    inline(marks.pilotOnly, `{{ if ${PILOT} }}{matchLabels: {${label}}}{{ else }}{}{{ end }}`, '{}'),
    line(
      marks.pilot,
      (indent) => `{{- if ${PILOT} }}\n${' '.repeat(indent)}${label}\n{{- end }}`,
      () => '',
    ),
    inline(
      marks.rollout,
      '{{ or .Values.nodes.remove (eq .Values.nodes.rollout "everywhere") | ternary "RollingUpdate" "OnDelete" }}',
      'OnDelete',
    ),
    line(
      marks.nodeArguments,
      (indent) =>
        `${' '.repeat(indent)}args: {{- include "portcullis.nodeArguments" . | trim | nindent ${indent + 2} }}`,
      () => '',
    ),
  ];
}

function inline(text: string, action: string, byDefault: string): Slot {
  return { mark: text, whole: false, action: () => action, byDefault: () => byDefault };
}

function line(text: string, action: Slot['action'], byDefault: Slot['byDefault']): Slot {
  return { mark: text, whole: true, action, byDefault };
}

/** The manifests with a mark wherever a value goes. */
export function marked(file: ManifestFile, of: ClusterPackage): ManifestFile {
  const marks = marksFor(of);
  const withPilot = of.target === 'kubernetes';
  return {
    ...file,
    objects: file.objects.map(({ comment, body }) => ({
      comment,
      body:
        withPilot && isPilotPolicy(body) ? pilot(values(body, of.image, marks), marks) : values(body, of.image, marks),
    })),
  };
}

/** Whether any of the manifests names the cluster's DNS by labels, so that there is something to say of it. */
export function namesDns(of: ClusterPackage): boolean {
  return JSON.stringify(of.files.map((file) => marked(file, of))).includes(marksFor(of).dnsLabels);
}

function values(tree: ObjectTree, image: string, marks: Marks): ObjectTree {
  if (isDns(tree)) return dns(marks);
  return Object.fromEntries(
    Object.entries(tree).map(([field, value]) => [
      field,
      field === 'image' && value === image
        ? marks.image
        : value === undefined
          ? undefined
          : within(value, image, marks),
    ]),
  );
}

function within(tree: Tree, image: string, marks: Marks): Tree {
  if (tree instanceof Noted) return new Noted(tree.note, within(tree.value, image, marks));
  if (typeof tree !== 'object') return tree;
  if (isList(tree)) return tree.map((each) => within(each, image, marks));
  return values(tree, image, marks);
}

function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}

/** A peer `{ namespaceSelector, podSelector }` that is the cluster's DNS and nobody else. */
function isDns(tree: ObjectTree): boolean {
  return (
    JSON.stringify(tree) ===
    JSON.stringify({
      namespaceSelector: { matchLabels: { [NAMESPACE_KEY]: DNS_NAMESPACE } },
      podSelector: { matchLabels: DNS_LABELS },
    })
  );
}

function dns(marks: Marks): ObjectTree {
  return {
    namespaceSelector: { matchLabels: { [NAMESPACE_KEY]: marks.dnsNamespace } },
    podSelector: { matchLabels: { [marks.dnsLabels]: true } },
  };
}

/** A policy of pods that are somebody's: gateways are ours, and are held back from the beginning. */
export function isPilotPolicy({ kind, spec }: ObjectTree): boolean {
  return kind === 'NetworkPolicy' && !JSON.stringify(isObject(spec) ? spec.podSelector : {}).includes(GATEWAY_NAME);
}

const GATEWAY_NAME = '"app.kubernetes.io/name":"portcullis-gateway"';

function pilot(body: ObjectTree, marks: Marks): ObjectTree {
  const { spec } = body;
  if (!isObject(spec) || !isObject(spec.podSelector)) return body;
  const { podSelector } = spec;
  const labels = podSelector.matchLabels;
  const isEverybody = Object.keys(podSelector).length === 0;
  return {
    ...body,
    spec: {
      ...spec,
      podSelector: isEverybody
        ? marks.pilotOnly
        : { ...podSelector, matchLabels: { ...(isObject(labels) ? labels : {}), [marks.pilot]: true } },
    },
  };
}

function isObject(tree: Tree | undefined): tree is ObjectTree {
  return typeof tree === 'object' && !(tree instanceof Noted) && !isList(tree);
}

/** Of the DaemonSets: their arguments, and how the nodes that are no canaries get a new policy. */
export function markedNodes(file: ManifestFile, of: ClusterPackage): ManifestFile {
  const marks = marksFor(of);
  return {
    ...file,
    objects: file.objects.map(({ comment, body }) => ({
      comment,
      body: body.kind === 'DaemonSet' ? daemonSet(body, marks) : body,
    })),
  };
}

function daemonSet(body: ObjectTree, marks: Marks): ObjectTree {
  const { spec } = body;
  if (!isObject(spec) || !isObject(spec.updateStrategy) || !isObject(spec.template)) return body;
  const podSpec = spec.template.spec;
  if (!isObject(podSpec) || podSpec.containers === undefined) return body;
  const containers = isList(podSpec.containers) ? podSpec.containers.filter(isObject) : [];
  const isOnDelete = spec.updateStrategy.type === 'OnDelete';
  return {
    ...body,
    spec: {
      ...spec,
      updateStrategy: isOnDelete ? { type: marks.rollout } : spec.updateStrategy,
      template: {
        ...spec.template,
        spec: {
          ...podSpec,
          containers: containers.map(({ args: _, ...container }) => ({
            ...container,
            image: marks.image,
            [marks.nodeArguments]: true,
          })),
        },
      },
    },
  };
}

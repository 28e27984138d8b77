import { type ClusterIntent, objectName } from '../../kubernetes/index.ts';
import { printManifests, type Tree, yamlText } from '../cluster/manifest.ts';
import type { Artifact } from '../target.ts';
import { notes } from './helm-notes.ts';
import { connectionTest, testedByDefault } from './helm-test.ts';
import { type ClusterPackage, PILOT_LABEL } from './package.ts';
import { DNS_LABELS, DNS_NAMESPACE, marked, markedNodes, namesDns, slotsOf } from './slots.ts';
import { defaultOf, templateOf } from './template-text.ts';

/** A chart: the proven manifests with few values, each of which is told as outside of the proof where it is. */
export function helmFiles(of: ClusterPackage, version: string): readonly Artifact[] {
  return [
    { name: 'Chart.yaml', text: chart(of.intent, version) },
    { name: 'values.yaml', text: valuesText(of) },
    { name: 'values.schema.json', text: `${JSON.stringify(schema(of), undefined, 2)}\n` },
    { name: '.helmignore', text: '.git/\n*.tgz\n' },
    ...templates(of),
    { name: 'templates/_helpers.tpl', text: HELPERS },
    { name: 'templates/NOTES.txt', text: notes(of) },
    { name: 'templates/tests/connections.yaml', text: connectionTest(of) },
  ];
}

/** The manifests of a chart, as its default values make them: what has to be what was proven. */
export function helmDefaults(of: ClusterPackage): readonly Artifact[] {
  const slots = slotsOf(of);
  return printManifests(of.files.map((file) => marked(file, of))).map(({ name, text }) => ({
    name,
    text: defaultOf(text, slots).replace(/^\n/gm, ''),
  }));
}

function templates(of: ClusterPackage): Artifact[] {
  const slots = slotsOf(of);
  const policies = printManifests(of.files.map((file) => marked(file, of)));
  const nodes = printManifests((of.nodes?.files ?? []).map((file) => markedNodes(file, of)));
  return [
    ...policies.map(({ name, text }) => ({ name: `templates/${name}`, text: templateOf(text, slots) })),
    ...nodes.map(({ name, text }) => ({
      name: `templates/${name}`,
      text: `{{- if .Values.nodes.enabled }}\n${templateOf(text, slots)}{{- end }}\n`,
    })),
  ];
}

/** `--remove` takes the rules away; otherwise the checks are what a new policy has to stand. */
const HELPERS = `{{- define "portcullis.nodeArguments" -}}
{{- if .Values.nodes.remove }}
- --remove
{{- else }}
{{- range .Values.nodes.healthy }}
- --healthy
- {{ . | quote }}
{{- end }}
{{- end }}
- --ready-file
- /run/portcullis-node/ready
{{- end }}
`;

function chart({ name }: ClusterIntent, version: string): string {
  return yamlText({
    apiVersion: 'v2',
    name: objectName(name),
    description: `What the policy ${name} lets through in a cluster, and nothing else. Written by Portcullis.`,
    type: 'application',
    version,
    kubeVersion: '>=1.25.0-0', // endPort of NetworkPolicy is stable since then
  });
}

interface ValueNote {
  readonly key: string;
  readonly note: string;
  readonly value: Tree;
}

function valuesText(of: ClusterPackage): string {
  const { nodes, image, target } = of;
  const notes: ValueNote[] = [
    { key: 'image', note: 'of Portcullis: gateways, the firewall of nodes and `helm test` run from it', value: image },
  ];
  if (target === 'kubernetes')
    notes.push({
      key: 'enforce',
      note: `every-pod, or labelled-pods: only pods with the label ${PILOT_LABEL}=true; all others are let through everything (outside of the proof)`,
      value: 'every-pod',
    });
  if (namesDns(of))
    notes.push({
      key: 'dns',
      note: 'the pods that answer for the cluster’s DNS; others than these are outside of the proof. A label is taken out with null',
      value: { namespace: DNS_NAMESPACE, podLabels: DNS_LABELS },
    });
  const text = notes.map(({ key, note, value }) => `# ${note}\n${yamlText({ [key]: value })}`);
  return [
    ...text,
    ...(nodes === undefined ? [] : [NODE_VALUES]),
    '# what `helm test` tries as a pod of the agent’s zone: over TCP: `host:port`, or `$NAME` for a Service of its namespace; $KUBERNETES is the API server\n',
    yamlText({ test: { ...testedByDefault(of) } }),
  ].join('');
}

const NODE_VALUES = `# the firewall of the nodes, from a policy of its own
nodes:
  enabled: false
  # canary: others than canaries get a new policy when their pod is deleted; everywhere: one after the other
  rollout: canary
  # what a node must be able to do for a new policy to stay
  healthy:
    - kubernetes
  # true: take the rules away from every node, and uninstall then. Uninstalling alone takes none away
  remove: false
`;

/** Values that nobody has defined are refused: a namespace or a label that is set in vain would be believed to count. */
function schema(of: ClusterPackage): object {
  const { nodes, target } = of;
  const name = { type: 'string', pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' };
  const ends = {
    type: 'array',
    items: {
      type: 'string',
      pattern: '^(\\$[A-Z][A-Z0-9_]*|[A-Za-z0-9.-]+:[0-9]{1,5}|\\[[0-9A-Fa-f:.]+\\]:[0-9]{1,5})$',
    },
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...closed({
      image: { type: 'string', pattern: '^[A-Za-z0-9./:@_-]+$' },
      ...(target === 'kubernetes' ? { enforce: { enum: ['every-pod', 'labelled-pods'] } } : {}),
      ...(namesDns(of)
        ? {
            dns: closed({
              namespace: name,
              podLabels: {
                type: 'object',
                minProperties: 1,
                additionalProperties: { type: 'string', pattern: '^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$' },
              },
            }),
          }
        : {}),
      ...(nodes === undefined
        ? {}
        : {
            nodes: closed({
              enabled: { type: 'boolean' },
              rollout: { enum: ['canary', 'everywhere'] },
              healthy: { type: 'array', minItems: 1, items: { type: 'string' } },
              remove: { type: 'boolean' },
            }),
          }),
      test: closed({ allowed: ends, denied: ends }),
      global: { type: 'object' }, // Helm adds it to a chart that is part of another one
    }),
  };
}

function closed(properties: Readonly<Record<string, object>>): object {
  return { type: 'object', additionalProperties: false, properties };
}

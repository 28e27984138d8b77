import { createHash } from 'node:crypto';
import type { ManifestFile, ManifestObject, ObjectTree } from '../cluster/manifest.ts';
import { MANAGED_BY } from '../cluster/names.ts';

/** The firewall of a cluster's nodes: a policy for hosts, kept by `portcullis node` in a DaemonSet. */
export interface NodeFirewall {
  readonly files: readonly ManifestFile[];
}

export interface NodeFirewallInput {
  readonly policy: string; // the text of a policy for hosts
  readonly image: string; // of Portcullis (packaging/node)
}

export const NODE_NAMESPACE = 'portcullis-system';
const NODE_FILE = 'nodes.yaml';
export const NODE_NAME = 'portcullis-node';
export const CANARY_LABEL = 'portcullis.dev/canary';

export function nodeFirewall({ policy, image }: NodeFirewallInput): NodeFirewall {
  const configMap = `${NODE_NAME}-${createHash('sha256').update(policy).digest('hex').slice(0, 10)}`;
  const head = [
    'The firewall of the nodes. A node keeps a policy that it has been well under for a while; otherwise its kernel goes back by itself.',
    `Canaries first: nodes that you label ${CANARY_LABEL}=true. The others get a new policy when their pod is deleted (OnDelete), or all of them,`,
    'one after the other, where the strategy is RollingUpdate: it stops at the first node that is not well.',
    'Deleting all of this takes no rule away. `--remove` among the arguments does.',
  ];
  return {
    files: [
      {
        name: NODE_FILE,
        comment: head,
        objects: [
          namespace(),
          plain('ServiceAccount', { automountServiceAccountToken: false }),
          policyMap(configMap, policy),
          daemonSet('canary', configMap, image),
          daemonSet('others', configMap, image),
        ],
      },
    ],
  };
}

function metadata(name: string, more: ObjectTree = {}): ObjectTree {
  return { name, namespace: NODE_NAMESPACE, labels: { ...MANAGED_BY, 'app.kubernetes.io/name': NODE_NAME }, ...more };
}

function plain(kind: string, more: ObjectTree): ManifestObject {
  return { comment: [], body: { apiVersion: 'v1', kind, metadata: metadata(NODE_NAME), ...more } };
}

/** The network of the node and folders of it take the `privileged` level (kubernetes.io, Pod Security Standards, Baseline: host namespaces, hostPath volumes). */
function namespace(): ManifestObject {
  const labels = { ...MANAGED_BY, 'pod-security.kubernetes.io/enforce': 'privileged' };
  return {
    comment: ['pods in the network of their node are no others than those below'],
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NODE_NAMESPACE, labels } },
  };
}

/** Its name says what is in it: another policy makes other pods, and those that run keep theirs. */
function policyMap(name: string, policy: string): ManifestObject {
  return {
    comment: ['the policy; its name changes with it, so that pods are rolled out'],
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(name),
      immutable: true,
      data: { [POLICY_FILE]: policy },
    },
  };
}

const POLICY_FILE = 'portcullis.yaml';
const POLICY_FOLDER = '/etc/portcullis/policy';
const CA_FOLDER = '/etc/portcullis/ca';
const READY_FOLDER = '/run/portcullis-node';
const READY_FILE = `${READY_FOLDER}/ready`;
/** Places of src/enforcer/paths.ts, on the node itself: what is confirmed, and the lock, outlive the pod. */
const STATE_FOLDER = '/var/lib/portcullis';
const RUN_FOLDER = '/run/portcullis';

type Which = 'canary' | 'others';

function daemonSet(which: Which, configMap: string, image: string): ManifestObject {
  const isCanary = which === 'canary';
  const name = isCanary ? `${NODE_NAME}-canary` : NODE_NAME;
  const matchLabels = { 'app.kubernetes.io/name': NODE_NAME, 'portcullis.dev/nodes': which };
  return {
    comment: isCanary ? ['the nodes that get a policy first'] : ['all other nodes'],
    body: {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: metadata(name),
      spec: {
        selector: { matchLabels },
        minReadySeconds: 30,
        updateStrategy: isCanary
          ? { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } }
          : { type: 'OnDelete' },
        template: {
          metadata: { labels: { ...MANAGED_BY, ...matchLabels } },
          spec: {
            ...placement(isCanary),
            hostNetwork: true, // the rules are those of the node
            dnsPolicy: 'Default',
            serviceAccountName: NODE_NAME,
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            priorityClassName: 'system-node-critical',
            terminationGracePeriodSeconds: 60,
            securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
            containers: [container(image)],
            volumes: [
              { name: 'policy', configMap: { name: configMap } },
              { name: 'ca', configMap: { name: 'kube-root-ca.crt' } },
              { name: 'state', hostPath: { path: STATE_FOLDER, type: 'DirectoryOrCreate' } },
              { name: 'run', hostPath: { path: RUN_FOLDER, type: 'DirectoryOrCreate' } },
              { name: 'ready', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
              { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
            ],
          },
        },
      },
    },
  };
}

function placement(isCanary: boolean): ObjectTree {
  const expression = isCanary
    ? { key: CANARY_LABEL, operator: 'In', values: ['true'] }
    : { key: CANARY_LABEL, operator: 'NotIn', values: ['true'] };
  const nodeSelectorTerms = [{ matchExpressions: [expression] }];
  return {
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    tolerations: [{ operator: 'Exists' }],
  };
}

function container(image: string): ObjectTree {
  return {
    name: 'node',
    image,
    command: ['portcullis', 'node', `${POLICY_FOLDER}/${POLICY_FILE}`],
    args: ['--healthy', 'kubernetes', '--ready-file', READY_FILE],
    env: [{ name: 'NODE_EXTRA_CA_CERTS', value: `${CA_FOLDER}/ca.crt` }],
    readinessProbe: { exec: { command: ['test', '-e', READY_FILE] }, periodSeconds: 5 },
    resources: { requests: { cpu: '20m', memory: '128Mi' }, limits: { memory: '1Gi' } },
    securityContext: {
      runAsUser: 0,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
    },
    volumeMounts: [
      { name: 'policy', mountPath: POLICY_FOLDER, readOnly: true },
      { name: 'ca', mountPath: CA_FOLDER, readOnly: true },
      { name: 'state', mountPath: STATE_FOLDER },
      { name: 'run', mountPath: RUN_FOLDER },
      { name: 'ready', mountPath: READY_FOLDER },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

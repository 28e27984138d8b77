import { type ClusterGrant, type ClusterPeer, labelled, type PortMatch } from '../../kubernetes/index.ts';
import { labelSelector } from '../cluster/label-selector.ts';
import { type ObjectTree, yamlText } from '../cluster/manifest.ts';
import { MANAGED_BY } from '../cluster/names.ts';
import { type Side, sidesOf } from '../cluster/sides.ts';
import type { ClusterPackage } from './package.ts';
import { DNS_LABELS, DNS_NAMESPACE } from './slots.ts';
import { asText } from './template-text.ts';

const DNS = `kube-dns.${DNS_NAMESPACE}.svc:53`;
const API_SERVER = '$KUBERNETES';

/** What a pod of the agent can try in any cluster, and what of it the policy allows. */
export function testedByDefault(of: ClusterPackage): { readonly allowed: string[]; readonly denied: string[] } {
  const side = testedSide(of);
  if (side === undefined) return { allowed: [], denied: [] };
  const grants = side.rules.map(({ grant }) => grant);
  const gateways = of.intent.gateways.filter(({ namespace }) => namespace === side.namespace);
  const asksDns = grants.some(({ to }) => to.some(({ peer }) => isDns(peer)));
  const gateway = gateways.find(({ zone }) => zone === side.zone);
  return {
    allowed: [
      ...(asksDns ? [DNS] : []),
      ...(gateway === undefined ? [] : [`$${gateway.name.toUpperCase().replaceAll('-', '_')}`]),
    ],
    denied: grants.some(mayReachApiServer) ? [] : [API_SERVER],
  };
}

const DNS_PODS = JSON.stringify(labelled(new Map(Object.entries(DNS_LABELS))));

function isDns(peer: ClusterPeer): boolean {
  return peer.kind === 'workloads' && JSON.stringify(peer.workloads.pods) === DNS_PODS;
}

/** Where the API server is nobody knows: whoever may reach any address on its usual ports may reach it. */
function mayReachApiServer({ to, ports }: ClusterGrant): boolean {
  const isOutside = to.some(({ peer }) => peer.kind !== 'workloads' && peer.kind !== 'names');
  return isOutside && (ports === 'any' || ports.some((each) => [443, 6443].some((port) => includes(each, port))));
}

function includes(each: PortMatch, port: number): boolean {
  return each.kind === 'ports' && each.protocol === 'TCP' && each.first <= port && port <= each.last;
}

/** The first zone with a way out that can be told by labels alone. */
function testedSide({ intent }: ClusterPackage): Side | undefined {
  const gateways = new Set(intent.gateways.map(({ name }) => name));
  return sidesOf(intent).find(
    ({ direction, zone, subject }) =>
      direction === 'egress' && !gateways.has(zone) && labelsOf(subject.pods) !== undefined,
  );
}

/** Of a selector that is labels and nothing else. */
function labelsOf(pods: Side['subject']['pods']): ObjectTree | undefined {
  const { matchLabels, ...others } = labelSelector(pods) ?? { others: true };
  if (Object.values(others).some((other) => other !== undefined)) return undefined;
  return isLabels(matchLabels) ? matchLabels : {};
}

function isLabels(tree: ObjectTree[string]): tree is ObjectTree {
  return typeof tree === 'object' && !Array.isArray(tree);
}

/** Each end is tried over TCP; Services of the pod's own namespace are found in its environment, which takes no lookup. What opens and must not is as bad as what must and does not. */
const PROGRAM = `const { connect } = require('node:net');
const { env, exit } = require('node:process');
const ends = (text) => text.split(' ').filter((end) => end !== '');
const service = (name) => [env[name + '_SERVICE_HOST'], env[name + '_SERVICE_PORT']];
const hostAndPort = (end) => /^\\[?(.*?)\\]?:(\\d+)$/.exec(end).slice(1);
const opens = (end) => new Promise((resolve) => {
  const [host, port] = end.startsWith('$') ? service(end.slice(1)) : hostAndPort(end);
  const socket = connect({ host, port: Number(port) }, () => done(true));
  const done = (is) => { socket.destroy(); resolve(is); };
  socket.setTimeout(5000, () => done(false)).on('error', () => done(false));
});
(async () => {
  let code = 0;
  for (const [words, expected] of [[env.ALLOWED, true], [env.DENIED, false]]) {
    for (const end of ends(words)) {
      const is = await opens(end);
      console.log((is === expected ? 'as it should be: ' : 'WRONG: ') + end + (is ? ' opens' : ' does not open'));
      if (is !== expected) code = 1;
    }
  }
  exit(code);
})();
`;

/**
 * A pod with the labels of the agent's, so that its policies hold for it. It never becomes ready, so that no Service of the agent's leads to it.
 * That a connection does not open shows a policy only where it opens for others.
 */
export function connectionTest(of: ClusterPackage): string {
  const side = testedSide(of);
  if (side === undefined) return '{{- /* no zone of the policy has a way out that a pod could try */ -}}\n';
  const printed = yamlText({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'portcullis-test',
      namespace: side.namespace,
      labels: { ...labelsOf(side.subject.pods), ...MANAGED_BY },
      annotations: { 'helm.sh/hook': 'test', 'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded' },
    },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'test',
          image: 'IMAGE_OF_THE_TEST',
          command: ['node', '-e', PROGRAM],
          env: [
            { name: 'ALLOWED', value: 'ALLOWED_OF_THE_TEST' },
            { name: 'DENIED', value: 'DENIED_OF_THE_TEST' },
          ],
          readinessProbe: { exec: { command: ['false'] } },
          resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '128Mi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  });
  const label = 'portcullis.dev/enforce: "true"';
  return asText(printed)
    .replace('IMAGE_OF_THE_TEST', '{{ .Values.image | quote }}')
    .replace('ALLOWED_OF_THE_TEST', '{{ join " " .Values.test.allowed | quote }}')
    .replace('DENIED_OF_THE_TEST', '{{ join " " .Values.test.denied | quote }}')
    .replace(/^( *)labels:$/m, (line, indent: string) =>
      of.target === 'kubernetes'
        ? `${line}\n${indent}  {{- if eq .Values.enforce "labelled-pods" }}\n${indent}  ${label}\n${indent}  {{- end }}`
        : line,
    );
}

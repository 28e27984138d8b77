import type { ClusterGateway, ClusterIntent } from '../../kubernetes/index.ts';
import { GATEWAY_UID, gatewayPolicy, POD_ADDRESS } from './gateway-policy.ts';
import type { ManifestFile, ManifestObject, ObjectTree } from './manifest.ts';
import { MANAGED_BY } from './names.ts';
import type { ClusterTargetOptions } from './target.ts';

const GATEWAY_FILE = 'gateways.yaml';

/** The gateways of the policy as Deployments; none where no name is enforced by one. */
export function gatewayFile({ gateways, name }: ClusterIntent, options: ClusterTargetOptions): ManifestFile[] {
  if (gateways.length === 0) return [];
  return [
    {
      name: GATEWAY_FILE,
      comment: [
        `The egress gateways of the policy ${name}: they are asked for names, look them up and dial; nobody but their zone reaches them.`,
        'Pods of the zone are told of theirs by their environment, which needs no lookup (Kubernetes sets it for pods that start later):',
        ...gateways.map(
          (gateway) =>
            `  ${gateway.zone} in ${gateway.namespace}: HTTPS_PROXY=http://$(${environmentName(gateway)}):${gateway.proxyPort}`,
        ),
        'A gateway listens at the address of its pod, which has to be a private one.',
      ],
      objects: gateways.flatMap((gateway) => [configMap(gateway), deployment(gateway, options), service(gateway)]),
    },
  ];
}

/** Of the variable that kubelet sets to a Service's address (kubernetes.io, Service, Discovering services). */
function environmentName({ name }: ClusterGateway): string {
  return `${name.toUpperCase().replaceAll('-', '_')}_SERVICE_HOST`;
}

function metadata({ name, namespace, labels }: ClusterGateway): ObjectTree {
  return { name, namespace, labels: { ...Object.fromEntries(labels), ...MANAGED_BY } };
}

function configMap(gateway: ClusterGateway): ManifestObject {
  return {
    comment: [`the names that ${gateway.zone} may reach, as its gateway is told`],
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(gateway),
      data: { 'policy.yaml': gatewayPolicy(gateway) },
    },
  };
}

const POLICY_FOLDER = '/etc/portcullis';
const RUN_FOLDER = '/run/portcullis';

/** The pod's address is put into the policy where the gateway starts; one of IPv6 stands in brackets. */
const START = [
  `case "$POD_ADDRESS" in *:*) at="[$POD_ADDRESS]" ;; *) at="$POD_ADDRESS" ;; esac`,
  `sed "s|${POD_ADDRESS}|$at|g" ${POLICY_FOLDER}/policy.yaml > ${RUN_FOLDER}/policy.yaml`,
  `exec portcullis gateway run ${RUN_FOLDER}/policy.yaml --unenforced --log ${RUN_FOLDER}/decisions.jsonl --state ${RUN_FOLDER}/state --socket ${RUN_FOLDER}/gateway.sock`,
  '',
].join('\n');

function deployment(gateway: ClusterGateway, { gatewayImage }: ClusterTargetOptions): ManifestObject {
  const { proxyPort, dnsPort, labels } = gateway;
  const matchLabels = Object.fromEntries(labels);
  return {
    comment: ['what keeps agents from going around it are the policies, not its own kernel: hence `--unenforced`'],
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(gateway),
      spec: {
        replicas: 1,
        selector: { matchLabels },
        template: {
          metadata: { labels: { ...matchLabels, ...MANAGED_BY } },
          spec: {
            automountServiceAccountToken: false,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: GATEWAY_UID,
              runAsGroup: GATEWAY_UID,
              fsGroup: GATEWAY_UID,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            containers: [
              {
                name: 'gateway',
                image: gatewayImage,
                command: ['sh', '-euc', START],
                env: [{ name: 'POD_ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
                ports: [
                  { name: 'proxy', containerPort: proxyPort, protocol: 'TCP' },
                  { name: 'dns', containerPort: dnsPort, protocol: 'UDP' },
                  { name: 'dns-tcp', containerPort: dnsPort, protocol: 'TCP' },
                ],
                readinessProbe: { tcpSocket: { port: 'proxy' } },
                livenessProbe: { tcpSocket: { port: 'proxy' }, initialDelaySeconds: 10 },
                resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
                volumeMounts: [
                  { name: 'policy', mountPath: POLICY_FOLDER, readOnly: true },
                  { name: 'run', mountPath: RUN_FOLDER },
                ],
              },
            ],
            volumes: [
              { name: 'policy', configMap: { name: gateway.name } },
              { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
            ],
          },
        },
      },
    },
  };
}

const DNS_PORT = 53; // where resolvers are asked, whatever port they listen on behind the Service

function service(gateway: ClusterGateway): ManifestObject {
  const { proxyPort, labels } = gateway;
  return {
    comment: [],
    body: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(gateway),
      spec: {
        selector: Object.fromEntries(labels),
        ports: [
          { name: 'proxy', port: proxyPort, targetPort: 'proxy', protocol: 'TCP' },
          { name: 'dns', port: DNS_PORT, targetPort: 'dns', protocol: 'UDP' },
          { name: 'dns-tcp', port: DNS_PORT, targetPort: 'dns-tcp', protocol: 'TCP' },
        ],
      },
    },
  };
}

import { CANARY_LABEL } from './node-firewall.ts';
import { type ClusterPackage, PILOT_LABEL } from './package.ts';
import { DNS_LABELS, DNS_NAMESPACE, namesDns } from './slots.ts';
import { asText } from './template-text.ts';

/** What whoever installs a chart is told: what holds, and which of their values have left the proof. */
export function notes(of: ClusterPackage): string {
  const { intent, target, nodes } = of;
  const governed = intent.governed.join(', ');
  const parts = [
    `${asText(`The policy ${intent.name} governs: ${governed}. Pods there reach, and are reached by, what it lets through and nothing else,`)}
where the network plugin of the cluster enforces these policies.`,
    ...(target === 'kubernetes'
      ? [
          `{{- if eq .Values.enforce "labelled-pods" }}

OUTSIDE OF THE PROOF: only pods with the label ${PILOT_LABEL}=true are held back; all others are let through everything.
{{- end }}`,
        ]
      : []),
    ...(namesDns(of)
      ? [
          `{{- if or (ne .Values.dns.namespace "${DNS_NAMESPACE}") (ne (toJson .Values.dns.podLabels) ${JSON.stringify(JSON.stringify(DNS_LABELS))}) }}

OUTSIDE OF THE PROOF: DNS is asked of other pods than those that the policy was proven with.
{{- end }}`,
        ]
      : []),
    ...(nodes === undefined
      ? []
      : [
          `{{- if .Values.nodes.enabled }}

Nodes: label the first ones, then look:
  kubectl label node NAME ${CANARY_LABEL}=true
  kubectl -n portcullis-system logs -l app.kubernetes.io/name=portcullis-node
When they are well: --set nodes.rollout=everywhere. Uninstalling takes no rule away: --set nodes.remove=true does, before.
{{- end }}`,
        ]),
    `
Try it:
  helm test {{ .Release.Name }} -n {{ .Release.Namespace }} --logs`,
  ];
  return `${parts.join('\n')}\n`;
}

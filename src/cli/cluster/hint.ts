import { stringify } from 'yaml';
import type { Connection, End, Step } from '../../cluster/index.ts';
import { formatRef, NAMESPACE_NAME } from '../../kubernetes/index.ts';
import { formatPrefix, rangePrefixes } from '../../net/index.ts';
import type { FlowPart } from './question.ts';

/** The narrowest rules that would let a connection through which NetworkPolicies hold back by saying nothing of it; each with its title. */
export function missingRules(steps: readonly Step[], { from, to }: FlowPart, connection: Connection): string[] {
  const { protocol, port } = connection;
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') return []; // what they cannot allow by itself
  return steps.flatMap(({ because, policy, direction }) => {
    if (because !== 'isolated' || policy?.ref.kind !== 'NetworkPolicy') return [];
    const peer = peerOf(direction === 'egress' ? to : from);
    if (peer === undefined) return [];
    const rule = { [direction === 'egress' ? 'to' : 'from']: [peer], ports: [{ port, protocol }] };
    return [
      `to allow it, add to the ${direction} of ${formatRef(policy.ref)}:`,
      ...stringify([rule])
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
    ];
  });
}

/** Labels that controllers make up for each of their pods, which come and go. */
const MADE_UP = [
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
];

function peerOf(end: End): object | undefined {
  switch (end.kind) {
    case 'workload': {
      const { namespace, labels } = end.workload;
      const own = [...labels].filter(([key]) => !MADE_UP.includes(key));
      return {
        namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: namespace } },
        podSelector: own.length === 0 ? {} : { matchLabels: Object.fromEntries(own) },
      };
    }
    case 'addresses': {
      const [only, ...others] = rangePrefixes(end.range);
      return only === undefined || others.length > 0
        ? undefined
        : { ipBlock: { cidr: cidr(formatPrefix(only), only.family) } };
    }
    case 'name':
    case 'ingress-controller':
    case 'new-workload':
    case 'node':
    case 'api-server':
      return undefined;
  }
}

function cidr(text: string, family: 4 | 6): string {
  return text.includes('/') ? text : `${text}/${family === 4 ? 32 : 128}`;
}

import type { DiagnosticKind } from '../diagnostic/index.ts';

function listed(names: readonly string[]): string {
  const shown = names
    .slice(0, 5)
    .map((name) => `\`${name}\``)
    .join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

/** What can be wrong with a policy once a cluster is asked to enforce it. */
export const CLUSTER_PROBLEMS = {
  noMeaning: {
    code: 'T0001',
    severity: 'info',
    message: (zone: string, flows: readonly string[], tests: number) =>
      `a cluster has no way to recognise the zone \`${zone}\`: ${[
        flows.length === 0 ? '' : `not written: ${listed(flows)}`,
        tests === 0 ? '' : `${tests} ${tests === 1 ? 'claim of a test is' : 'claims of tests are'} not proven`,
      ]
        .filter((part) => part !== '')
        .join('; ')}`,
    help: () => 'other layers enforce it; add `kubernetes:`, `addresses:` or `domains:` if the cluster should',
    explanation:
      'Accounts, control groups and interfaces are known to one machine’s kernel only; a cluster knows pods, addresses and names.',
  } satisfies DiagnosticKind<[zone: string, flows: readonly string[], tests: number]>,
  elsewhere: {
    code: 'T0002',
    severity: 'info',
    message: (flow: string, governed: readonly string[]) =>
      `the flow \`${flow}\` neither begins nor ends in ${listed(governed)}: nothing is written for it`,
    help: () => 'name the namespace of one of its ends with `--namespace`, too, if it is to be governed',
    explanation: 'Rules are written for the pods of the namespaces that are governed, and for nobody else.',
  } satisfies DiagnosticKind<[flow: string, governed: readonly string[]]>,
  whichNamespace: {
    code: 'T0003',
    severity: 'error',
    message: (candidates: readonly string[]) =>
      candidates.length === 0
        ? 'no zone names a namespace that could be governed'
        : `zones name ${candidates.length} namespaces: ${listed(candidates)}`,
    help: (candidates) =>
      candidates.length === 0
        ? 'give a zone `kubernetes: { namespace: ... }`, or say `--namespace NAME`'
        : `say which are to be denied by default: ${candidates.map((name) => `\`--namespace ${name}\``).join(' or ')}, or several`,
    explanation:
      'Every pod of a governed namespace is denied everything that no flow lets through. Which namespaces that may happen to is decided by whoever renders.',
  } satisfies DiagnosticKind<[candidates: readonly string[]]>,
  badNamespace: {
    code: 'T0004',
    severity: 'error',
    message: (name: string) => `\`${name}\` cannot be the name of a namespace`,
    help: () => 'use up to 63 lower-case letters, digits and hyphens, a letter or digit at both ends (RFC 1123)',
    explanation: 'The API server refuses other names.',
  } satisfies DiagnosticKind<[name: string]>,
  byLabels: {
    code: 'T0005',
    severity: 'info',
    message: (zone: string) =>
      `the zone \`${zone}\` is told by labels of its namespace, and is taken to lie outside of the governed ones`,
    help: () => 'name its namespace as well where it is a governed one: `kubernetes: { namespace: ... }`',
    explanation:
      'Rules for a governed namespace are written into it by its name. Which labels it carries, nobody can see from a policy.',
  } satisfies DiagnosticKind<[zone: string]>,
  exceptNotExact: {
    code: 'T0006',
    severity: 'error',
    message: (what: string) => `\`${what}\` cannot be taken out of this zone in a cluster`,
    help: () => 'list the wanted names and addresses instead of excluding others',
    explanation: 'An exception that is not enforced exactly would leave the zone wider than it reads.',
  } satisfies DiagnosticKind<[what: string]>,
  nameAsSource: {
    code: 'T0007',
    severity: 'error',
    message: (flow: string, zone: string) =>
      `the flow \`${flow}\` begins at \`${zone}\`, which a cluster knows by name only`,
    help: () => 'give its addresses, or `kubernetes:` labels; replies need no flow of their own',
    explanation: 'A name says where a connection goes. One that arrives carries an address only.',
  } satisfies DiagnosticKind<[flow: string, zone: string]>,
  noGateway: {
    code: 'T0008',
    severity: 'error',
    message: (key: string) => `the names of \`${key}\` are to be enforced by the gateway, and the policy has none`,
    help: () =>
      'add `gateway: { upstream: ... }` with the resolvers that it may ask, or write `enforce: ranges` with addresses',
    explanation: 'A gateway is rendered as a Deployment beside its zone; the policy says whom it asks for names.',
  } satisfies DiagnosticKind<[key: string]>,
  gatewayCarriesTcp: {
    code: 'T0009',
    severity: 'error',
    message: (flow: string) => `the flow \`${flow}\` goes by name through the gateway, which carries TCP only`,
    help: () => 'name TCP services only; or give the names a zone with `enforce: ranges` and addresses',
    explanation: 'The gateway dials for others, which only TCP has a way for.',
  } satisfies DiagnosticKind<[flow: string]>,
  rate: {
    code: 'T0010',
    severity: 'warning',
    message: (flow: string, rate: string) =>
      `the flow \`${flow}\` is limited to ${rate}, and no policy of a cluster limits anything`,
    help: () => 'keep the limit where connections are counted: on the node, or at whoever serves them',
    explanation: 'Policies of a cluster say who reaches whom, not how often.',
  } satisfies DiagnosticKind<[flow: string, rate: string]>,
  privateBlock: {
    code: 'T0011',
    severity: 'info',
    message: (flow: string, zone: string) =>
      `\`${zone}\` of the flow \`${flow}\` is private addresses: where pods have such addresses, network plugins disagree whether these are meant`,
    help: () => 'recognise pods by `kubernetes:` labels, and take the pods’ network out of the zone with `except`',
    explanation:
      'The NetworkPolicy API says address blocks are for what is outside of the cluster; whether a block matches pods, too, is left to the plugin.',
  } satisfies DiagnosticKind<[flow: string, zone: string]>,
  icmpCode: {
    code: 'T0012',
    severity: 'warning',
    message: (flow: string) => `the flow \`${flow}\` names a code of ICMP: policies of a cluster know types only`,
    help: () => 'name the type alone',
    explanation: 'What is let through has the type; its code is not looked at.',
  } satisfies DiagnosticKind<[flow: string]>,
} as const;

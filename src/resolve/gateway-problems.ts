import type { DiagnosticKind } from '../diagnostic/index.ts';

/** What can be wrong between the flows of a policy and its egress gateway. */
export const GATEWAY_PROBLEMS = {
  noGateway: {
    code: 'R0026',
    severity: 'error',
    message: (key: string) => `the names of \`${key}\` are to be enforced by the gateway, and the policy has none`,
    help: () => 'add `gateway: { upstream: ... }` with the resolvers that it may ask, or write `enforce: resolved`',
    explanation:
      'Only a gateway hears which name a program asks for. Where none runs, the addresses of names are all that can be compared.',
  } satisfies DiagnosticKind<[key: string]>,
  notThroughGateway: {
    code: 'R0027',
    severity: 'error',
    message: (flow: string, services: string) =>
      `the flow \`${flow}\` goes by name through the gateway, which cannot carry ${services}`,
    help: () =>
      'name TCP services only; or put the names into a zone with `enforce: resolved`, which compares the addresses that the gateway has looked up',
    explanation:
      'The gateway dials for others, which only TCP has a way for. UDP in particular (HTTP/3) is refused at once, so that programs fall back to TCP.',
  } satisfies DiagnosticKind<[flow: string, services: string]>,
  gatewayIsSource: {
    code: 'R0028',
    severity: 'error',
    message: (flow: string, account: string) =>
      `the flow \`${flow}\` goes by name through the gateway and begins at the gateway's own account, \`${account}\``,
    help: () => 'give the gateway an account that nothing else runs as',
    explanation: 'Whatever runs as the gateway may leave the machine without being asked for a name.',
  } satisfies DiagnosticKind<[flow: string, account: string]>,
  gatewayOutOfReach: {
    code: 'R0029',
    severity: 'warning',
    message: (flow: string) =>
      `the flow \`${flow}\` begins at other machines, and the gateway listens on loopback only`,
    help: () =>
      'let it listen on an address of that network as well: `proxy: [127.0.0.1:3128, 10.0.0.1:3128]`, and `dns` likewise',
    explanation: 'Names are enforced by the gateway, so that who cannot reach it reaches none of them.',
  } satisfies DiagnosticKind<[flow: string]>,
  noHolder: {
    code: 'R0030',
    severity: 'error',
    message: (zone: string) => `nobody can be told from others by being in \`${zone}\``,
    help: () => 'name a zone with `addresses:`, or with accounts of this machine',
    explanation:
      'Credentials only narrow who a client is: it must come from an address of the zone, or be a process of its accounts, and show them besides.',
  } satisfies DiagnosticKind<[zone: string]>,
  idleHost: {
    code: 'R0031',
    severity: 'warning',
    message: (name: string) => `no flow leads to \`${name}\``,
    help: () => 'add a flow to the name, or remove it from `hosts`',
    explanation:
      'The gateway answers lookups only of names to which a flow of the asking program leads: that a name is known opens nothing by itself.',
  } satisfies DiagnosticKind<[name: string]>,
  idleDomain: {
    code: 'R0032',
    severity: 'warning',
    message: (domain: string) => `no flow leads to \`${domain}\` or to a name below it`,
    help: () => 'add a flow to such a name, or remove the domain from `domains`',
    explanation: 'The gateway may reach every resolver that stands there, and asks this one for nothing.',
  } satisfies DiagnosticKind<[domain: string]>,
} as const;

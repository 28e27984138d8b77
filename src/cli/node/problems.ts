import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What `portcullis node` has to say. */
export const NODE_PROBLEMS = {
  noForwarding: {
    code: 'A0201',
    severity: 'error',
    message: (policy: string) =>
      `\`${policy}\` denies what this node forwards, and with it the network of all its pods`,
    help: () =>
      'add `baseline: { forwarding: true }` to the policy; what pods may do is said by network policies: `portcullis render kubernetes`',
    explanation:
      'Every packet of a pod passes the forward hook of its node. A host policy denies what is forwarded unless its baseline says otherwise.',
  } satisfies DiagnosticKind<[policy: string]>,
  wrongCheck: {
    code: 'A0202',
    severity: 'error',
    message: (problem: string) => problem,
    help: () =>
      'a check is `kubernetes`, an address such as `http://127.0.0.1:10248/healthz`, or a connection: `tcp host -> 10.0.0.1:6443`',
    explanation:
      'A change on trial is confirmed by what the node must still be able to do, tried over connections that are opened for it.',
  } satisfies DiagnosticKind<[problem: string]>,
  tooLittleTime: {
    code: 'A0204',
    severity: 'error',
    message: (settle: string, trial: string) =>
      `a trial of ${trial} is over before the node has been well for ${settle}`,
    help: () => 'make `--trial` longer: a fifth of it is left for the confirmation itself',
    explanation: 'A change is confirmed when all checks have held for a while, and that must fit into its trial.',
  } satisfies DiagnosticKind<[settle: string, trial: string]>,
  noApiServer: {
    code: 'A0203',
    severity: 'error',
    message: () => 'this process was not started by Kubernetes: `KUBERNETES_SERVICE_HOST` is not set',
    help: () => 'name what must be reachable: `--healthy "tcp host -> ADDRESS:6443"`',
    explanation: 'The address of the API server comes from the environment that Kubernetes gives every container.',
  } satisfies DiagnosticKind<[]>,
} as const;

import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What commands have to say of questions about a cluster. */
export const CLUSTER_COMMAND_PROBLEMS = {
  unknownWorkload: {
    code: 'C0101',
    severity: 'error',
    message: (text: string, _suggestion: string | undefined) => `the manifests have nothing that is called \`${text}\``,
    help: (_text, suggestion) =>
      suggestion === undefined
        ? 'workloads are written `namespace/name[Kind]`, services `namespace/name[Service]` or `name.namespace.svc`; `portcullis reach` lists the workloads'
        : `did you mean \`${suggestion}\`?`,
    explanation:
      'A flow between workloads names them as `reach` does: by namespace, name and kind of the topmost owner.',
  } satisfies DiagnosticKind<[text: string, suggestion: string | undefined]>,
  noBackend: {
    code: 'C0102',
    severity: 'error',
    message: (service: string, reason: string) => `the service \`${service}\` leads to no workload: ${reason}`,
    help: () => 'ask about the workload itself, or correct the service',
    explanation: 'A Service leads to the pods that its selector matches, on the target of the port that is asked for.',
  } satisfies DiagnosticKind<[service: string, reason: string]>,
  noSuffix: {
    code: 'C0103',
    severity: 'error',
    message: (word: string) => `\`${word}\` means nothing to the policies of a cluster`,
    help: () => 'leave it out: they decide about first packets, by who is at the ends',
    explanation: 'Interfaces, accounts, connection states and marks are what firewalls of machines ask for.',
  } satisfies DiagnosticKind<[word: string]>,
  onlyManifests: {
    code: 'C0104',
    severity: 'error',
    message: (command: string) => `\`${command}\` cannot be asked about manifests and a machine's firewall at once`,
    help: (command) => `run \`portcullis ${command}\` for each; \`portcullis why\` follows one connection through both`,
    explanation:
      'Pods have names in manifests and addresses on machines; only one connection can be followed through both.',
  } satisfies DiagnosticKind<[command: string]>,
  manifestsHere: {
    code: 'C0106',
    severity: 'error',
    message: (name: string) => `\`${name}\` holds manifests of a cluster, which cannot be asked about here`,
    help: () =>
      '`reach`, `why`, `diff`, `audit` and `import` understand manifests; this wants the firewall of a machine',
    explanation:
      'Policies of a cluster decide about workloads by their labels; a firewall of a machine decides about packets.',
  } satisfies DiagnosticKind<[name: string]>,
  tooManyToExplain: {
    code: 'C0107',
    severity: 'error',
    message: (count: number) => `there are ${count} pairs of workloads to explain`,
    help: () => 'name the workload that you want to know of: `--focus namespace/name[Kind]`',
    explanation:
      'Every pair is explained by the rules on its way, on several lines; more than ten thousand nobody reads.',
  } satisfies DiagnosticKind<[count: number]>,
  unknownFocus: {
    code: 'C0105',
    severity: 'error',
    message: (text: string, _suggestion: string | undefined) => `no workload is called \`${text}\``,
    help: (_text, suggestion) =>
      suggestion === undefined ? '`portcullis reach` without `--focus` lists them' : `did you mean \`${suggestion}\`?`,
    explanation: '`--focus` takes `namespace/name[Kind]`, or a part of it that fits one workload only.',
  } satisfies DiagnosticKind<[text: string, suggestion: string | undefined]>,
} as const;

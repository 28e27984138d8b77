import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What there is to say of the egress gateway as a running program. */
export const GATEWAY_PROBLEMS = {
  noSection: {
    code: 'G0001',
    severity: 'error',
    message: (policy: string) => `\`${policy}\` has no gateway`,
    help: () => 'add `gateway: { upstream: 9.9.9.9 }` to the policy; `portcullis explain` says what it does then',
    explanation:
      'The egress gateway runs as the policy’s section `gateway` says: where it listens, whom it asks for names, and as which account.',
  } satisfies DiagnosticKind<[policy: string]>,
  noAccount: {
    code: 'G0002',
    severity: 'error',
    message: (account: string) => `this machine has no account \`${account}\`, which the gateway runs as`,
    help: (account) => `create it: useradd --system --no-create-home --shell /usr/sbin/nologin ${account}`,
    explanation: 'The kernel knows the gateway by its account: that one alone may leave the machine.',
  } satisfies DiagnosticKind<[account: string]>,
  notRoot: {
    code: 'G0003',
    severity: 'error',
    message: (account: string) => `the gateway has to be started by root, or as \`${account}\` with \`--unenforced\``,
    help: () => 'start it with `sudo portcullis gateway run`; it gives root up as soon as it listens',
    explanation: 'It takes root to see that the kernel enforces the policy, and to become the account of the gateway.',
  } satisfies DiagnosticKind<[account: string]>,
  unenforced: {
    code: 'G0004',
    severity: 'error',
    message: (what: string) => `the kernel does not enforce the policy, so agents could go around the gateway: ${what}`,
    help: () => 'enforce it first: `sudo portcullis apply`; or say `--unenforced`, for a trial of the gateway alone',
    explanation:
      'The gateway decides about names only because there is no other way out. It does not start where there is one.',
  } satisfies DiagnosticKind<[what: string]>,
  noOriginalDestination: {
    code: 'G0005',
    severity: 'error',
    message: (why: string) => why,
    help: () => 'or switch the transparent proxy off in the policy: `gateway: { transparent: [] }`',
    explanation:
      'What the kernel redirects to the transparent proxy is only understood where the kernel can be asked where it was going.',
  } satisfies DiagnosticKind<[why: string]>,
  cannotListen: {
    code: 'G0006',
    severity: 'error',
    message: (why: string) => `the gateway cannot listen: ${why}`,
    help: () => 'see who has the address: `ss -lntup`; or choose another one in the policy’s section `gateway`',
    explanation: 'The gateway listens everywhere that the policy says, or it does not start.',
  } satisfies DiagnosticKind<[why: string]>,
  notRunning: {
    code: 'G0007',
    severity: 'error',
    message: (socket: string, why: string) => `no gateway answers at \`${socket}\`: ${why}`,
    help: () => 'start it: `sudo portcullis gateway run`; only who may open that socket can ask, mostly root',
    explanation: 'Questions to a running gateway go to its Unix socket, which its operators alone may open.',
  } satisfies DiagnosticKind<[socket: string, why: string]>,
  said: {
    code: 'G0008',
    severity: 'error',
    message: (what: string) => what,
    help: () => 'see what there is: `portcullis requests`',
    explanation: 'The gateway could not do what it was asked to.',
  } satisfies DiagnosticKind<[what: string]>,
  notReloaded: {
    code: 'G0010',
    severity: 'error',
    message: (problems: string) => `the policy was not read again, the old one stays in force: ${problems}`,
    help: () => 'mend the policy and look at it with `portcullis check`, then try again',
    explanation: 'A running gateway takes another policy only where nothing is wrong with it.',
  } satisfies DiagnosticKind<[problems: string]>,
  notTheAgent: {
    code: 'G0011',
    severity: 'error',
    message: (uid: string) => `only root, or the agent itself (uid ${uid}), can try what the agent can reach`,
    help: () => 'run it with sudo',
    explanation: 'The kernel tells agents by their accounts, so what an agent can reach is tried from its account.',
  } satisfies DiagnosticKind<[uid: string]>,
  noAgent: {
    code: 'G0012',
    severity: 'error',
    message: () => 'no flow of the policy leads an account of this machine to a name, so there is no agent to try',
    help: () => 'name the account: `--as openclaw`',
    explanation: 'Without `--as`, the account is tried that the first flow by name begins at.',
  } satisfies DiagnosticKind<[]>,
  notTried: {
    code: 'G0013',
    severity: 'error',
    message: (why: string) => `not everything could be tried: ${why}`,
    help: () => 'see that the account may run programs, and that Node can be read by it',
    explanation: 'What was not tried is not known to be closed.',
  } satisfies DiagnosticKind<[why: string]>,
  cannotKeep: {
    code: 'G0009',
    severity: 'error',
    message: (path: string, why: string) => `the gateway cannot write \`${path}\`: ${why}`,
    help: () => 'name another place with `--log` or `--state`',
    explanation: 'A gateway that cannot keep a record of what it decides does not start.',
  } satisfies DiagnosticKind<[path: string, why: string]>,
  noSyslog: {
    code: 'G0014',
    severity: 'error',
    message: (why: string) => `the gateway cannot write to the machine's own log: ${why}`,
    help: () => 'leave `--syslog` out: the decisions are in the file of `--log` all the same',
    explanation: 'A gateway that cannot keep a record where it was asked to does not start.',
  } satisfies DiagnosticKind<[why: string]>,
  badCertificate: {
    code: 'G0015',
    severity: 'error',
    message: (path: string, why: string) => `the certificate of the TLS listener cannot be used: ${path}: ${why}`,
    help: () => 'see the paths in the policy’s section `gateway: { tls: ... }`; both files are PEM',
    explanation:
      'A proxy behind TLS shows a certificate. It is read before the gateway gives root up, and again when the policy is read again.',
  } satisfies DiagnosticKind<[path: string, why: string]>,
} as const;

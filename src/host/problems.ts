import type { DiagnosticKind } from '../diagnostic/index.ts';

/** What the machine may say no with. */
export const HOST_PROBLEMS = {
  missingProgram: {
    code: 'M0001',
    severity: 'error',
    message: (program: string, _hint: string) => `\`${program}\` is not installed on this machine`,
    help: (_program: string, hint: string) => hint,
    explanation:
      'Loading rules and sending packets is done with the system’s own tools. Everything that only reasons about a policy works without them.',
  } satisfies DiagnosticKind<[program: string, hint: string]>,
  cannotStart: {
    code: 'M0002',
    severity: 'error',
    message: (program: string, why: string) => `\`${program}\` cannot be started: ${why}`,
    help: () => 'look whether the program runs by hand, and whether memory and process limits leave room for it',
    explanation: 'The operating system refused to start a program that is there.',
  } satisfies DiagnosticKind<[program: string, why: string]>,
  tooSlow: {
    code: 'M0003',
    severity: 'error',
    message: (program: string, timeoutMs: number) => `\`${program}\` did not end within ${timeoutMs / 1000} s`,
    help: () => 'the machine may be overloaded: try again when it is quieter',
    explanation: 'Every program that is run has a time limit, so that nothing hangs; it is killed when it goes beyond.',
  } satisfies DiagnosticKind<[program: string, timeoutMs: number]>,
  tooMuchOutput: {
    code: 'M0004',
    severity: 'error',
    message: (program: string, maxBytes: number) => `\`${program}\` wrote more than ${maxBytes} bytes`,
    explanation: 'Output is bounded, so that a program that runs wild cannot take all memory.',
  } satisfies DiagnosticKind<[program: string, maxBytes: number]>,
  commandFailed: {
    code: 'M0005',
    severity: 'error',
    message: (command: string, exitCode: number, said: string) =>
      `\`${command}\` failed with exit code ${exitCode}: ${said}`,
    explanation: 'A system tool refused; its own words are quoted.',
  } satisfies DiagnosticKind<[command: string, exitCode: number, said: string]>,
  noIsolation: {
    code: 'M0006',
    severity: 'error',
    message: (why: string, _help: string) => `no private network can be made here: ${why}`,
    help: (_why: string, help: string) => help,
    explanation:
      'Packets are only ever sent inside a network namespace of their own, so that nothing outside is touched. That takes root with the right to make namespaces, or unprivileged user namespaces.',
  } satisfies DiagnosticKind<[why: string, help: string]>,
  labEnded: {
    code: 'M0007',
    severity: 'error',
    message: (what: string, said: string) => `${what} of the lab ended unexpectedly${said === '' ? '' : `: ${said}`}`,
    help: () => 'try again; where it happens twice, the machine may be short of memory or of processes',
    explanation:
      'The private world is held up by helper processes; when one of them dies, nothing it said can be trusted.',
  } satisfies DiagnosticKind<[what: string, said: string]>,
  loadRefused: {
    code: 'M0008',
    severity: 'error',
    message: (said: string) => `the kernel did not take the ruleset: ${said}`,
    help: () => 'nothing was changed: a ruleset is loaded whole or not at all',
    explanation: '`nft -f` refused the file. The old ruleset stays in force.',
  } satisfies DiagnosticKind<[said: string]>,
} as const;

const PACKAGES: Readonly<Record<string, string>> = {
  nft: 'nftables',
  ip: 'iproute2',
  ping: 'iputils-ping',
  unshare: 'util-linux',
  flock: 'util-linux',
  conntrack: 'conntrack',
  ss: 'iproute2',
};

/** What to install for a program, in a sentence. */
export function packageHint(program: string): string {
  const name = PACKAGES[program];
  return name === undefined
    ? `install \`${program}\``
    : `install it: \`apt-get install ${name}\` on Debian and Ubuntu, the package is called \`${name}\` nearly everywhere`;
}

import type { DiagnosticKind } from '../diagnostic/index.ts';

/** What the command line itself has to say: usage, files, tools. */
export const CLI_PROBLEMS = {
  usage: {
    code: 'C0001',
    severity: 'error',
    message: (problem: string, _help: string) => problem,
    help: (_problem, help) => help,
    explanation: 'The command line has a command, an option or an argument that Portcullis does not know.',
  } satisfies DiagnosticKind<[problem: string, help: string]>,
  unreadable: {
    code: 'C0002',
    severity: 'error',
    message: (path: string, reason: string) => `cannot read \`${path}\`: ${reason}`,
    help: (path) => `see that the file is there and that you may read it: \`ls -l ${path}\``,
    explanation: 'A file that was named on the command line, or that is read by default, could not be read.',
  } satisfies DiagnosticKind<[path: string, reason: string]>,
  noPolicy: {
    code: 'C0003',
    severity: 'error',
    message: (path: string) => `there is no policy \`${path}\` here`,
    help: () => 'write one with `portcullis init`, or name the file: `portcullis check FILE`',
    explanation: 'Without an argument, commands read `portcullis.yaml` in the current folder.',
  } satisfies DiagnosticKind<[path: string]>,
  noGatewayHere: {
    code: 'C0018',
    severity: 'error',
    message: (policy: string) => `the policy \`${policy}\` has no gateway that programs could be told of`,
    help: () => 'add `gateway: { upstream: ... }` with the resolvers that it may ask',
    explanation: 'Settings for programs name the listeners of the egress gateway.',
  } satisfies DiagnosticKind<[policy: string]>,
  unwritable: {
    code: 'C0004',
    severity: 'error',
    message: (path: string, reason: string) => `cannot write \`${path}\`: ${reason}`,
    help: () => 'choose a folder that you may write to with `-o`, or leave `-o` out to print on standard output',
    explanation: 'A file could not be written.',
  } satisfies DiagnosticKind<[path: string, reason: string]>,
  unknownFormat: {
    code: 'C0006',
    severity: 'error',
    message: (path: string) => `\`${path}\` is neither a policy nor a firewall configuration that can be read`,
    help: () =>
      'policies begin with `portcullis: 1`; of firewalls, nft text, `nft -j list ruleset`, `iptables-save` and what is ufw’s are read; or say `--format`',
    explanation: 'What a file is, is seen from its content.',
  } satisfies DiagnosticKind<[path: string]>,
  noFlow: {
    code: 'C0007',
    severity: 'error',
    message: () => 'one flow is needed, or a file of flows with `--flows`',
    help: () => 'for example: portcullis why "tcp agent -> discord.com:443"',
    explanation: 'The command answers a flow, or every flow of a file.',
  } satisfies DiagnosticKind<[]>,
  opaque: {
    code: 'C0008',
    severity: 'warning',
    message: (text: string, reason: string) => `not understood: \`${text}\` (${reason})`,
    help: () => 'answers about packets that this rule could decide may be wrong',
    explanation: 'The reader met a rule whose meaning it does not know. It is never passed over in silence.',
  } satisfies DiagnosticKind<[text: string, reason: string]>,
  unknownService: {
    code: 'C0009',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no service that can be asked about`,
    help: () => 'write a protocol and a port such as `tcp/22`, or a name of the catalogue such as `ssh`',
    explanation: 'One service is asked about at a time, so `any` is none.',
  } satisfies DiagnosticKind<[text: string]>,
  testFailed: {
    code: 'C0010',
    severity: 'error',
    message: (text: string, witness: string) => `the test \`${text}\` fails: \`${witness}\` fares otherwise`,
    help: (_text, witness) => `see the way of that packet: portcullis why "${witness}"`,
    explanation:
      'A claim of the policy is proven for every packet it speaks of; one packet that fares otherwise refutes it.',
  } satisfies DiagnosticKind<[text: string, witness: string]>,
  testEmpty: {
    code: 'C0011',
    severity: 'warning',
    message: (text: string) =>
      `the test \`${text}\` proves nothing here: it speaks of no packet that this machine can see`,
    help: () => 'give its zones addresses, accounts or domains, or test it where the other layers are read',
    explanation: 'A zone that only other layers recognise has no packets on this machine.',
  } satisfies DiagnosticKind<[text: string]>,
  noSuchRevision: {
    code: 'C0012',
    severity: 'error',
    message: (what: string, reason: string) => `cannot read the policy at \`${what}\`: ${reason}`,
    help: () =>
      '`--against` takes a file, or a revision of the Git repository that the policy is in: a branch, a tag, a commit',
    explanation: 'The earlier policy to compare with could not be read.',
  } satisfies DiagnosticKind<[what: string, reason: string]>,
  unknownShell: {
    code: 'C0013',
    severity: 'error',
    message: (shell: string) =>
      shell === '' ? 'no shell is named' : `there is no completion for the shell \`${shell}\``,
    help: () => 'name one: portcullis completion bash, zsh or fish',
    explanation: 'Completion scripts are written for bash, zsh and fish.',
  } satisfies DiagnosticKind<[shell: string]>,
  tooLarge: {
    code: 'C0014',
    severity: 'error',
    message: (bound: string) => `the answer takes sets of packets that do not fit into ${bound}`,
    help: () =>
      'ask about single packets (`portcullis why` needs no sets for them), or about a file with fewer of the rules that combine many different values',
    explanation:
      'Sets of packets are kept within a bound of memory, so that no ruleset can take the machine with it. Rulesets of ten thousand rules that people ' +
      'wrote stay far below; what breaks it are rules that ask for single bits of addresses.',
  } satisfies DiagnosticKind<[bound: string]>,
  tooManyConditions: {
    code: 'C0020',
    severity: 'error',
    message: (most: number) => `one packet meets more than ${most} conditions that nobody can know`,
    help: () =>
      'ask about packets that meet fewer rules with limits, quotas or learnt sets (another port, `--at` another hook), or about a file with fewer of them',
    explanation:
      'What becomes of a packet is told for every way in which what cannot be known may turn out: whether a rate is exceeded, a quota used up, an address learnt. ' +
      'A packet that meets so many of them in turn cannot be told about.',
  } satisfies DiagnosticKind<[most: number]>,
  idleFlow: {
    code: 'C0016',
    severity: 'warning',
    message: (flow: string, by: readonly string[]) =>
      by.length === 0
        ? `no packet fits the flow \`${flow}\``
        : `everything that the flow \`${flow}\` allows is allowed already by ${by.map((name) => `\`${name}\``).join(', ')}`,
    help: () => 'remove it, or see whether it was meant to say something else',
    explanation:
      'A flow that changes nothing misleads whoever reads the policy, and stays behind when the other one is removed.',
  } satisfies DiagnosticKind<[flow: string, by: readonly string[]]>,
  tooManyPairs: {
    code: 'C0015',
    severity: 'error',
    message: (pairs: number) => `the policy names so many ends that there are ${pairs} pairs to tell`,
    help: () => 'gather addresses in zones, or ask about single flows with `portcullis why --flows`',
    explanation: 'Who reaches whom is told pair by pair, which nobody can read beyond some ten thousand.',
  } satisfies DiagnosticKind<[pairs: number]>,
  tooManyEdges: {
    code: 'C0017',
    severity: 'error',
    message: () => 'the service splits the addresses into so many groups that there are millions of pairs to tell',
    help: () =>
      'ask about one family (`--family 4`), one interface (`--iif eth0`), or single flows with `portcullis why --flows`',
    explanation: 'Who reaches whom is told pair by pair, which nobody can read beyond some ten thousand.',
  } satisfies DiagnosticKind<[]>,
  noDocker: {
    code: 'C0019',
    severity: 'error',
    message: () => 'no Docker answers here that could be asked for its containers',
    help: () =>
      'see whether `docker info` works for you, or give what it lists elsewhere as files (`docker inspect $(docker ps -aq)`)',
    explanation: '`--docker live` asks the daemon of this machine, with the program `docker`, as the user who asks.',
  } satisfies DiagnosticKind<[]>,
  internal: {
    code: 'C0005',
    severity: 'error',
    message: (what: string) => `a fault in Portcullis itself: ${what}`,
    help: () =>
      'nothing was changed; please report it with the command you ran (PORTCULLIS_DEBUG=1 shows where it happened)',
    explanation: 'An exception that nobody expected. It is always a mistake in this program, never in your input.',
  } satisfies DiagnosticKind<[what: string]>,
} as const;

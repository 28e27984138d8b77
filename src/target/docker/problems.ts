import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What there is to say of what Docker is told. */
export const DOCKER_RENDER_PROBLEMS = {
  nothing: {
    code: 'K0010',
    severity: 'error',
    message: (policy: string) => `there is nothing to tell Docker: \`${policy}\` lays out no network of containers`,
    help: () =>
      'give your Compose file (`--docker compose.yml`), or a zone `docker: { network: agents, subnets: [172.31.7.0/24], bridge: pc-agents }`',
    explanation:
      'What is written narrows the ports of a Compose file, and makes the networks that zones lay out with `subnets`.',
  } satisfies DiagnosticKind<[policy: string]>,
  severalProjects: {
    code: 'K0011',
    severity: 'error',
    message: (projects: readonly string[]) =>
      `these are Compose files of ${projects.length} projects: ${projects.map((each) => `\`${each}\``).join(', ')}`,
    help: () => 'ask for one at a time; files of one project lie in one folder, or have the same `name`',
    explanation: 'An override file is for one project.',
  } satisfies DiagnosticKind<[projects: readonly string[]]>,
  elsewhere: {
    code: 'K0012',
    severity: 'error',
    message: (what: string) => `${what}: what stands there was not read`,
    help: () => 'give the output of `docker compose config`, in which everything is in its place',
    explanation: '`include` and `extends` bring ports and networks from other files, which nobody has looked at.',
  } satisfies DiagnosticKind<[what: string]>,
  badNetwork: {
    code: 'K0013',
    severity: 'error',
    message: (network: string, problem: string) => `Docker cannot make the network \`${network}\`: ${problem}`,
    help: () => 'a bridge has a name of letters, digits, `_`, `.` and `-`, and one prefix of each family at most',
    explanation: 'A network that a zone lays out has to be one that Docker’s bridge driver can make.',
  } satisfies DiagnosticKind<[network: string, problem: string]>,
  notPublished: {
    code: 'K0014',
    severity: 'warning',
    message: (service: string, port: string) =>
      `no flow leads to ${port} of the service \`${service}\`: it is published no longer`,
    help: () =>
      'where somebody is to reach it, let a flow lead to its zone: `docker: { service: NAME }`, or a network that it is put on (`--put SERVICE=ZONE`)',
    explanation: 'A port that is published for nobody is a way in for whoever finds it while the rules are not loaded.',
  } satisfies DiagnosticKind<[service: string, port: string]>,
  throughProxy: {
    code: 'K0015',
    severity: 'warning',
    message: (service: string, port: string) =>
      `flows of accounts lead to ${port} of the service \`${service}\`, and through 127.0.0.1 it is Docker’s own proxy, of root, that goes there`,
    help: () =>
      'let the flow come from `host`, or let the programs use the container’s own address, or set `"userland-proxy": false` in daemon.json',
    explanation:
      'A connection to a port that is published on the loopback ends at docker-proxy, which opens another one to the container: the kernel sees root there.',
  } satisfies DiagnosticKind<[service: string, port: string]>,
  keepsPower: {
    code: 'K0016',
    severity: 'warning',
    message: (service: string, powers: readonly string[]) =>
      `the service \`${service}\` keeps ${powers.join(', ')}, for which it asks`,
    help: () => 'take it out of `cap_add` (`privileged`) where the service can do without',
    explanation:
      'NET_ADMIN lets a container give itself other addresses, NET_RAW lets it send packets with those of others: its zone is told by its address. What a service asks for is not taken from it.',
  } satisfies DiagnosticKind<[service: string, powers: readonly string[]]>,
  otherNetworks: {
    code: 'K0017',
    severity: 'warning',
    message: (service: string, network: string, others: readonly string[]) =>
      `the service \`${service}\` is put on the network \`${network}\`, and stays on ${others.map((each) => `\`${each}\``).join(', ')}`,
    help: () =>
      'take those out of its `networks` where no flow needs them: neighbours on one bridge need not pass the machine’s rules',
    explanation:
      'What containers of one bridge send each other passes the rules of the machine only where bridges are made to ask them (br_netfilter).',
  } satisfies DiagnosticKind<[service: string, network: string, others: readonly string[]]>,
  defaults: {
    code: 'K0018',
    severity: 'warning',
    message: (service: string, port: string) =>
      `the port \`${port}\` of the service \`${service}\` is written with its defaults: its variables are more than a port of the machine`,
    help: () =>
      'a variable for the machine’s port alone can stay (`127.0.0.1:${PORT:-8080}:80`); or give the output of `docker compose config`',
    explanation:
      'What is narrowed has an address and a port of the container that are known; only the machine’s port may follow the environment.',
  } satisfies DiagnosticKind<[service: string, port: string]>,
  noRoom: {
    code: 'K0019',
    severity: 'error',
    message: (service: string) => `there is no address left for the service \`${service}\` on its networks`,
    help: () => 'lay out a larger subnet',
    explanation: 'What a policy says of a container it says of its address.',
  } satisfies DiagnosticKind<[service: string]>,
  borrowed: {
    code: 'K0020',
    severity: 'warning',
    message: (service: string, zone: string) =>
      `the service \`${service}\` cannot be put on the network of the zone \`${zone}\`: it has none of its own (\`network_mode\`)`,
    help: () =>
      'take `network_mode` away from it, or recognise it as what it is: with `host`, processes of this machine',
    explanation: 'A container that uses the network of another, or the machine’s, can be given none.',
  } satisfies DiagnosticKind<[service: string, zone: string]>,
  apart: {
    code: 'K0021',
    severity: 'warning',
    message: (flow: string, from: string, to: string) =>
      `the flow \`${flow}\` leads from the network \`${from}\` to \`${to}\`, and Docker keeps its networks apart`,
    help: () => 'put both ends on one network, or one of them on both',
    explanation:
      'Docker’s own rules drop what goes from one of its bridges to another, before or after those of the policy let it through.',
  } satisfies DiagnosticKind<[flow: string, from: string, to: string]>,
  noPlace: {
    code: 'K0022',
    severity: 'error',
    message: (text: string, problem: string) => `\`--put ${text}\`: ${problem}`,
    help: () =>
      'write it as `--put SERVICE=ZONE`: a service of the Compose file, and a zone with `docker: { network, subnets }`',
    explanation: 'A service can be put on a network that the policy lays out, and on no other.',
  } satisfies DiagnosticKind<[text: string, problem: string]>,
} as const;

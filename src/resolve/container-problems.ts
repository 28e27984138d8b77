import type { DiagnosticKind } from '../diagnostic/index.ts';

/** What is wrong with zones that Docker recognises, as far as this machine's containers are known. */
export const CONTAINER_PROBLEMS = {
  noSuchNetwork: {
    code: 'R0033',
    severity: 'warning',
    message: (network: string, _suggestion: string | undefined) => `Docker has no network \`${network}\` here`,
    help: (network, suggestion) =>
      suggestion === undefined
        ? `make it (\`docker network create ${network}\`), or lay it out with \`subnets\`: until then its flows are not enforced here`
        : `did you mean \`${suggestion}\`? Compose puts its project before a network's name`,
    explanation:
      'A zone is its network’s subnets behind its bridge. Where there is no such network, nobody knows which these are.',
  } satisfies DiagnosticKind<[network: string, suggestion: string | undefined]>,
  noSubnet: {
    code: 'R0034',
    severity: 'warning',
    message: (network: string) => `nothing says which subnets the network \`${network}\` will have`,
    help: () =>
      'lay it out: `subnets` in the zone, or `ipam` in the Compose file; until then its flows are not enforced here',
    explanation: 'Docker chooses the subnets of a network when it makes it, unless it is told. Rules need them before.',
  } satisfies DiagnosticKind<[network: string]>,
  noContainer: {
    code: 'R0035',
    severity: 'warning',
    message: (zone: string) => `no container that runs is in the zone \`${zone}\` now`,
    help: () => 'its flows let nothing through until one is; look at names and labels with `docker ps --format json`',
    explanation: 'A zone of containers is who runs now. Nobody is there, so nothing is let through.',
  } satisfies DiagnosticKind<[zone: string]>,
  borrowedNetwork: {
    code: 'R0036',
    severity: 'warning',
    message: (container: string, mode: 'host' | 'container') =>
      `the container \`${container}\` has no network of its own: ${mode === 'host' ? 'it uses this machine’s' : 'it uses another container’s'}`,
    help: (_container, mode) =>
      mode === 'host'
        ? 'give it a network, or recognise its processes by their account (`host: { users: ... }`)'
        : 'name the container whose network it is',
    explanation: 'Its packets cannot be told from those of whoever owns the network.',
  } satisfies DiagnosticKind<[container: string, mode: 'host' | 'container']>,
  noAddress: {
    code: 'R0037',
    severity: 'warning',
    message: (container: string, network: string) =>
      `nothing says which address \`${container}\` will have on \`${network}\``,
    help: () => 'give it one (`ipv4_address`, `ipv6_address`), or recognise the zone by its network',
    explanation: 'Docker chooses a container’s address when it starts, unless it is told. Rules need it before.',
  } satisfies DiagnosticKind<[container: string, network: string]>,
} as const;

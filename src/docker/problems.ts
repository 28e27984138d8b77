import type { DiagnosticKind } from '../diagnostic/index.ts';

/** What the readers of Docker's files and listings have to say. */
export const DOCKER_PROBLEMS = {
  unrecognised: {
    code: 'K0001',
    severity: 'error',
    message: (file: string) => `\`${file}\` is nothing of Docker’s that is known`,
    help: () =>
      'give the output of `docker network inspect $(docker network ls -q)`, `docker inspect $(docker ps -aq)` or `docker info --format json`, a Compose file, or daemon.json',
    explanation:
      'What a file is, is seen from its content: lists with what the daemon tells of networks and containers, and files that Compose or the daemon reads.',
  } satisfies DiagnosticKind<[file: string]>,
  unknownNetwork: {
    code: 'K0002',
    severity: 'error',
    message: (service: string, network: string) =>
      `the service \`${service}\` wants the network \`${network}\`, which the file does not declare`,
    help: (_service, network) => `add \`${network}\` under \`networks\`; Compose refuses the file as it is`,
    explanation: 'Compose starts nothing of a file in which a service names a network that is not declared.',
  } satisfies DiagnosticKind<[service: string, network: string]>,
  badPort: {
    code: 'K0003',
    severity: 'error',
    message: (service: string, problem: string) => `a port of the service \`${service}\` cannot be read: ${problem}`,
    help: () => 'write it as `127.0.0.1:8080:80/tcp`; Compose refuses the file as it is',
    explanation:
      'A published port is an address and a port of the machine, both optional, and a port of the container.',
  } satisfies DiagnosticKind<[service: string, problem: string]>,
  unsetVariable: {
    code: 'K0004',
    severity: 'warning',
    message: (name: string) => `the variable \`${name}\` has no default: it is taken to be empty`,
    help: (name) =>
      `give the output of \`docker compose config\`, in which variables are put in, or write \`\${${name}:-default}\``,
    explanation:
      'Environment and `.env` are not read: what Compose will find there nobody knows but whoever starts it.',
  } satisfies DiagnosticKind<[name: string]>,
} as const;

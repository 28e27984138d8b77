import type { FindingKind } from './finding.ts';

type Of = [container: string];

/** What containers are given, and what they could do with it. */
export const CONTAINERS = {
  publishedEverywhere: {
    code: 'A3101',
    severity: 'high',
    message: (container: string, port: string, families: string) =>
      `the container \`${container}\` publishes ${port} on every address of the machine, ${families}`,
    help: () =>
      'publish it on loopback (`127.0.0.1:` before its ports) and reach it through a tunnel or a reverse proxy, or audit it together with a firewall that keeps strangers away',
    explanation:
      'Docker translates packets to a published port before the rules of the input hook see them, so that UFW and most firewalls do not keep anybody from it.',
    controls: [
      'NIST-SC-7',
      'NIST-SC-7(11)',
      'PCI-1.3.1',
      'PCI-1.4.2',
      'ISO-A.8.20',
      'SOC2-CC6.6',
      'CIS-Docker-5.9',
      'CIS-Docker-5.14',
    ],
  } satisfies FindingKind<[container: string, port: string, families: string]>,
  openOverIpv6: {
    code: 'A3102',
    severity: 'high',
    message: (container: string, port: string) =>
      `strangers reach ${port} of the container \`${container}\` over IPv6; over IPv4 the firewall keeps them away`,
    help: () =>
      'filter both families (`ip6tables` has a chain DOCKER-USER of its own, a table `inet` of nftables sees both), or publish on addresses of IPv4 only (`127.0.0.1:` before its ports)',
    explanation:
      'A port that names no address is published in both families. Rules for one of them leave the other as it was.',
    controls: ['NIST-SC-7', 'NIST-SC-7(11)', 'PCI-1.3.1', 'ISO-A.8.20', 'SOC2-CC6.6', 'CIS-Docker-5.14'],
  } satisfies FindingKind<[container: string, port: string]>,
  hostNetwork: {
    code: 'A3103',
    severity: 'high',
    message: (container: string) => `the container \`${container}\` uses the machine’s own network`,
    help: () => 'take `network_mode: host` away, and publish on loopback what has to be reached',
    explanation:
      'It listens where the machine listens, reaches what listens on loopback only, and its packets cannot be told from those of the machine’s own programs.',
    controls: ['NIST-SC-7', 'NIST-AC-4', 'ISO-A.8.22', 'CIS-Docker-5.10'],
  } satisfies FindingKind<Of>,
  othersNetwork: {
    code: 'A3104',
    severity: 'medium',
    message: (container: string, other: string) => `the container \`${container}\` uses the network of \`${other}\``,
    help: () => 'give it a network of its own, and put both on one where they have to speak to each other',
    explanation:
      'Each of the two reaches what the other keeps on loopback, and no rule can tell their packets apart: what one is allowed, both are.',
    controls: ['NIST-AC-4', 'ISO-A.8.22'],
  } satisfies FindingKind<[container: string, other: string]>,
  defaultBridge: {
    code: 'A3105',
    severity: 'medium',
    message: (containers: string) =>
      `the containers ${containers} may open everything to each other on Docker’s default network`,
    help: () =>
      'give each zone a network of its own, or set `"icc": false` in daemon.json, and name in a policy who may speak to whom',
    explanation:
      'Whatever is started without a network lands there, beside strangers to it. One container that is taken over attacks the others from within.',
    controls: ['NIST-SC-7', 'NIST-AC-4', 'ISO-A.8.22', 'CIS-Docker-2.2', 'CIS-Docker-5.30'],
  } satisfies FindingKind<[containers: string]>,
  openNetwork: {
    code: 'A3106',
    severity: 'low',
    message: (network: string, containers: string) =>
      `the containers ${containers} may open everything to each other on the network \`${network}\``,
    help: () =>
      'give each zone a network of its own, or set `com.docker.network.bridge.enable_icc: "false"` among its `driver_opts`',
    explanation:
      'Containers of one bridge reach every port of each other, published or not, and the machine’s firewall need not see the packets.',
    controls: ['NIST-AC-4', 'ISO-A.8.22'],
  } satisfies FindingKind<[network: string, containers: string]>,
  privileged: {
    code: 'A3107',
    severity: 'high',
    message: (container: string) => `the container \`${container}\` is privileged`,
    help: () => 'take `privileged` away, and add the one capability or device that it needs',
    explanation: 'A privileged container is root on the machine: it can change the firewall, and everything else.',
    controls: ['NIST-AC-6', 'NIST-CM-7', 'CIS-Docker-5.5'],
  } satisfies FindingKind<Of>,
  machinePowers: {
    code: 'A3108',
    severity: 'high',
    message: (container: string, added: string, how: string) =>
      `the container \`${container}\` is given ${added}: ${how}`,
    help: () => 'drop all capabilities, and add the ones that it needs by name',
    explanation:
      'With SYS_ADMIN a container can leave its walls, and with NET_ADMIN on the machine’s own network it can empty the firewall.',
    controls: ['NIST-AC-6', 'NIST-CM-7', 'CIS-Docker-5.4'],
  } satisfies FindingKind<[container: string, added: string, how: string]>,
  networkPowers: {
    code: 'A3109',
    severity: 'medium',
    message: (container: string, added: string) => `the container \`${container}\` is given ${added}`,
    help: () => 'take it away unless the container is a router or a VPN',
    explanation:
      'NET_RAW forges packets, so that other containers of its network take it for their gateway; NET_ADMIN changes routes and rules of its network.',
    controls: ['NIST-AC-6', 'NIST-AC-4', 'PCI-1.4.3', 'CIS-Docker-5.4'],
  } satisfies FindingKind<[container: string, added: string]>,
  socketMounted: {
    code: 'A3110',
    severity: 'high',
    message: (container: string) => `the container \`${container}\` has Docker’s socket`,
    help: () =>
      'do not mount it; where a program must ask Docker, put a proxy between them that lets through the few calls that it needs',
    explanation:
      'Whoever can speak to the daemon can start a privileged container, and is root on the machine. That the socket is mounted read-only changes nothing.',
    controls: ['NIST-AC-6', 'NIST-CM-7', 'CIS-Docker-5.32'],
  } satisfies FindingKind<Of>,
  secrets: {
    code: 'A3111',
    severity: 'medium',
    message: (container: string, names: string) =>
      `the container \`${container}\` has secrets in its environment: ${names}`,
    help: () => 'give them as files (`secrets` of Compose, variables that end in `_FILE`)',
    explanation:
      'Every process of the container inherits them, `docker inspect` prints them, and an agent that is asked for its environment tells them.',
    controls: ['NIST-IA-5(7)'],
  } satisfies FindingKind<[container: string, names: string]>,
  couldDoWithLess: {
    code: 'A3112',
    severity: 'low',
    message: (container: string, what: string) => `the container \`${container}\` could do with less: ${what}`,
    help: () => 'set `read_only: true` with `tmpfs` for what it writes, and `cap_drop: [ALL]`',
    explanation:
      'It has something to lose, or can be reached. What it cannot write and may not do, whoever takes it over cannot either.',
    controls: ['NIST-AC-6', 'NIST-CM-7', 'CIS-Docker-5.4', 'CIS-Docker-5.13'],
  } satisfies FindingKind<[container: string, what: string]>,
} as const satisfies Readonly<Record<string, FindingKind<never>>>;

/** How the daemon is set up, and its networks are laid out. */
export const DAEMON = {
  openApi: {
    code: 'A3121',
    severity: 'critical',
    message: (host: string) => `Docker’s API listens on \`${host}\` and asks nobody for a certificate`,
    help: () => 'take it out of `hosts` and use SSH (`DOCKER_HOST=ssh://...`), or set `tlsverify` with `tlscacert`',
    explanation:
      'Whoever reaches the port is root on the machine. It is searched for on the whole internet all the time.',
    controls: ['NIST-AC-17', 'NIST-SC-7(11)', 'NIST-CM-7', 'PCI-1.3.1', 'SOC2-CC6.6', 'CIS-Docker-2.7'],
  } satisfies FindingKind<[host: string]>,
  tcpApi: {
    code: 'A3122',
    severity: 'medium',
    message: (host: string, who: string) => `Docker’s API listens on \`${host}\`: ${who}`,
    help: () => 'take it out of `hosts`, and use the socket here and SSH from elsewhere (`DOCKER_HOST=ssh://...`)',
    explanation:
      'A port can be reached by more than a socket in the file system: by every account, by containers, and by pages in a browser on the machine.',
    controls: ['NIST-AC-17', 'NIST-CM-7', 'CIS-Docker-2.7'],
  } satisfies FindingKind<[host: string, who: string]>,
  userlandProxy: {
    code: 'A3123',
    severity: 'low',
    message: () => 'Docker’s userland proxy is switched on',
    help: () => 'set `"userland-proxy": false` in daemon.json',
    explanation:
      'For each published port a process listens on the machine, and what goes through it reaches the container with an address of the machine’s, whoever sent it.',
    controls: ['NIST-CM-7', 'CIS-Docker-2.16'],
  } satisfies FindingKind<[]>,
  noIptables: {
    code: 'A3124',
    severity: 'high',
    message: () => 'Docker must not write rules (`iptables` is false): nothing keeps its networks apart',
    help: () =>
      'take the setting away and filter in DOCKER-USER or a forward chain of your own; or see that rules of yours do all that Docker’s would',
    explanation:
      'Docker’s own rules are what keeps its networks from each other, and unpublished ports from the machine’s neighbours. Ports are then published by its proxy alone.',
    controls: ['NIST-SC-7', 'NIST-AC-4', 'ISO-A.8.22', 'CIS-Docker-2.4'],
  } satisfies FindingKind<[]>,
  noIp6tables: {
    code: 'A3125',
    severity: 'medium',
    message: () => 'Docker must not write rules for IPv6 (`ip6tables` is false)',
    help: () => 'take the setting away, or see that rules of yours filter what containers send and receive over IPv6',
    explanation:
      'Containers with addresses of IPv6 are then routed without a filter of Docker’s: every port of theirs can be reached, published or not.',
    controls: ['NIST-SC-7', 'NIST-AC-4', 'ISO-A.8.22'],
  } satisfies FindingKind<[]>,
  overlap: {
    code: 'A3126',
    severity: 'medium',
    message: (a: string, b: string, what: string) =>
      `the networks \`${a}\` and \`${b}\` have addresses in common: ${what}`,
    help: () =>
      'lay one of them out elsewhere (`ipam` with a subnet of its own, `default-address-pools` in daemon.json)',
    explanation:
      'Packets go to one of the two, and nobody says to which; a rule for the addresses of one is a rule for both.',
    controls: ['NIST-SC-7', 'ISO-A.8.22'],
  } satisfies FindingKind<[a: string, b: string, what: string]>,
  lanOverlap: {
    code: 'A3127',
    severity: 'medium',
    message: (network: string, through: string, what: string) =>
      `the network \`${network}\` has addresses of the network behind \`${through}\`: ${what}`,
    help: () =>
      'lay it out elsewhere (`ipam` with a subnet of its own, `default-address-pools` in daemon.json), where no machine of yours is',
    explanation:
      'Machines of that network cannot be reached any more, or containers cannot; and a rule for the ones lets the others in.',
    controls: ['NIST-SC-7', 'ISO-A.8.22'],
  } satisfies FindingKind<[network: string, through: string, what: string]>,
} as const satisfies Readonly<Record<string, FindingKind<never>>>;

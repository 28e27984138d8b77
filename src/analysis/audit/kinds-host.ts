import type { FindingKind } from './finding.ts';

/** What the machine around the firewall makes of it. */
export const HOST = {
  dockerBypass: {
    code: 'A3001',
    severity: 'high',
    message: (container: string, port: string, families: string) =>
      `Docker leads ${port} past the rules of the input hook to the container \`${container}\`, for the whole world${families}`,
    help: () =>
      'publish it on loopback (`127.0.0.1:` before its ports), or filter in DOCKER-USER or a forward chain of your own',
    explanation:
      'Packets to a published port are translated before routing and never meet the input hook, where UFW and most firewalls have their rules.',
    controls: [
      'NIST-SC-7',
      'NIST-AC-4',
      'PCI-1.3.1',
      'ISO-A.8.20',
      'SOC2-CC6.6',
      'CIS-4.2.6',
      'CIS-4.4.2.4',
      'CIS-Docker-5.14',
    ],
  } satisfies FindingKind<[container: string, port: string, families: string]>,
  bothBackends: {
    code: 'A3002',
    severity: 'medium',
    message: () => 'both backends of iptables hold rules: legacy and nft',
    help: () =>
      'keep one: list with `iptables-legacy-save` and `iptables-nft-save`, move the rules, and empty the other',
    explanation:
      'The kernel asks both. Each tool shows one of them only, so that what stands is not what anybody sees.',
    controls: ['CIS-4.1.1', 'CIS-4.3.3', 'CIS-4.4.1.2', 'PCI-1.2.8'],
  } satisfies FindingKind<[]>,
  forwarding: {
    code: 'A3003',
    severity: 'high',
    message: (families: string) => `this machine forwards${families}, and no rule says for whom`,
    help: () =>
      'switch forwarding off (`net.ipv4.ip_forward`, `net.ipv6.conf.all.forwarding`), or deny at the forward hook what need not pass',
    explanation: 'Everybody on a link of the machine can route through it, into networks that trust it.',
    controls: ['CIS-3.3.1', 'NIST-SC-7', 'NIST-AC-4', 'PCI-1.4.1', 'ISO-A.8.22'],
  } satisfies FindingKind<[families: string]>,
  exposedService: {
    code: 'A3004',
    severity: 'high',
    message: (program: string, port: string) =>
      `${program} listens on ${port} for every address, and no rule keeps strangers away`,
    help: () => 'let it listen on loopback or on one address, or close the port',
    explanation: 'The firewall lets everything in, so whatever listens is reachable. These are the services that are.',
    controls: ['NIST-CM-7', 'NIST-SC-7(12)', 'PCI-1.2.5', 'ISO-A.8.21', 'SOC2-CC6.6', 'CIS-4.2.6', 'CIS-4.4.2.4'],
  } satisfies FindingKind<[program: string, port: string]>,
  nobodyListens: {
    code: 'A3005',
    severity: 'low',
    message: (port: string) => `${port} is open to the whole world, and nothing listens there`,
    help: () => 'remove the rule until something does',
    explanation: 'A hole without a service is one for whatever is started next.',
    controls: ['PCI-1.2.5', 'PCI-1.2.7', 'NIST-CM-7'],
  } satisfies FindingKind<[port: string]>,
  openclawExposed: {
    code: 'A3006',
    severity: 'high',
    message: (name: string, port: string, reach: string) =>
      `OpenClaw’s ${name} listens on ${port} for every address${reach}`,
    help: () =>
      'bind it to loopback (`gateway.bind: "loopback"`) and reach it through a tunnel, Tailscale or a reverse proxy',
    explanation:
      'Whoever reaches the gateway and has, guesses or steals its token commands the agent, with everything that the agent may do.',
    controls: ['NIST-SC-7(11)', 'NIST-SC-7(12)', 'NIST-CM-7', 'PCI-1.3.1', 'ISO-A.8.21', 'SOC2-CC6.6'],
  } satisfies FindingKind<[name: string, port: string, reach: string]>,
  openclawProxy: {
    code: 'A3007',
    severity: 'medium',
    message: (config: string) =>
      `\`proxy.enabled\` is set in ${config} without a \`proxyUrl\`: OpenClaw goes out directly`,
    help: () => 'set `proxy.proxyUrl`, or OPENCLAW_PROXY_URL',
    explanation: 'Somebody wanted all traffic to pass a proxy that checks it. It does not.',
    controls: ['NIST-SC-7(8)', 'NIST-SC-7(10)', 'PCI-1.3.2'],
  } satisfies FindingKind<[config: string]>,
  notPersistent: {
    code: 'A3008',
    severity: 'high',
    message: (looked: string) => `nothing loads a firewall at boot: ${looked}`,
    help: () => 'enable what loads it: `systemctl enable nftables`, `ufw enable`, or iptables-persistent',
    explanation: 'The rules that stand are in the kernel’s memory only. After the next restart the machine is open.',
    controls: ['NIST-SC-7(18)', 'PCI-1.2.8', 'CIS-4.3.9', 'CIS-4.3.10'],
  } satisfies FindingKind<[looked: string]>,
} as const satisfies Readonly<Record<string, FindingKind<never>>>;

import type { DiagnosticKind } from '../diagnostic/index.ts';

/** What discovery has to say: what it cannot read, what it cannot derive, and what is risky as it stands. */
export const DISCOVERY_PROBLEMS = {
  unreadable: {
    code: 'D0001',
    severity: 'error',
    message: (path: string, reason: string) => `cannot read \`${path}\`: ${reason}`,
    help: () =>
      'run `portcullis init` as the account that OpenClaw runs under or as root, or name the file with `--config`',
    explanation: 'The configuration of OpenClaw, or a file that it includes, could not be read.',
  } satisfies DiagnosticKind<[path: string, reason: string]>,
  syntax: {
    code: 'D0002',
    severity: 'error',
    message: (problem: string) => `not valid JSON5: ${problem}`,
    help: () => 'OpenClaw would not start with this file either; `openclaw config validate` reads it the same way',
    explanation:
      'OpenClaw reads its configuration as JSON5. Text values are shown as asterisks, because they may be secrets.',
  } satisfies DiagnosticKind<[problem: string]>,
  notMapping: {
    code: 'D0003',
    severity: 'error',
    message: (found: string) => `the configuration must be a mapping, and this is ${found}`,
    help: () => 'the file should look like `{ gateway: { ... }, channels: { ... } }`',
    explanation: 'An OpenClaw configuration is one mapping of sections.',
  } satisfies DiagnosticKind<[found: string]>,
  tooDeep: {
    code: 'D0004',
    severity: 'error',
    message: (limit: number) => `nested more than ${limit} levels deep`,
    help: () => 'no setting of OpenClaw lies that deep: look for a bracket that is opened again and again',
    explanation: 'Nesting is bounded, so that a hostile file cannot exhaust the reader.',
  } satisfies DiagnosticKind<[limit: number]>,
  tooLarge: {
    code: 'D0005',
    severity: 'error',
    message: (path: string, limit: number) => `\`${path}\` is larger than ${limit} bytes`,
    help: () => 'OpenClaw does not read such a file either',
    explanation: 'OpenClaw refuses configuration files above 2 MiB, and so does discovery.',
  } satisfies DiagnosticKind<[path: string, limit: number]>,
  wrongType: {
    code: 'D0006',
    severity: 'error',
    message: (key: string, expected: string, found: string) => `\`${key}\` should be ${expected}, and this is ${found}`,
    help: () => 'OpenClaw would not start with this value either; `openclaw config validate` lists all of them',
    explanation: 'A setting has another type than OpenClaw’s own schema asks for.',
  } satisfies DiagnosticKind<[key: string, expected: string, found: string]>,
  badPort: {
    code: 'D0007',
    severity: 'error',
    message: (key: string) => `\`${key}\` is no port`,
    help: () => 'a port is a whole number from 1 to 65535',
    explanation: 'A setting that names a port has a value that is none.',
  } satisfies DiagnosticKind<[key: string]>,
  badUrl: {
    code: 'D0008',
    severity: 'error',
    message: (key: string) => `\`${key}\` does not name a server`,
    help: () => 'write it as OpenClaw expects it: `https://host.example.com` or `https://host.example.com:8443/path`',
    explanation:
      'A setting that should be a URL could not be read as one, so its host is not known. The value is not shown: URLs may carry secrets.',
  } satisfies DiagnosticKind<[key: string]>,
  includeShape: {
    code: 'D0010',
    severity: 'error',
    message: (found: string) => `\`$include\` should be a path or a list of paths, and this is ${found}`,
    help: () => 'write `$include: "./agents.json5"` or `$include: ["./a.json5", "./b.json5"]`',
    explanation: 'OpenClaw accepts one path or a list of paths in `$include`.',
  } satisfies DiagnosticKind<[found: string]>,
  includeOutside: {
    code: 'D0011',
    severity: 'error',
    message: (path: string) => `\`${path}\` lies outside the folder of the configuration`,
    help: () => 'move the file below that folder, or list its folder in OPENCLAW_INCLUDE_ROOTS, as OpenClaw asks for',
    explanation:
      'OpenClaw confines `$include` to the folder of `openclaw.json` and the folders of OPENCLAW_INCLUDE_ROOTS; symbolic links are followed first.',
  } satisfies DiagnosticKind<[path: string]>,
  includeCycle: {
    code: 'D0012',
    severity: 'error',
    message: (path: string) => `\`${path}\` includes itself`,
    help: () => 'take one of the `$include` lines of the circle out',
    explanation: 'Files that include each other in a circle have no end.',
  } satisfies DiagnosticKind<[path: string]>,
  includeDepth: {
    code: 'D0013',
    severity: 'error',
    message: (limit: number) => `includes are nested more than ${limit} levels deep`,
    help: () => 'OpenClaw stops there, too: include the files from fewer levels',
    explanation: 'OpenClaw follows ten levels of `$include`.',
  } satisfies DiagnosticKind<[limit: number]>,
  includeSiblings: {
    code: 'D0014',
    severity: 'error',
    message: () => 'keys beside `$include` need the included file to be a mapping',
    help: () => 'take the other keys out, or make the included file a mapping',
    explanation: 'OpenClaw merges the keys beside `$include` over the included content, which must be a mapping then.',
  } satisfies DiagnosticKind<[]>,
  includeTooMany: {
    code: 'D0015',
    severity: 'error',
    message: (limit: number) => `more than ${limit} files are included`,
    help: () => 'include fewer files, or each of them once',
    explanation: 'The number of files that one configuration reads is bounded.',
  } satisfies DiagnosticKind<[limit: number]>,
  unknownVariable: {
    code: 'D0020',
    severity: 'warning',
    message: (key: string, variable: string) => `\`${key}\` comes from \`${variable}\`, which is not set here`,
    help: (_key, variable) =>
      `run \`portcullis init\` again with ${variable} set as OpenClaw sees it, or add the flow by hand`,
    explanation:
      'OpenClaw puts environment variables into its configuration. Their values are looked for in the environment, in `.env` beside the configuration and in `env.vars`.',
  } satisfies DiagnosticKind<[key: string, variable: string]>,
  unknownChannel: {
    code: 'D0021',
    severity: 'warning',
    message: (name: string) => `nothing is known of the channel \`${name}\`: its hosts cannot be derived`,
    help: (name) => `look its hosts up and add a flow \`${name}\`, or watch what is denied and decide then`,
    explanation: 'A channel that comes with no known release of OpenClaw, or whose hosts are not known.',
  } satisfies DiagnosticKind<[name: string]>,
  unknownProvider: {
    code: 'D0022',
    severity: 'warning',
    message: (name: string, key: string) =>
      `nothing is known of \`${name}\` in \`${key}\`: its hosts cannot be derived`,
    help: () => 'where it has a `baseUrl`, set it; else look its hosts up and add a flow',
    explanation: 'A provider of models, search, speech or embeddings that the catalogue does not have.',
  } satisfies DiagnosticKind<[name: string, key: string]>,
  arbitraryDestinations: {
    code: 'D0030',
    severity: 'info',
    message: (features: readonly string[]) =>
      `where these connect to cannot be derived, for it is whatever a page, a user or a model says: ${features.join(', ')}`,
    help: () => 'it stays denied; name the hosts that the agent may read, or uncomment the flow `web`',
    explanation:
      'Reading any page is also a way to send anything anywhere, so it is never opened unasked. An allow-list of hosts is the only policy that holds.',
  } satisfies DiagnosticKind<[features: readonly string[]]>,
  ownProgram: {
    code: 'D0031',
    severity: 'info',
    message: (name: string) => `the MCP server \`${name}\` is a program of its own: what it reaches cannot be derived`,
    help: () => 'it runs under the agent’s account and is held to the same flows; add what it needs',
    explanation: 'A program that OpenClaw starts may connect to anything; its configuration does not say to what.',
  } satisfies DiagnosticKind<[name: string]>,
  storedElsewhere: {
    code: 'D0032',
    severity: 'info',
    message: (what: string) => `${what} are kept in OpenClaw’s database and not in its configuration`,
    help: () => 'add a flow for each of their hosts',
    explanation: 'Some destinations are not in the configuration, so they cannot be derived from it.',
  } satisfies DiagnosticKind<[what: string]>,
  autoSearch: {
    code: 'D0033',
    severity: 'info',
    message: () => 'web search picks a provider by the keys that it finds (`tools.web.search.provider` is not set)',
    help: () => 'set `tools.web.search.provider`, so that its host is known and stays the same',
    explanation: 'Without a provider OpenClaw takes the first that has credentials.',
  } satisfies DiagnosticKind<[]>,
  proxyWithoutUrl: {
    code: 'D0040',
    severity: 'warning',
    message: () => '`proxy.enabled` is set and no proxy is named: OpenClaw goes direct and says nothing',
    help: () => 'set `proxy.proxyUrl` or OPENCLAW_PROXY_URL, or take `proxy.enabled` out',
    explanation: 'With `proxy.enabled: true` and no URL, OpenClaw’s traffic passes no proxy at all.',
  } satisfies DiagnosticKind<[]>,
  proxyAccount: {
    code: 'D0041',
    severity: 'warning',
    message: (port: number) => `the proxy on port ${port} of this machine runs under an account that is not known`,
    help: () =>
      'name it with `--proxy-user NAME`; until then the agent’s own account keeps the right to connect directly',
    explanation:
      'Where a proxy decides, only the proxy’s account should reach the internet: else the agent can pass it by.',
  } satisfies DiagnosticKind<[port: number]>,
  openGateway: {
    code: 'D0042',
    severity: 'warning',
    message: (bind: string, port: number) =>
      `the gateway listens on more than this machine (\`${bind}\`, port ${port})`,
    help: () =>
      'set `gateway.bind: "loopback"` and come in by SSH or Tailscale; as it stands, only the zone in the policy reaches it',
    explanation:
      'Whoever reaches the gateway and has its token controls the agent. Compromises through an open gateway port are known.',
  } satisfies DiagnosticKind<[bind: string, port: number]>,
  publicFunnel: {
    code: 'D0043',
    severity: 'warning',
    message: (key: string) => `Tailscale Funnel publishes the gateway to the whole internet (\`${key}\`)`,
    help: () => 'use `serve` for your own tailnet; no rule on this machine can narrow what Funnel brings in',
    explanation: 'Funnel’s traffic arrives from the Tailscale daemon over loopback, behind any firewall.',
  } satisfies DiagnosticKind<[key: string]>,
  webhookBehindProxy: {
    code: 'D0044',
    severity: 'info',
    message: (what: string, port: number) => `${what} waits for calls from outside on port ${port}`,
    help: () =>
      'a reverse proxy or tunnel on this machine reaches it over loopback; where it stands elsewhere, uncomment the flow and name it',
    explanation: 'Webhooks need HTTPS from outside, so something in front of OpenClaw takes the call and passes it on.',
  } satisfies DiagnosticKind<[what: string, port: number]>,
  inContainer: {
    code: 'D0045',
    severity: 'warning',
    message: () => 'this is a container: its rules can only be set on the machine that runs it',
    help: () => 'run `portcullis init --config FILE` on that machine, with the configuration that the container mounts',
    explanation:
      'A container has no right to set rules for itself, and in it OpenClaw binds to all interfaces by default.',
  } satisfies DiagnosticKind<[]>,
  dockerHere: {
    code: 'D0046',
    severity: 'warning',
    message: (interfaces: string) =>
      `containers or virtual machines run here (\`${interfaces}\`): their traffic is forwarded and passes untouched`,
    help: () =>
      'ports that Docker publishes never meet the rules for this machine’s own ports: publish them on 127.0.0.1 only, or give the network a zone and write flows to it',
    explanation:
      'What Docker publishes is decided in the forward chain, after its own address translation. The policy leaves `forwarding` on, so that containers keep working, and says nothing of them.',
  } satisfies DiagnosticKind<[interfaces: string]>,
  publishedPorts: {
    code: 'D0056',
    severity: 'warning',
    message: (ports: string) => `Docker publishes ${ports} on every address: no flow of this policy decides that`,
    help: () => 'publish them as `127.0.0.1:PORT:PORT`, and let a flow or an SSH tunnel bring others in',
    explanation:
      'A published port is translated before the rules for this machine’s own ports are asked, so they never see it.',
  } satisfies DiagnosticKind<[ports: string]>,
  sandboxNetwork: {
    code: 'D0057',
    severity: 'warning',
    message: (key: string) =>
      `the agent’s sandboxes have a network of their own (\`${key}\`), and no flow of this policy decides it`,
    help: () =>
      'set it to `none`, which is the default, or to a network that has a zone (`docker: { network: ... }`): then it reaches what its flows name',
    explanation:
      'What a sandbox container sends is forwarded by this machine. It does not come from the agent’s account, so rules for that account never meet it.',
  } satisfies DiagnosticKind<[key: string]>,
  rootAgent: {
    code: 'D0047',
    severity: 'warning',
    message: () => 'OpenClaw runs as root: its traffic cannot be told from that of the system',
    help: () =>
      'give it an account of its own (`useradd --system --create-home openclaw`) and run `portcullis init` again',
    explanation: 'The kernel recognises the agent by its account. Root’s traffic includes updates and time.',
  } satisfies DiagnosticKind<[]>,
  noAdmin: {
    code: 'D0050',
    severity: 'warning',
    message: () => 'no SSH session is open, so where you administer this machine from is not known',
    help: () =>
      'SSH is open to private addresses only: if you come from elsewhere, put your address into the zone `admin` BEFORE you apply the policy',
    explanation: 'The policy allows SSH from the addresses of the sessions that are open while it is written.',
  } satisfies DiagnosticKind<[]>,
  sessionAddress: {
    code: 'D0051',
    severity: 'info',
    message: (addresses: string) => `SSH stays open to where you are now: ${addresses}`,
    help: () =>
      'if that address can change (a home line, a phone), widen the zone `admin` to your provider’s prefix or to your VPN',
    explanation: 'An address that changes locks out whoever relies on it.',
  } satisfies DiagnosticKind<[addresses: string]>,
  noResolver: {
    code: 'D0052',
    severity: 'warning',
    message: () => 'no name server is configured on this machine: no DNS flow is written',
    help: () => 'add your name servers to the zone `resolvers` and take the comment signs off the flow `dns`',
    explanation: 'Without DNS no name can be reached; to which servers is decided by /etc/resolv.conf.',
  } satisfies DiagnosticKind<[]>,
  otherListeners: {
    code: 'D0053',
    severity: 'info',
    message: (ports: string) => `this machine also listens on ${ports}; the policy opens none of that`,
    help: () => 'the flows are written out as comments: uncomment those that others should reach',
    explanation: 'A listener that OpenClaw does not need is not opened unasked.',
  } satisfies DiagnosticKind<[ports: string]>,
  unknownAccount: {
    code: 'D0054',
    severity: 'warning',
    message: () => 'the account that OpenClaw runs under is not known',
    help: () => 'name it with `--user NAME`; the policy says `openclaw` for now',
    explanation: 'The agent is recognised by its account, which is that of whoever owns the configuration.',
  } satisfies DiagnosticKind<[]>,
  foreignFirewall: {
    code: 'D0055',
    severity: 'info',
    message: (names: string) => `another firewall seems to be set up here: ${names}`,
    help: () => 'its rules stay as they are: both must let a packet through; a drop in either is final',
    explanation: 'Several firewalls on one machine each decide; what one accepts the other may still drop.',
  } satisfies DiagnosticKind<[names: string]>,
} as const;

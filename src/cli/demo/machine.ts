import { loadConfigKeys } from '../../catalog/index.ts';
import { discover, type MachineFacts, type Proposal, proposePolicy } from '../../discover/index.ts';
import { type Address, parseAddress } from '../../net/index.ts';
import { catalog } from '../policy-input.ts';

/** The machine of the demo: a small server with an agent on it, as `portcullis init` would find it. */

export const AGENT = { name: 'openclaw', uid: 998 };
export const SOMEBODY_ELSE = { name: 'www-data', uid: 33 };
export const GATEWAY_PORT = 18_789;
export const ADMIN = ['10.0.5.10', '2001:db8:5::10'] as const;
export const RESOLVERS = ['192.0.2.53', '2001:db8:53::53'] as const;

const CONFIGURATION_PATH = '/home/openclaw/.openclaw/openclaw.json';

/** A real configuration: `openclaw config validate` accepts it. */
export const CONFIGURATION = `{
  // A small assistant: it lives in Discord, thinks with Claude and searches with Gemini.
  gateway: {
    port: ${GATEWAY_PORT},
    bind: "loopback",
    auth: { mode: "token", token: "\${OPENCLAW_GATEWAY_TOKEN}" },
  },
  channels: { discord: { enabled: true, token: "\${DISCORD_BOT_TOKEN}" } },
  agents: { defaults: { model: { primary: "anthropic/claude-opus-4-6" } } },
  tools: {
    web: { search: { enabled: true, provider: "gemini" }, fetch: { enabled: false } },
  },
}
`;

const MACHINE: MachineFacts = {
  hostName: 'demo',
  distribution: 'debian',
  accounts: new Map([
    ['root', 0],
    [SOMEBODY_ELSE.name, SOMEBODY_ELSE.uid],
    [AGENT.name, AGENT.uid],
  ]),
  agentUid: AGENT.uid,
  resolvers: RESOLVERS.map(known),
  timeServers: [],
  ssh: { port: 22, peers: ADMIN.map(known) },
  sockets: [],
  interfaces: ['lo', 'eth0'],
  inContainer: false,
  firewalls: [],
};

/** What `portcullis init` proposes for it. */
export function proposal(): Proposal {
  const discovery = discover({
    path: CONFIGURATION_PATH,
    files: { read: () => ({ text: CONFIGURATION }), realPath: (path) => path },
    environment: [{ OPENCLAW_GATEWAY_TOKEN: 'x', DISCORD_BOT_TOKEN: 'x' }],
    catalog: catalog(),
    keys: loadConfigKeys(),
  });
  return proposePolicy({ discovery, machine: MACHINE, catalog: catalog(), agentAccount: AGENT.name });
}

export function accounts(): ReadonlyMap<string, number> {
  return MACHINE.accounts;
}

/** An address that stands in this program. @throws RangeError where it is none: a mistake of ours. */
export function known(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`not an address: ${text}`);
  return address;
}

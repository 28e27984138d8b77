import type { Draft } from './draft.ts';
import {
  type FlowBlock,
  formatSource,
  needComments,
  needDestination,
  needPurpose,
  needServices,
} from './flow-blocks.ts';
import type { Listener } from './listeners.ts';
import type { MachineFacts } from './machine.ts';
import { accountName, tailnetZone } from './machine-flows.ts';
import { uniqueName, zoneName } from './names.ts';
import type { Need } from './needs.ts';
import type { Discovery } from './openclaw.ts';
import { DISCOVERY_PROBLEMS } from './problems.ts';
import { formatHost } from './server.ts';
import { list, users } from './yaml-writer.ts';

/** What OpenClaw needs: connections out, by kind, and the ports that it offers to others. */
export function agentFlows(draft: Draft, discovery: Discovery): void {
  const agent = agentZone(draft);
  draft.section(
    'What OpenClaw offers',
    discovery.listeners.map((listener) => listenerFlow(draft, discovery, listener)),
  );
  const remote = discovery.needs.filter((need) => need.to.kind === 'catalog' || need.to.host.kind !== 'loopback');
  const proxy = proxyAccess(draft, discovery, agent);
  const flows = remote.map((need) => needFlow(draft, discovery, need, need.http ? proxy : { from: agent }));
  const kinds = Map.groupBy(
    flows.map((flow, index) => ({ flow, title: sectionTitle(remote[index], draft) })),
    ({ title }) => title,
  );
  if (proxy.flow !== undefined) draft.section('OpenClaw’s proxy', [proxy.flow]);
  for (const [title, group] of kinds)
    draft.section(
      title,
      group.map(({ flow }) => flow),
    );
  draft.section('What cannot be derived: denied', [arbitraryFlow(proxy.from)]);
}

function agentZone(draft: Draft): string {
  const account = agentAccount(draft);
  if (account === undefined) draft.say(DISCOVERY_PROBLEMS.unknownAccount);
  if (account === 'root') draft.say(DISCOVERY_PROBLEMS.rootAgent);
  const owned = draft.input.agentAccount === undefined;
  return draft.zone({
    name: 'agent',
    comments: [
      account === undefined
        ? 'ATTENTION: the account that OpenClaw runs under is not known. Put it here.'
        : `The account that OpenClaw runs under${owned ? ': it owns the configuration' : ''}.`,
    ],
    lines: [`host: { users: ${users([account ?? 'openclaw'])} }`],
  });
}

function agentAccount({ input: { agentAccount: named, machine } }: Draft): string | undefined {
  return named ?? (machine.agentUid === undefined ? undefined : accountOf(machine.agentUid, machine));
}

/** By name; by number where it has none. */
function accountOf(uid: number, { accounts }: MachineFacts): string {
  return accountName(uid, accounts) ?? String(uid);
}

/** Who makes the HTTP connections: the agent, or its proxy. */
interface HttpAccess {
  readonly from: string;
  readonly offered?: string; // the flows are the business of a proxy on another machine
  readonly flow?: FlowBlock; // from the agent to that proxy
}

function proxyAccess(draft: Draft, { proxy, files }: Discovery, agent: string): HttpAccess {
  if (proxy === undefined) return { from: agent };
  const { host, port } = proxy.server;
  if (host.kind !== 'loopback') {
    const flow: FlowBlock = {
      name: 'openclaw-proxy',
      from: agent,
      to: hostZone(draft, 'proxy', formatHost(host)),
      service: [`tcp/${port}`],
      purpose: 'the proxy that OpenClaw sends HTTP through',
      required: true,
      comments: [
        formatSource(proxy.source, files),
        'What it may reach is its own policy; the flows below are what it must allow.',
      ],
    };
    return { from: agent, offered: 'if OpenClaw should also reach it without the proxy', flow };
  }
  const account = draft.input.proxyAccount ?? listeningAccount(port, draft.input.machine);
  if (account === undefined) {
    draft.say(DISCOVERY_PROBLEMS.proxyAccount, port);
    return { from: agent };
  }
  if (account === agentAccount(draft)) return { from: agent };
  const from = draft.zone({
    name: 'proxy',
    comments: [`The proxy on port ${port} of this machine: it connects for OpenClaw, and decides what.`],
    lines: [`host: { users: ${users([account])} }`],
  });
  return { from };
}

/** Who listens there. Root may have opened the port for another account, so it tells nothing. */
function listeningAccount(port: number, machine: MachineFacts): string | undefined {
  const socket = machine.sockets.find((one) => one.protocol === 'tcp' && one.port === port);
  return socket === undefined || socket.uid === 0 ? undefined : accountOf(socket.uid, machine);
}

function needFlow(draft: Draft, { files }: Discovery, need: Need, access: HttpAccess): FlowBlock {
  const { catalog } = draft.input;
  const offered = need.offered ?? access.offered;
  const kind = need.to.kind === 'catalog' ? catalog.entry(need.to.entry)?.kind : undefined;
  return {
    name: need.name,
    from: access.from,
    to:
      need.to.kind === 'catalog' ? [needDestination(need)] : hostZone(draft, need.name, needDestination(need), offered),
    service: needServices(need, catalog),
    purpose: needPurpose(need),
    ...(kind === 'channel' ? { risk: 'exfiltration' } : {}),
    ...(kind === 'channel' && offered === undefined ? { required: true as const } : {}),
    comments: needComments(need, catalog, files),
    ...(offered === undefined ? {} : { offered }),
  };
}

/** A host with dots stands for itself; the policy language takes a single word for a zone, so it gets one. */
function hostZone(draft: Draft, name: string, host: string, offered?: string): readonly string[] {
  if (host.includes('.') || host.includes(':') || offered !== undefined) return [host];
  const zone = uniqueName(`${zoneName(name)}-server`, draft.zones);
  return [draft.zone({ name: zone, comments: [], lines: [`domains: ${list([host])}`] })];
}

function sectionTitle(need: Need | undefined, draft: Draft): string {
  if (need?.to.kind !== 'catalog') return 'Servers that the configuration names';
  switch (draft.input.catalog.entry(need.to.entry)?.kind) {
    case 'channel':
      return 'Channels';
    case 'model':
      return 'Models';
    case 'search':
    case 'speech':
      return 'Search and speech';
    default:
      return 'Services of OpenClaw itself';
  }
}

function listenerFlow(draft: Draft, { files }: Discovery, listener: Listener): FlowBlock {
  const flow = {
    name: listener.name,
    to: ['host'],
    service: [`${listener.protocol}/${listener.port}`],
    purpose: listener.name.replaceAll('-', ' '),
    comments: [formatSource(listener.source, files)],
  };
  switch (listener.reach) {
    case 'private':
      return {
        ...flow,
        from: 'private',
        ...(listener.protocol === 'tcp' ? { risk: 'whoever has the token controls the agent' } : {}),
        comments: [...flow.comments, 'Narrow this to the machines that need it.'],
      };
    case 'tailnet':
      return { ...flow, from: tailnetZone(draft) };
    case 'webhook':
      return {
        ...flow,
        from: 'internet',
        offered:
          'if calls come straight from outside, and name who; a reverse proxy or tunnel on this machine needs nothing here',
      };
  }
}

function arbitraryFlow(from: string): FlowBlock {
  return {
    name: 'web',
    from,
    to: ['internet'],
    service: ['http', 'https'],
    purpose: 'reading any web page',
    risk: 'exfiltration to anywhere',
    comments: [
      'Reading web pages and the browser go wherever a page, a user or a model says. Better than opening this: name the hosts that the agent may read.',
    ],
    offered: 'to open the whole web',
  };
}

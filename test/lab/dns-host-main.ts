import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AddressFeed,
  DEFAULT_DNS_TYPES,
  DNS_BUDGET_LIMITS,
  DNS_TCP_LIMITS,
  DnsServer,
  DnsService,
  Gatekeeper,
  RESOLVER_LIMITS,
  Resolver,
} from '../../src/gateway/index.ts';
import { type GroupSets, SetWriter } from '../../src/host/index.ts';
import { parseAddress, parseProcSockets } from '../../src/net/index.ts';
import { EgressPolicy } from '../../src/semantics/index.ts';
import { nameSet, TABLE_NAME } from '../../src/target/index.ts';
import type { AgentAnswer, AgentTask } from './dns-agent-main.ts';
import { ACCOUNTS, type DnsScenario, GATEWAY_PORT, POLICY, UPSTREAM } from './dns-policy.ts';
import { intentOf } from './policies.ts';

/** The protected host of the lab, as root: starts the writer of sets and two agents, becomes the gateway's account, and lets the agents do what the scenario says. */

const scenario: DnsScenario = JSON.parse(await text(process.stdin)); // written by the test that starts this
const intent = intentOf(POLICY);
const now = (): number => performance.now();

const groups = intent.groups.map(
  ({ key }): GroupSets => ({ group: key, names: { 4: nameSet(key, 4), 6: nameSet(key, 6) } }),
);
const writer = new SetWriter(`inet ${TABLE_NAME}`, groups);
const agents = { agent: agent(ACCOUNTS.agent), other: agent(ACCOUNTS.other) };
await Promise.all(Object.values(agents).map((child) => once(child, 'message')));
process.setgroups?.([]);
process.setgid?.(ACCOUNTS.gateway);
process.setuid?.(ACCOUNTS.gateway);

const gatekeeper = new Gatekeeper(new EgressPolicy(intent), {
  record: () => undefined,
  observe: false,
  isOwn: () => false,
  newId: () => 'id',
  clock: { now, time: () => '2026-11-26T00:00:00.000Z' },
});
const resolver = new Resolver({
  upstreams: [{ by: 'udp', address: parseAddress(UPSTREAM)!, port: 53 }],
  splits: [],
  local: new Map(),
  limits: { ...RESOLVER_LIMITS, leastSeconds: 1, mostSeconds: scenario.mostSeconds },
  now,
});
const service = new DnsService({
  gatekeeper,
  resolver,
  feed: new AddressFeed({
    sink: writer,
    graceSeconds: scenario.graceSeconds,
    mostSeconds: 600,
    mostAddresses: 100_000,
    now,
  }),
  types: DEFAULT_DNS_TYPES,
  refuseBy: 'refused',
  budgets: { ...DNS_BUDGET_LIMITS, perSecond: 1e6, burst: 1e6, newNames: 1e6 },
});
const server = new DnsServer({
  service,
  tcp: DNS_TCP_LIMITS,
  whoAsks: (_, { address, port }) => {
    const socket = parseProcSockets(readFileSync('/proc/net/udp', 'utf8')).find(({ local }) => local.port === port);
    return socket === undefined ? undefined : { agent: String(socket.uid), address, port, account: socket.uid };
  },
});
await server.listen([{ at: 'address', address: parseAddress('127.0.0.1')!, port: GATEWAY_PORT }]);

const answers: AgentAnswer[] = [];
for (const step of scenario.steps) {
  if ('sleepMs' in step) await sleep(step.sleepMs);
  else answers.push(await told(agents[step.by], step.task));
}
process.stdout.write(JSON.stringify(answers));
for (const child of Object.values(agents)) child.disconnect();
await server.close();
resolver.close();
await writer.close();

function agent(account: number): ChildProcess {
  return fork(resolve(import.meta.dirname, 'dns-agent-main.ts'), [String(account), String(GATEWAY_PORT)]);
}

async function told(child: ChildProcess, task: AgentTask): Promise<AgentAnswer> {
  child.send(task);
  const [answer]: readonly AgentAnswer[] = await once(child, 'message');
  return answer ?? [];
}

import { type Address, formatAddress } from '../net/index.ts';
import type { Draft } from './draft.ts';
import type { FlowBlock } from './flow-blocks.ts';
import { isPrivate } from './machine.ts';
import { scalar, type YamlWriter } from './yaml-writer.ts';

/** Claims that hold of every policy written here; `portcullis check` proves them, `portcullis test --lab` sends the packets. */
export function writeTests(writer: YamlWriter, draft: Draft): void {
  const open = draft.openFlows();
  writer
    .gap()
    .comment('Proven on every check and on every firewall that is written. A change that breaks one of these is told.');
  writer.line('tests:');
  if (draft.zones.has('agent')) writeAgentTests(writer, draft, open);
  writer.gap().comment('Nothing that runs here can be reached from the internet, except what a flow above opens.', 2);
  writer.line('- from: internet', 2).line('  to: host', 2);
  writeClaims(writer, 'deny', [...closedPorts('tcp', draft), ...closedPorts('udp', draft)]);
}

function writeAgentTests(writer: YamlWriter, draft: Draft, open: readonly FlowBlock[]): void {
  const viaProxy = allowedNames(draft, open, 'proxy');
  if (viaProxy.length > 0) {
    writer.comment('What the proxy connects to for OpenClaw, and the agent itself must not.', 2);
    writer.line('- from: proxy', 2);
    writeClaims(writer, 'allow', viaProxy);
    writer.line('- from: agent', 2);
    writeClaims(writer, 'deny', viaProxy);
  }
  const direct = allowedNames(draft, open, 'agent');
  if (direct.length > 0) {
    writer.gap().comment('What the agent is for.', 2).line('- from: agent', 2);
    writeClaims(writer, 'allow', direct);
  }
  writer
    .gap()
    .comment(
      'Data must not get out: not to a stranger’s server on either family, not by a name server of its own choice, not to the cloud’s metadata service, which hands out credentials.',
      2,
    );
  writer.line('- from: agent', 2);
  writeClaims(writer, 'deny', [
    '198.51.100.7:443/tcp',
    '[2001:db8:dead::7]:443/tcp',
    '198.51.100.7:22/tcp',
    ...foreignResolver(draft.input.machine.resolvers),
    '169.254.169.254:80/tcp',
    '[fd00:ec2::254]:80/tcp',
  ]);
  const opened = new Set(open.filter(({ from }) => from === 'agent').flatMap(({ service }) => service));
  const lateral = ['tcp/22', 'tcp/445', 'tcp/3389', 'tcp/5432'].filter((service) => !opened.has(service));
  if (lateral.length === 0) return;
  writer.gap().comment('The agent must not wander through the local network.', 2);
  writer.line('- from: agent', 2).line('  to: private', 2);
  writeClaims(writer, 'deny', lateral);
}

function writeClaims(writer: YamlWriter, kind: 'allow' | 'deny', claims: readonly string[]): void {
  writer.line(`  ${kind}:`, 2);
  for (const claim of claims) writer.line(`    - ${scalar(claim)}`, 2);
}

/** The first name of each open catalogue flow from a zone, and the servers that the configuration names. */
function allowedNames({ input: { catalog } }: Draft, open: readonly FlowBlock[], zone: string): string[] {
  const flows = open.filter(({ from, service }) => from === zone && service.includes('https'));
  return flows.flatMap(({ to: [to = ''] }) => {
    if (!to.startsWith('catalog:')) return to.includes('.') && !to.startsWith('*') ? [`${to}:443/tcp`] : [];
    const endpoint = catalog.entry(to.slice('catalog:'.length))?.endpoints.find(({ pattern }) => !pattern.wildcard);
    return endpoint === undefined ? [] : [`${endpoint.pattern.name}:443/tcp`];
  });
}

/** A public resolver that this machine does not use. */
function foreignResolver(resolvers: readonly Address[]): string[] {
  const own = new Set(resolvers.map(formatAddress));
  const other = [
    ['9.9.9.9', '2620:fe::fe'],
    ['1.1.1.1', '2606:4700:4700::1111'],
    ['8.8.8.8', '2001:4860:4860::8888'],
  ].find((pair) => !pair.some((address) => own.has(address)));
  if (other === undefined) return [];
  const [four = '', six = ''] = other;
  return [`${four}:53/udp`, `${four}:53/tcp`, `[${six}]:53/udp`, `${four}:853/tcp`];
}

/** All ports but those that a flow lets somebody on the internet in on. */
function closedPorts(protocol: 'tcp' | 'udp', draft: Draft): string[] {
  const open = protocol === 'udp' ? [DHCP_CLIENT] : [];
  const { port, peers } = draft.input.machine.ssh;
  if (protocol === 'tcp' && peers.some((peer) => !isPrivate(peer))) open.push(port);
  const claims: string[] = [];
  let first = 1;
  for (const one of [...open, 65536]) {
    if (one > first) claims.push(one - 1 === first ? `${protocol}/${first}` : `${protocol}/${first}-${one - 1}`);
    first = one + 1;
  }
  return claims;
}

/** The baseline lets a DHCP server answer from any address, since the lease may come from a relay (RFC 2131 4.1). */
const DHCP_CLIENT = 68;

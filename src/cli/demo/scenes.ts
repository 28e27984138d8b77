import { METADATA, type ProbeStage, type ProbeSubject } from '../../analysis/index.ts';
import type { NamedDestination, Peer, Service } from '../../ir/index.ts';
import { type Address, addressRange, PROTOCOLS, parseDnsName } from '../../net/index.ts';
import { ADMIN, AGENT, GATEWAY_PORT, known, RESOLVERS, SOMEBODY_ELSE } from './machine.ts';

/** One line of the demo's table: the same thing tried over both families. */
export interface Scene {
  readonly act: string; // the heading it stands under
  readonly what: string; // for people
  readonly subject: ProbeSubject;
}

const { tcp, udp } = PROTOCOLS;
const STRANGER = ['203.0.113.66', '2001:db8:66::66'];
const OTHER_RESOLVER = ['9.9.9.9', '2620:fe::fe'];

/** What the agent may do and what an attacker would try; what becomes of it, the policy and the kernel say. */
export function scenes(stage: ProbeStage): Scene[] {
  const agent = account(AGENT.uid);
  const here: Peer = { kind: 'local' };
  const stranger = machines(STRANGER);
  const admin = machines(ADMIN);
  const metadata: Peer = { kind: 'remote', ranges: [METADATA[4], METADATA[6]].map(addressRange) };
  const named = (name: string): NamedDestination => nameOn(stage, name);
  const acts: readonly (readonly [
    string,
    readonly (readonly [string, Peer, Peer | NamedDestination, number, number])[],
  ])[] = [
    [
      'The agent does its work',
      [
        ["asks the machine's name server", agent, machines(RESOLVERS), udp, 53],
        ['discord.com, HTTPS', agent, named('discord.com'), tcp, 443],
        ['gateway.discord.gg, HTTPS', agent, named('gateway.discord.gg'), tcp, 443],
        ['api.anthropic.com, HTTPS', agent, named('api.anthropic.com'), tcp, 443],
      ],
    ],
    [
      'The agent was talked into sending your data away',
      [
        ["a stranger's server, HTTPS", agent, stranger, tcp, 443],
        ["a stranger's server, QUIC", agent, stranger, udp, 443],
        ["a stranger's server, SSH", agent, stranger, tcp, 22],
        ['another name server (DNS tunnel)', agent, machines(OTHER_RESOLVER), udp, 53],
        ['another name server, over TCP', agent, machines(OTHER_RESOLVER), tcp, 53],
        ["the cloud's metadata service", agent, metadata, tcp, 80],
        ['discord.com, on another port', agent, named('discord.com'), tcp, 8443],
      ],
    ],
    [
      'Another program of the machine',
      [[`${SOMEBODY_ELSE.name} to discord.com, HTTPS`, account(SOMEBODY_ELSE.uid), named('discord.com'), tcp, 443]],
    ],
    [
      'From outside',
      [
        ['the admin, SSH', admin, here, tcp, 22],
        ['a stranger, SSH', stranger, here, tcp, 22],
        ["a stranger, OpenClaw's gateway", stranger, here, tcp, GATEWAY_PORT],
        ["the admin, OpenClaw's gateway", admin, here, tcp, GATEWAY_PORT],
      ],
    ],
  ];
  return acts.flatMap(([act, lines]) =>
    lines.map(([what, from, to, protocol, port]) => ({
      act,
      what,
      subject: {
        about: `${act}: ${what}`,
        from: [from],
        to: [to],
        services: [service(protocol, port)],
        corners: false,
      },
    })),
  );
}

function account(uid: number): Peer {
  return { kind: 'local', accounts: [{ first: uid, last: uid }] };
}

function machines(addresses: readonly string[]): Peer {
  return { kind: 'remote', ranges: addresses.map(known).map((address: Address) => addressRange(address)) };
}

function service(protocol: number, port: number): Service {
  return { protocol, ports: { first: port, last: port } };
}

/** @throws RangeError where the policy has no such name: then the demo would show nothing. */
function nameOn(stage: ProbeStage, text: string): NamedDestination {
  const name = parseDnsName(text);
  const entry = name === undefined ? undefined : stage.names.get(name);
  if (entry === undefined) throw new RangeError(`the demo's policy does not know ${text}`);
  return { kind: 'name', name: entry.name, groups: entry.groups };
}

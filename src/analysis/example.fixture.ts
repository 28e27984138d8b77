import { BASELINE, type Grant, type Intent, OFF_BY_DEFAULT, type Peer, type Service } from '../ir/index.ts';
import { PROTOCOLS, parseDnsPattern, range } from '../net/index.ts';

/** A small policy as `resolve` would give it, for the tests of this folder: SSH from a bastion, one site by name, DNS. */
const AGENT_UID = 998;
const host: Peer = { kind: 'local' };
const agent: Peer = { kind: 'local', accounts: [{ first: AGENT_UID, last: AGENT_UID }] };
const bastion: Peer = { kind: 'remote', ranges: [range('10.0.5.10'), range('2001:db8:5::10')] };
const lan: Peer = {
  kind: 'remote',
  ranges: [range('192.168.0.0/16')],
  interfaces: [{ name: 'eth1', wildcard: false }],
};
const resolver: Peer = { kind: 'remote', ranges: [range('9.9.9.9')] };
const internet: Peer = { kind: 'remote', ranges: [range('1.0.0.0/8'), range('8.0.0.0/7'), range('2600::/8')] };
const discord: Peer = { kind: 'named', group: 'discord' };

export function service(protocol: 'tcp' | 'udp', port: number): Service {
  return { protocol: PROTOCOLS[protocol], ports: { first: port, last: port } };
}

export function grant(name: string, from: Peer, to: Peer, ...services: readonly Service[]): Grant {
  return { name, from: [from], to: [to], services, required: false, origin: { flow: name } };
}

export const PEERS = { host, agent, bastion, lan, resolver, internet, discord } as const;

export function exampleIntent(change: Partial<Intent> = {}): Intent {
  return {
    name: 'example',
    baseline: BASELINE.filter((piece) => !OFF_BY_DEFAULT.includes(piece.name)),
    grants: [
      grant('ssh', bastion, host, service('tcp', 22)),
      grant('discord', agent, discord, service('tcp', 443)),
      { ...grant('dns', agent, resolver, service('udp', 53)), rate: { count: 10, per: 'second', perSource: false } },
      grant('web', lan, host, { protocol: PROTOCOLS.tcp, ports: { first: 8000, last: 8100 } }),
    ],
    groups: [
      {
        key: 'discord',
        patterns: [parseDnsPattern('discord.com')!, parseDnsPattern('*.discord.gg')!],
        enforcement: 'resolved',
        origin: {},
      },
    ],
    tests: [],
    zones: new Map(Object.entries(PEERS).map(([name, peer]) => [name, [peer]])),
    unknownAccounts: new Map(),
    ...change,
  };
}

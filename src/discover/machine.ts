import type { DockerFacts } from '../docker/index.ts';
import { type Address, isLoopback, parseAddress } from '../net/index.ts';

/** What discovery wants to know of the machine that a policy is written for. */
export interface MachineFacts {
  readonly hostName: string;
  readonly distribution?: 'debian' | 'ubuntu'; // or one made from it
  readonly accounts: ReadonlyMap<string, number>; // name -> uid
  readonly agentUid?: number; // of the account that OpenClaw runs under
  readonly resolvers: readonly Address[]; // not on loopback
  readonly timeServers: readonly string[]; // names or addresses, as they were configured
  readonly ssh: { readonly port: number; readonly peers: readonly Address[] };
  readonly sockets: readonly ListeningSocket[];
  readonly interfaces: readonly string[];
  readonly inContainer: boolean;
  readonly firewalls: readonly string[]; // names, for people
  readonly containers?: DockerFacts; // where Docker answers
}

/** A port that is open to other machines. */
export interface ListeningSocket {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly uid: number;
  readonly loopback: boolean;
  readonly program?: string; // where we may see it
}

/** Not routed on the internet: RFC 1918, RFC 6598, RFC 4193, link-local. */
export function isPrivate({ family, value }: Address): boolean {
  if (family === 6) return value >> 121n === 0xfcn >> 1n || value >> 118n === 0xfe80n >> 6n;
  const [a, b] = [value >> 24n, (value >> 16n) & 255n];
  return (
    a === 10n ||
    (a === 172n && b >> 4n === 1n) ||
    (a === 192n && b === 168n) ||
    (a === 169n && b === 254n) ||
    (a === 100n && b >> 6n === 1n)
  );
}

/** `nameserver` lines of resolv.conf(5) that name a server on another machine, in order. */
export function parseResolvers(text: string): Address[] {
  const seen = new Set<string>();
  return text.split('\n').flatMap((line) => {
    const found = /^\s*nameserver\s+([^\s%]+)/.exec(line)?.[1];
    const address = found === undefined ? undefined : parseAddress(found);
    if (found === undefined || address === undefined || isLoopback(address) || seen.has(found)) return [];
    seen.add(found);
    return [address];
  });
}

/** os-release(5). */
export function parseDistribution(text: string): 'debian' | 'ubuntu' | undefined {
  const value = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)`, 'm').exec(text)?.[1] ?? '';
  const ids = `${value('ID')} ${value('ID_LIKE')}`.split(' ');
  return (['ubuntu', 'debian'] as const).find((one) => ids.includes(one));
}

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/** passwd(5). */
export function parseAccounts(text: string): Account[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid, , , home] = line.split(':');
    if (name === undefined || name === '' || uid === undefined || !/^\d+$/.test(uid)) return [];
    return [{ name, uid: Number(uid), home: home ?? '' }];
  });
}

/** The servers of timesyncd.conf(5) (`NTP=`, else `FallbackNTP=`) and of chrony.conf(5) and ntp.conf(5) (`server`, `pool`, `peer`). */
export function parseTimeServers(text: string): string[] {
  const timesyncd = (key: string): string[] =>
    [...text.matchAll(new RegExp(`^[ \\t]*${key}=(.*)$`, 'gm'))].flatMap(([, list = '']) => list.trim().split(/\s+/));
  const wanted = timesyncd('NTP').filter((server) => server !== '');
  const named = [...text.matchAll(/^[ \t]*(?:server|pool|peer)[ \t]+(\S+)/gm)].map(([, server = '']) => server);
  const all = wanted.length > 0 ? wanted : [...named, ...timesyncd('FallbackNTP')];
  return [...new Set(all.filter((server) => server !== ''))];
}

/** The ports of sshd_config(5); 22 where none is set. */
export function parseSshPorts(text: string): number[] {
  const ports = [...text.matchAll(/^[ \t]*Port[ \t=]+(\d{1,5})\b/gim)].map(([, port]) => Number(port));
  return ports.length === 0 ? [22] : ports;
}

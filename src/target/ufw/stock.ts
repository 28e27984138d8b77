import type { Family } from '../../net/index.ts';
import { chainPrefix, LOG_LIMIT } from './expand.ts';

/** A file of ufw's framework: what stands before and behind the rules of its commands. */
export type Framework = 'before' | 'after';

/**
 * What a fresh ufw 0.36 (Debian 12, Ubuntu 22.04) has in `before.rules`, `before6.rules`, `after.rules` and `after6.rules`, said in our own
 * words: the rules in their order, without remarks. `ufw status` shows none of them, so this is assumed where only that is given.
 */
export function stockFramework(which: Framework, family: Family): string {
  const prefix = chainPrefix(family);
  const chains = ['input', 'output', 'forward'].map((each) => `${prefix}-${which}-${each}`);
  const own = which === 'before' && family === 4 ? [...chains, 'ufw-not-local'] : chains;
  const rules = which === 'after' ? after(family) : family === 4 ? before4() : before6();
  return `*filter\n${own.map((chain) => `:${chain} - [0:0]\n`).join('')}${rules.map((rule) => `-A ${prefix}-${rule}\n`).join('')}COMMIT\n`;
}

const IN = 'before-input';
const OUT = 'before-output';
const THROUGH = 'before-forward';

const KNOWN = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';

const LOOPBACK: readonly string[] = [`${IN} -i lo -j ACCEPT`, `${OUT} -o lo -j ACCEPT`];

function invalid(family: Family): string[] {
  const state = `${IN} -m conntrack --ctstate INVALID`;
  return [`${state} -j ${chainPrefix(family)}-logging-deny`, `${state} -j DROP`];
}

function before4(): string[] {
  const errors = ['destination-unreachable', 'time-exceeded', 'parameter-problem', 'echo-request'];
  const icmp = (chain: string): string[] => errors.map((type) => `${chain} -p icmp --icmp-type ${type} -j ACCEPT`);
  return [
    ...LOOPBACK,
    ...[IN, OUT, THROUGH].map((chain) => `${chain} ${KNOWN}`),
    ...invalid(4),
    ...icmp(IN),
    ...icmp(THROUGH),
    `${IN} -p udp --sport 67 --dport 68 -j ACCEPT`,
    `${IN} -j ufw-not-local`,
    ...['LOCAL', 'MULTICAST', 'BROADCAST'].map((type) => `not-local -m addrtype --dst-type ${type} -j RETURN`),
    `not-local ${LOG_LIMIT} -j ufw-logging-deny`,
    'not-local -j DROP',
    `${IN} -p udp -d 224.0.0.251 --dport 5353 -j ACCEPT`,
    `${IN} -p udp -d 239.255.255.250 --dport 1900 -j ACCEPT`,
  ];
}

function before6(): string[] {
  const rule = (chain: string, type: string, more = ''): string =>
    `${chain} -p icmpv6 --icmpv6-type ${type}${more} -j ACCEPT`;
  const errors = ['destination-unreachable', 'packet-too-big', 'time-exceeded', 'parameter-problem', 'echo-request'];
  const nearby = ' -m hl --hl-eq 255';
  const linkLocal = ' -s fe80::/10';
  const neighbours = ['router-solicitation', 'router-advertisement', 'neighbor-solicitation', 'neighbor-advertisement'];
  const shared = (chain: string): string[] => [
    ...[...neighbours, '141', '142'].map((type) => rule(chain, type, nearby)),
    ...['130', '131', '132', '143'].map((type) => rule(chain, type, linkLocal)),
    ...['148', '149'].map((type) => rule(chain, type, nearby)),
    ...['151', '152', '153'].map((type) => rule(chain, type, `${linkLocal} -m hl --hl-eq 1`)),
  ];
  return [
    ...LOOPBACK,
    ...[IN, THROUGH, OUT].map((chain) => `${chain} -m rt --rt-type 0 -j DROP`),
    ...[IN, OUT, THROUGH].map((chain) => `${chain} ${KNOWN}`),
    rule(IN, 'echo-reply'),
    ...invalid(6),
    ...errors.map((type) => rule(IN, type)),
    ...shared(IN),
    ...[...errors, 'echo-reply'].map((type) => rule(OUT, type)),
    ...shared(OUT),
    ...[...errors, 'echo-reply'].map((type) => rule(THROUGH, type)),
    ...['144', '145', '146', '147'].map((type) => rule(IN, type)),
    `${IN} -p udp -s fe80::/10 --sport 547 -d fe80::/10 --dport 546 -j ACCEPT`,
    `${IN} -p udp -d ff02::fb --dport 5353 -j ACCEPT`,
    `${IN} -p udp -d ff02::f --dport 1900 -j ACCEPT`,
  ];
}

/** Noise that is not worth a line in the log. */
function after(family: Family): string[] {
  const quiet = `-j ${chainPrefix(family)}-skip-to-policy-input`;
  const dhcp = family === 4 ? [67, 68] : [546, 547];
  return [
    ...[137, 138].map((port) => `after-input -p udp --dport ${port} ${quiet}`),
    ...[139, 445].map((port) => `after-input -p tcp --dport ${port} ${quiet}`),
    ...dhcp.map((port) => `after-input -p udp --dport ${port} ${quiet}`),
    ...(family === 4 ? [`after-input -m addrtype --dst-type BROADCAST ${quiet}`] : []),
  ];
}

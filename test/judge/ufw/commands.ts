import { Random } from '../random.ts';

const PLACES4 = ['10.0.0.0/8', '10.1.2.3', '192.0.2.7/24', '198.51.100.0/255.255.255.0', '203.0.113.9/32'];
const PLACES6 = ['2001:db8::/32', '2001:db8::5', '2001:DB8:0:1::7/64', 'fe80::/10'];
const PORTS = ['22', '53', '80,443', '8000:8010', '25,110,143,993:995', 'ssh', 'domain', 'https', 'any'];
const INTERFACES = ['eth0', 'wg0', 'br-+', 'docker0'];
const APPS = ['OpenSSH', 'WWW Full', 'CIFS', 'Bonjour', 'dns'];
const COMMENTS = ['SSH access', 'a "quoted" word', 'näher', 'x # y', '$(reboot)', '-j ACCEPT'];

/** What ufw refuses, or answers with nothing done. */
const WRONG: readonly (readonly string[])[] = [
  ['allow', 'out', '443/tcp', 'to', 'any'],
  ['allow', '80,443'],
  ['allow', '22/icmp'],
  ['allow', 'from', '10.0.0.1', 'to', '2001:db8::1'],
  ['allow', 'in', 'eth0'],
  ['insert', '0', 'allow', '22'],
  ['insert', '99', 'allow', '22'],
  ['delete', 'allow', '9'],
  ['allow', 'proto', 'gre', 'from', 'any', 'port', '5'],
  ['allow', 'port', '22'],
  ['allow', '70000'],
  ['allow', '30:20/tcp'],
  ['route', 'allow', 'in', 'to', '10.0.0.1'],
  ['limit', 'from', '10.0.0.300'],
  ['allow', '22', 'comment'],
  ['permit', '22'],
  ['default', 'maybe'],
  ['logging', 'loud'],
  ['allow', 'proto', 'igmp', 'from', '2001:db8::1'],
];

/** Commands as somebody might type them one after the other; the same for the same seed. */
export function randomCommands(seed: number, count: number): readonly (readonly string[])[] {
  const random = new Random(seed);
  const commands: (readonly string[])[] = [];
  for (let at = 0; at < count; at++) {
    const added = commands.filter(([word = '']) => ['allow', 'deny', 'reject', 'limit', 'route'].includes(word));
    commands.push(randomCommand(random, added));
  }
  return commands;
}

function randomCommand(random: Random, added: readonly (readonly string[])[]): readonly string[] {
  const kind = random.below(100);
  if (kind < 6) return random.pick(WRONG);
  if (kind < 11)
    return ['default', random.pick(['allow', 'deny', 'reject']), random.pick(['incoming', 'outgoing', 'routed'])];
  if (kind < 15) return ['logging', random.pick(['on', 'off', 'low', 'medium', 'high', 'full'])];
  if (kind < 20) return ['--force', 'delete', String(1 + random.below(6))];
  if (kind < 26 && added.length > 0) return withVerb(random.pick(added), 'delete');
  if (kind < 30 && added.length > 0) return otherAction(random, random.pick(added));
  const rule = randomRule(random);
  if (kind < 42) return withVerb(rule, 'insert', String(1 + random.below(5)));
  if (kind < 47) return withVerb(rule, 'prepend');
  return rule;
}

/** `route delete allow ...`, `delete allow ...` */
function withVerb(rule: readonly string[], ...words: readonly string[]): readonly string[] {
  return rule[0] === 'route' ? ['route', ...words, ...rule.slice(1)] : [...words, ...rule];
}

/** The same packets, another answer: ufw replaces the rule where it stands. */
function otherAction(random: Random, rule: readonly string[]): readonly string[] {
  const at = rule[0] === 'route' ? 1 : 0;
  return rule.with(at, random.pick(['allow', 'deny', 'reject', 'limit']));
}

function randomRule(random: Random): readonly string[] {
  const isRouted = random.chance(0.2);
  const way = random.chance(0.35) ? 'out' : 'in';
  const device = random.chance(0.3) ? random.pick(INTERFACES) : undefined;
  const words: string[] = [...(isRouted ? ['route'] : []), random.pick(['allow', 'deny', 'reject', 'limit'])];
  if (device !== undefined) words.push(way, 'on', device);
  else if (!isRouted && (way === 'out' || random.chance(0.3))) words.push(way);
  if (isRouted && device !== undefined && random.chance(0.5))
    words.push(way === 'in' ? 'out' : 'in', 'on', random.pick(INTERFACES));
  if (!isRouted && random.chance(0.15)) words.push(random.pick(['log', 'log-all']));
  if (!isRouted && device === undefined && random.chance(0.35)) words.push(shortForm(random));
  else words.push(...fullForm(random));
  if (random.chance(0.3)) words.push('comment', random.pick(COMMENTS));
  return words;
}

function shortForm(random: Random): string {
  if (random.chance(0.25)) return random.pick(APPS);
  const port = random.pick(['22', '53', '443', 'ssh', 'domain', 'ntp']);
  return random.chance(0.5) ? port : `${random.pick(['80,443', '8000:8010', '25'])}/${random.pick(['tcp', 'udp'])}`;
}

function fullForm(random: Random): string[] {
  const places = random.chance(0.35) ? PLACES6 : PLACES4;
  const place = (): string => (random.chance(0.5) ? 'any' : random.pick(places));
  if (random.chance(0.12))
    return ['proto', random.pick(['esp', 'ah', 'gre', 'igmp', 'ipv6', 'vrrp']), 'from', place(), 'to', 'any'];
  if (random.chance(0.15)) return ['from', place(), 'to', place(), 'app', random.pick(APPS)];
  const from = ['from', place(), ...(random.chance(0.2) ? ['port', random.pick(PORTS)] : [])];
  const to = ['to', place(), ...(random.chance(0.7) ? ['port', random.pick(PORTS)] : [])];
  const protocol = random.chance(0.7) ? ['proto', random.pick(['tcp', 'udp'])] : [];
  return random.chance(0.5) ? [...protocol, ...from, ...to] : [...to, ...from, ...protocol];
}

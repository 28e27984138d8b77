import { randomNumbers } from './random.ts';

/**
 * Firewalls as other people write them: a routing firewall between the zones of a campus, with a chain for each pair of
 * zones, objects (hosts, subnets, sites, groups of servers) that are used again and again, overlapping prefixes, denials in
 * between, and a few broad rules at the end of each chain. Text that `nft -f` loads; the same seed gives the same text.
 */
export interface ForeignOptions {
  readonly rules: number; // of the pair chains together
  readonly seed?: number;
}

interface Zone {
  readonly name: string;
  readonly device: string;
  readonly site: number; // second byte of its IPv4 networks, 10.SITE.0.0/14; third group of its IPv6 ones
}

const ZONES: readonly Zone[] = [
  { name: 'office', device: 'eth1', site: 16 },
  { name: 'servers', device: 'eth2', site: 32 },
  { name: 'lab', device: 'eth3', site: 48 },
  { name: 'voice', device: 'eth4', site: 64 },
  { name: 'dmz', device: 'eth5', site: 80 },
  { name: 'wan', device: 'eth0', site: 0 },
];

const SERVICES = [
  'tcp dport { 80, 443 }',
  'tcp dport 443',
  'tcp dport 22',
  'tcp dport 3389',
  'tcp dport { 389, 636, 3268 }',
  'tcp dport { 139, 445 }',
  'tcp dport 5432',
  'tcp dport 3306',
  'tcp dport 1521',
  'tcp dport { 25, 587 }',
  'tcp dport 8000-8100',
  'tcp dport 9090-9100',
  'tcp dport 49152-65535',
  'udp dport 53',
  'udp dport 123',
  'udp dport { 161, 162 }',
  'udp dport 514',
  'udp dport 10000-20000',
] as const;

export function foreignRuleset({ rules, seed = 1 }: ForeignOptions): string {
  const campus = new Campus(seed);
  const pairs = ZONES.flatMap((from) => ZONES.filter((to) => to !== from).map((to) => [from, to] as const));
  const chains = pairs.map(([from, to], index) => {
    // As in life, a few pairs have most of the rules.
    const share = pairShare(index, pairs.length);
    return { name: `${from.name}-${to.name}`, from, to, rules: campus.pairRules(from, to, Math.round(rules * share)) };
  });
  const lines = [
    'table inet campus {',
    '  chain input {',
    '    type filter hook input priority filter; policy drop;',
    '    ct state established,related accept',
    '    ct state invalid drop',
    '    iifname "lo" accept',
    '    ip saddr 10.32.0.0/24 tcp dport 22 accept',
    '    icmp type echo-request accept',
    '    icmpv6 type { echo-request, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept',
    '  }',
    '  chain forward {',
    '    type filter hook forward priority filter; policy drop;',
    '    ct state established,related accept',
    '    ct state invalid drop',
    ...chains.map(({ name, from, to }) => `    iifname "${from.device}" oifname "${to.device}" jump ${name}`),
    '  }',
    ...chains.flatMap(({ name, rules: body }) => [`  chain ${name} {`, ...body.map((rule) => `    ${rule}`), '  }']),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

/** A share that falls off: the first pair has some thirty times the rules of the last. */
function pairShare(index: number, pairs: number): number {
  const weight = (at: number): number => 1 / (at + 1);
  const total = Array.from({ length: pairs }, (_, at) => weight(at)).reduce((sum, each) => sum + each, 0);
  return weight(index) / total;
}

/** The objects of the campus, and rules made of them. */
class Campus {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
  }

  pairRules(from: Zone, to: Zone, count: number): string[] {
    const broad = Math.min(4, Math.max(1, Math.floor(count / 50)));
    const family = (): 4 | 6 => (this.#chance(0.15) ? 6 : 4);
    const body = Array.from({ length: Math.max(0, count - broad) }, () => this.#rule(from, to, family()));
    return [...body, ...this.#broadRules(from, to).slice(0, broad)];
  }

  #rule(from: Zone, to: Zone, family: 4 | 6): string {
    const source = this.#match(family, 'saddr', from, [0.55, 0.25, 0.1]);
    const kind = this.#random();
    if (kind < 0.06) return `${this.#match(family, 'saddr', from, [0.9, 0.1, 0])} counter drop`; // a machine in quarantine
    if (kind < 0.16) {
      return `${this.#match(family, 'saddr', from, [0.2, 0.6, 0.2])} ${this.#match(family, 'daddr', to, [0.3, 0.6, 0.1])} ${this.#service()} drop`;
    }
    if (kind < 0.22) return `${source} ${this.#match(family, 'daddr', to, [0.3, 0.6, 0.1])} accept`; // whatever the service
    if (kind < 0.3) return `${this.#match(family, 'daddr', to, [0.9, 0.1, 0])} ${this.#service()} accept`; // whoever asks
    return `${source} ${this.#match(family, 'daddr', to, [0.7, 0.2, 0.02])} ${this.#service()} accept`;
  }

  #broadRules(from: Zone, to: Zone): string[] {
    const inside = (zone: Zone): string => (zone.site === 0 ? '0.0.0.0/0' : `10.${zone.site}.0.0/12`);
    return [
      'meta l4proto tcp tcp dport { 23, 135, 2049 } drop',
      'udp dport { 53, 123 } accept',
      `ip saddr ${inside(from)} ip daddr ${inside(to)} tcp dport 443 accept`,
      'meta l4proto { icmp, ipv6-icmp } accept',
    ];
  }

  /** `ip saddr ...`: one host, one subnet, a part of the site, or else a group of hosts. */
  #match(
    family: 4 | 6,
    side: 'saddr' | 'daddr',
    zone: Zone,
    [host, subnet, site]: readonly [number, number, number],
  ): string {
    const word = `${family === 4 ? 'ip' : 'ip6'} ${side}`;
    const kind = this.#random();
    if (kind < host) return `${word} ${this.#host(family, zone)}`;
    if (kind < host + subnet) return `${word} ${this.#subnet(family, zone)}`;
    if (kind < host + subnet + site) return `${word} ${this.#part(family, zone)}`;
    const members = new Set(Array.from({ length: 2 + this.#below(5) }, () => this.#host(family, zone)));
    return `${word} { ${[...members].join(', ')} }`;
  }

  /** Subnets are few and used often, so that rules meet in them. */
  #host(family: 4 | 6, zone: Zone): string {
    const subnet = this.#skewed(64);
    const host = 1 + this.#skewed(200);
    return family === 4
      ? `10.${zone.site + (subnet >> 5)}.${subnet & 31}.${host}`
      : `2001:db8:${zone.site}:${subnet}::${host}`;
  }

  #subnet(family: 4 | 6, zone: Zone): string {
    const subnet = this.#skewed(64);
    if (family === 6) return `2001:db8:${zone.site}:${subnet}::/64`;
    const bits = [24, 24, 24, 25, 26, 27][this.#below(6)]!;
    const start = bits === 24 ? 0 : this.#below(2 ** (bits - 24)) * 2 ** (32 - bits);
    return `10.${zone.site + (subnet >> 5)}.${subnet & 31}.${start}/${bits}`;
  }

  #part(family: 4 | 6, zone: Zone): string {
    if (family === 6) return `2001:db8:${zone.site}::/48`;
    const bits = 20 + this.#below(3);
    const start = this.#below(2 ** (bits - 19)) * 2 ** (24 - bits);
    return `10.${zone.site + this.#below(2)}.${start}.0/${bits}`;
  }

  #service(): string {
    return SERVICES[this.#skewed(SERVICES.length)]!;
  }

  /** Small numbers more often than large ones. */
  #skewed(limit: number): number {
    return Math.floor(this.#random() ** 1.5 * limit);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #chance(part: number): boolean {
    return this.#random() < part;
  }
}

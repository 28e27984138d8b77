import { Choices, PAIRS, rulesOfPair, ZONES, type Zone } from './campus.ts';

/**
 * A firewall as other people write them: it routes between the zones of a campus, with a chain for each pair of zones, objects
 * (hosts, subnets, sites, ranges, groups with a name) that are used again and again, prefixes that overlap, denials in between,
 * a few broad rules at the end of each chain, address translation, and what years leave behind: the same rule twice, rules for
 * hosts whose whole subnet was let in above, and denials that come too late. Text that `nft -f` loads; always the same.
 */
export interface ForeignRuleset {
  readonly text: string;
  /** The same with another port in one of the rules that decide something. */
  readonly changed: string;
}

const GROUPS = 40; // with a name, for each zone

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

/** The port that `changed` has in place of another one; no rule asks for it. */
const UNUSED_PORT = 7;

/** @param rules in all chains together, a few more or less */
export function foreignRuleset(rules: number, seed = 1): ForeignRuleset {
  const campus = new Campus(seed);
  const chains = PAIRS.map(({ from, to }, at) => [
    `  chain ${from.name}-${to.name} {`,
    ...campus.pairRules(from, to, rulesOfPair(at, rules)).map((rule) => `    ${rule}`),
    '  }',
  ]);
  const head = [...campus.translation(), ...campus.head()];
  const lines = (bodies: readonly (readonly string[])[]): string => `${[...head, ...bodies.flat(), '}'].join('\n')}\n`;
  // A host that nobody else speaks of, in the longest chain: whatever stands around the rule, its port makes a difference.
  const [longest, ...others] = chains;
  const middle = Math.floor(longest!.length / 2);
  const asked = (port: number): string =>
    lines([
      longest!.toSpliced(middle, 0, `    ip saddr 10.31.255.254 ip daddr 10.47.255.254 tcp dport ${port} accept`),
      ...others,
    ]);
  return { text: asked(8443), changed: asked(UNUSED_PORT) };
}

/** The objects of the campus, and rules made of them. */
class Campus {
  readonly #choose: Choices;

  constructor(seed: number) {
    this.#choose = new Choices(seed);
  }

  translation(): string[] {
    const forwards = Array.from(
      { length: 12 },
      (_, at) => `    iifname "eth0" tcp dport ${8001 + at} dnat ip to 10.80.0.${10 + at}:443`,
    );
    return [
      'table inet nat {',
      '  chain prerouting {',
      '    type nat hook prerouting priority dstnat; policy accept;',
      ...forwards,
      '  }',
      '  chain postrouting {',
      '    type nat hook postrouting priority srcnat; policy accept;',
      '    oifname "eth0" ip saddr 10.0.0.0/8 masquerade',
      '  }',
      '}',
    ];
  }

  head(): string[] {
    return [
      'define admins = { 10.32.0.10, 10.32.0.11, 10.32.1.0/28 }',
      'table inet campus {',
      ...ZONES.filter(({ site }) => site > 0).flatMap((zone) => this.#groups(zone)),
      '  set blocked { type ipv4_addr; flags interval; elements = { 192.0.2.0/24, 198.51.100.0/24, 203.0.113.128/25 } }',
      '  chain input {',
      '    type filter hook input priority filter; policy drop;',
      '    ct state vmap { established : accept, related : accept, invalid : drop }',
      '    iifname "lo" accept',
      '    ip saddr $admins tcp dport 22 ct state new accept comment "administration"',
      '    icmp type echo-request limit rate 10/second accept',
      '    icmpv6 type { echo-request, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept',
      '    iifname { "eth1", "eth3" } udp dport { 53, 67, 123 } accept',
      '    log prefix "input " counter reject with icmpx type admin-prohibited',
      '  }',
      '  chain hygiene {',
      '    ip saddr @blocked counter drop',
      '    iifname != "eth0" ip saddr != 10.0.0.0/8 drop',
      '    tcp flags & (fin | syn) == fin | syn drop',
      '    ip daddr 255.255.255.255 drop',
      '  }',
      '  chain forward {',
      '    type filter hook forward priority filter; policy drop;',
      '    ct state established,related accept',
      '    ct state invalid counter drop',
      '    jump hygiene',
      ...PAIRS.map(
        ({ from, to }) => `    iifname "${from.device}" oifname "${to.device}" jump ${from.name}-${to.name}`,
      ),
      '  }',
    ];
  }

  pairRules(from: Zone, to: Zone, count: number): string[] {
    const broad = Math.min(5, Math.max(1, Math.floor(count / 50)));
    const body: string[] = [];
    while (body.length < count - broad)
      body.push(this.#legacy(body) ?? this.#rule(from, to, this.#choose.chance(0.15) ? 6 : 4));
    return [...body, ...this.#broadRules(from, to).slice(0, broad)];
  }

  #groups(zone: Zone): string[] {
    return Array.from({ length: GROUPS }, (_, at) => {
      const members = new Set(Array.from({ length: 2 + this.#choose.below(8) }, () => this.#choose.host(4, zone)));
      return `  set ${zone.name}-${at} { type ipv4_addr; elements = { ${[...members].join(', ')} } }`;
    });
  }

  /** What nobody cleaned up: one rule in thirty. */
  #legacy(before: readonly string[]): string | undefined {
    const older =
      before.length < 20 || !this.#choose.chance(1 / 30) ? undefined : before[this.#choose.below(before.length)];
    return this.#choose.chance(0.5) ? older : older?.replace(/(accept|drop)$/, 'drop');
  }

  #rule(from: Zone, to: Zone, family: 4 | 6): string {
    const kind = this.#choose.random();
    const source = (host: number, subnet: number, site: number): string =>
      this.#match(family, 'saddr', from, [host, subnet, site]);
    const target = (host: number, subnet: number, site: number): string =>
      this.#match(family, 'daddr', to, [host, subnet, site]);
    if (kind < 0.04) return `${source(0.9, 0.1, 0)} counter drop`; // a machine in quarantine
    if (kind < 0.12) return `${source(0.2, 0.6, 0.2)} ${target(0.3, 0.6, 0.1)} ${this.#service()} drop`;
    if (kind < 0.16) return `${source(0.6, 0.2, 0)} ${target(0.4, 0.5, 0)} accept`; // whatever the service
    if (kind < 0.22) return `${target(0.9, 0.1, 0)} ${this.#service()} accept`; // whoever asks
    if (kind < 0.24)
      return `${source(0, 0.5, 0.5)} ${target(0.5, 0.5, 0)} ${this.#service()} log prefix "denied " reject`;
    if (kind < 0.3 && family === 4) {
      const pairs = new Set(
        Array.from(
          { length: 2 + this.#choose.below(4) },
          () => `${this.#choose.host(4, to)} . ${[22, 443, 5432, 8080][this.#choose.below(4)]}`,
        ),
      );
      return `${source(0.5, 0.5, 0)} ip daddr . tcp dport { ${[...pairs].join(', ')} } accept`;
    }
    return `${source(0.55, 0.25, 0.06)} ${target(0.7, 0.2, 0.02)} ${this.#service()} accept`;
  }

  #broadRules(from: Zone, to: Zone): string[] {
    const inside = (zone: Zone): string => (zone.site === 0 ? '0.0.0.0/0' : `10.${zone.site}.0.0/12`);
    return [
      'tcp dport { 23, 135, 2049 } drop',
      'udp dport { 53, 123 } accept',
      `ip saddr ${inside(from)} ip daddr ${inside(to)} tcp dport 443 accept`,
      'meta l4proto { icmp, ipv6-icmp } accept',
      'counter return',
    ];
  }

  /** `ip saddr ...`: one host, one subnet, a part of the site, or else a range, a group without a name or one with. */
  #match(
    family: 4 | 6,
    side: 'saddr' | 'daddr',
    zone: Zone,
    [host, subnet, site]: readonly [number, number, number],
  ): string {
    const word = `${family === 4 ? 'ip' : 'ip6'} ${side}`;
    const kind = this.#choose.random();
    if (kind < host) return `${word} ${this.#choose.host(family, zone)}`;
    if (kind < host + subnet) return `${word} ${this.#choose.subnet(family, zone)}`;
    if (kind < host + subnet + site) return `${word} ${this.#part(family, zone)}`;
    const other = this.#choose.random();
    if (family === 4 && other < 0.3) {
      const [first, size] = [1 + this.#choose.below(200), 1 + this.#choose.below(40)];
      const network = `10.${zone.site}.${this.#choose.skewed(32)}`;
      return `${word} ${network}.${first}-${network}.${first + size}`;
    }
    if (family === 4 && zone.site > 0 && other < 0.6) return `${word} @${zone.name}-${this.#choose.skewed(GROUPS)}`;
    const members = new Set(Array.from({ length: 2 + this.#choose.below(5) }, () => this.#choose.host(family, zone)));
    return `${word} { ${[...members].join(', ')} }`;
  }

  #part(family: 4 | 6, zone: Zone): string {
    if (family === 6) return `2001:db8:${zone.site}::/48`;
    const bits = 20 + this.#choose.below(3);
    const start = this.#choose.below(2 ** (bits - 19)) * 2 ** (24 - bits);
    return `10.${zone.site + this.#choose.below(2)}.${start}.0/${bits}`;
  }

  #service(): string {
    return SERVICES[this.#choose.skewed(SERVICES.length)]!;
  }
}

import { randomNumbers } from './random.ts';

/** A part of a campus that a firewall routes between. */
export interface Zone {
  readonly name: string;
  readonly device: string;
  readonly site: number; // second byte of its IPv4 networks, 10.SITE.0.0/12; third group of its IPv6 ones
}

export const ZONES: readonly Zone[] = [
  { name: 'office', device: 'eth1', site: 16 },
  { name: 'servers', device: 'eth2', site: 32 },
  { name: 'lab', device: 'eth3', site: 48 },
  { name: 'voice', device: 'eth4', site: 64 },
  { name: 'dmz', device: 'eth5', site: 80 },
  { name: 'wan', device: 'eth0', site: 0 },
];

/** Each pair of zones has a chain. */
export const PAIRS = ZONES.flatMap((from) => ZONES.filter((to) => to !== from).map((to) => ({ from, to })));

const WEIGHTS = PAIRS.map((_, at) => 1 / (at + 1)); // as in life, a few pairs have most of the rules
const ALL_WEIGHTS = WEIGHTS.reduce((sum, weight) => sum + weight, 0);

/** How many of all rules a pair has, by its place in `PAIRS`. */
export function rulesOfPair(at: number, rules: number): number {
  return Math.round((rules * WEIGHTS[at]!) / ALL_WEIGHTS);
}

/** Objects of the campus, as people choose them: few, and again and again. The same for a seed in every run. */
export class Choices {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = randomNumbers(seed);
  }

  chance(part: number): boolean {
    return this.random() < part;
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  /** Small numbers more often than large ones. */
  skewed(limit: number): number {
    return Math.floor(this.random() ** 1.5 * limit);
  }

  /** Subnets are few and used often, so that rules meet in them. */
  host(family: 4 | 6, zone: Zone): string {
    const subnet = this.skewed(64);
    const host = 1 + this.skewed(200);
    return family === 4
      ? `10.${zone.site + (subnet >> 5)}.${subnet & 31}.${host}`
      : `2001:db8:${zone.site}:${subnet}::${host}`;
  }

  subnet(family: 4 | 6, zone: Zone): string {
    const subnet = this.skewed(64);
    if (family === 6) return `2001:db8:${zone.site}:${subnet}::/64`;
    const bits = [24, 24, 24, 25, 26, 27][this.below(6)]!;
    const start = bits === 24 ? 0 : this.below(2 ** (bits - 24)) * 2 ** (32 - bits);
    return `10.${zone.site + (subnet >> 5)}.${subnet & 31}.${start}/${bits}`;
  }
}

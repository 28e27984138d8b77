import type { Family } from '../../../src/net/index.ts';
import type { Random } from '../random.ts';
import type { Restore } from '../world/xtables.ts';
import { FEATURES, type Feature, ipsets, type Place, PROTOCOLS_OF } from './features.ts';
import { NAT_HOOKS, translating } from './translations.ts';

/** Rules of both families in the making, with the parts apart that can be left out one by one. */
export interface RestoreDraft {
  readonly sets: string;
  readonly tables: readonly TableDraft[];
}

export interface TableDraft {
  readonly family: Family;
  readonly name: Place['table'];
  readonly chains: readonly ChainDraft[];
}

export interface ChainDraft {
  readonly name: string;
  readonly policy: 'ACCEPT' | 'DROP' | '-';
  readonly rules: readonly string[]; // without `-A CHAIN`
}

const BUILTIN: Readonly<Record<Place['table'], readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
};

/** Random tables: `filter` for both families, and some of the others. */
export function randomDraft(random: Random, onUsed: (feature: string) => void): RestoreDraft {
  const others = random.some(['raw', 'mangle', 'security'] as const, random.between(0, 2));
  const names: readonly Place['table'][] = [...(random.chance(0.5) ? ['nat' as const] : []), 'filter', ...others];
  const hops = names.every((name) => !BUILTIN[name].includes('PREROUTING')) || random.chance(0.15);
  const tables = ([4, 6] as const).flatMap((family) => {
    const expected: string[] = [];
    return names.map((name) => new TableDrafter(random, { family, table: name, hops }, expected, onUsed).table());
  });
  return { sets: ipsets(random), tables };
}

class TableDrafter {
  readonly #random: Random;
  readonly #at: Omit<Place, 'protocol' | 'hooks'>;
  readonly #expected: string[]; // of the family: what translations make packets meet
  readonly #onUsed: (feature: string) => void;

  constructor(
    random: Random,
    at: Omit<Place, 'protocol' | 'hooks'>,
    expected: string[],
    onUsed: (feature: string) => void,
  ) {
    this.#random = random;
    this.#at = at;
    this.#expected = expected;
    this.#onUsed = onUsed;
  }

  table(): TableDraft {
    const random = this.#random;
    const { family, table: name } = this.#at;
    const own = Array.from({ length: random.between(1, 3) }, (_, index) => `own-${index}`);
    const all = BUILTIN[name];
    const ownHooks = name === 'nat' ? random.pick(NAT_HOOKS) : all;
    const size = name === 'filter' ? 6 : 3;
    const chains = [...all, ...own].map((chain, index): ChainDraft => {
      const isBuiltin = index < all.length;
      const hooks = isBuiltin ? [chain] : ownHooks;
      const below = isBuiltin && !ownHooks.includes(chain) ? [] : own.slice(isBuiltin ? 0 : index - all.length + 1);
      const rules = [
        ...(isBuiltin ? this.#asking(chain) : []),
        ...withEcho(
          random,
          this.#open(hooks, below),
          Array.from({ length: random.between(1, size) }, () => this.#rule(hooks, below)),
          name === 'nat' || name === 'raw' ? ['ACCEPT', 'RETURN'] : ['ACCEPT', 'DROP', 'DROP'],
        ),
      ];
      const canDrop = name === 'filter' || name === 'security' || name === 'mangle';
      const policy = isBuiltin ? (canDrop && random.chance(name === 'filter' ? 0.4 : 0.1) ? 'DROP' : 'ACCEPT') : '-';
      return { name: chain, policy, rules };
    });
    return { family, name, chains };
  }

  /** Rules for what a packet may have been translated to, by those of the table `nat`. */
  #asking(chain: string): string[] {
    if (this.#at.table === 'nat' || this.#at.table === 'raw' || this.#expected.length === 0) return [];
    return Array.from({ length: this.#random.between(0, 2) }, () => {
      this.#onUsed(`translated, asked in ${chain}`);
      return `${this.#random.pick(this.#expected)} -j ${this.#random.pick(['ACCEPT', 'DROP'])}`;
    });
  }

  /** A rule that asks little: many packets are translated, or go through a chain that it calls. */
  #open(hooks: readonly string[], chains: readonly string[]): string | undefined {
    if (!this.#random.chance(OPENS)) return undefined;
    const protocol = this.#random.pick(['tcp', 'udp']);
    const place: Place = { ...this.#at, hooks, protocol };
    const calls = chains.flatMap((chain) => [`-j ${chain}`, `-g ${chain}`]);
    const target = this.#translating(place) ?? (calls.length === 0 ? undefined : this.#random.pick(calls));
    return target === undefined ? undefined : `-p ${protocol} ${target}`;
  }

  #rule(hooks: readonly string[], chains: readonly string[]): string {
    const random = this.#random;
    const at = { ...this.#at, hooks };
    const protocol = random.chance(0.6) ? random.pick(PROTOCOLS_OF[at.family]) : undefined;
    const negated = protocol !== undefined && protocol !== 'all' && random.chance(0.1);
    const place: Place = { ...at, protocol: negated ? undefined : protocol };
    const parts = protocol === undefined ? [] : [`${negated ? '! ' : ''}-p ${protocol}`];
    const chosen: Feature[] = [];
    for (let left = random.pick([0, 1, 1, 2, 2, 3]); left > 0; left--) chosen.push(random.pick(FEATURES));
    const named = new Set<string>();
    // A rule for every packet hides all that stand behind it.
    if (protocol === undefined && random.chance(0.85)) chosen.push(...FEATURES.filter(({ name }) => name === 'source'));
    for (const { name, write } of chosen) {
      const text = write(random, place);
      const key = text?.split(' ').find((word) => /^-[a-z]$/.test(word) && word !== '-m') ?? name;
      if (text === undefined || named.has(key)) continue;
      named.add(key);
      parts.push(text);
      this.#onUsed(name);
    }
    const target = this.#target(place, chains);
    if (target !== '') {
      parts.push(target);
      this.#onUsed(`target ${target.split(' ')[1]}`.replace(/ own-\d$/, ' chain'));
    }
    return parts.join(' ');
  }

  #target(place: Place, chains: readonly string[]): string {
    return this.#translating(place) ?? randomTarget(this.#random, place, chains);
  }

  #translating(place: Place): string | undefined {
    if (place.table !== 'nat' || !this.#random.chance(0.6)) return undefined;
    const found = translating(this.#random, place);
    if (found === undefined) return undefined;
    this.#expected.push(...found.expected);
    this.#onUsed(`target ${found.target.split(' ')[1]}`);
    return found.target;
  }
}

const OPENS = 0.4; // how often a chain begins so

/** Behind a rule that calls a chain stands one that asks the same again: what came back from there is decided otherwise than by the policy. */
function withEcho(
  random: Random,
  open: string | undefined,
  rules: readonly string[],
  fates: readonly string[],
): string[] {
  if (open === undefined) return [...rules];
  const isCall = / -[jg] own-\d$/.test(open);
  return [open, ...rules, ...(isCall ? [open.replace(/-[jg] own-\d$/, `-j ${random.pick(fates)}`)] : [])];
}

type TargetWriter = (random: Random, place: Place) => string;

const REFUSALS: Readonly<Record<Family, readonly string[]>> = {
  4: [
    '',
    ' --reject-with icmp-net-unreachable',
    ' --reject-with icmp-admin-prohibited',
    ' --reject-with icmp-host-prohibited',
  ],
  6: ['', ' --reject-with icmp6-adm-prohibited', ' --reject-with icmp6-no-route'],
};

const reject: TargetWriter = (random, { family, protocol }) =>
  protocol === 'tcp' && random.chance(0.5)
    ? '-j REJECT --reject-with tcp-reset'
    : `-j REJECT${random.pick(REFUSALS[family])}`;

const FINAL: readonly TargetWriter[] = [
  () => '-j ACCEPT',
  () => '-j DROP',
  () => '-j RETURN',
  () => '-j ACCEPT',
  () => '-j ACCEPT',
];

const IDLE: readonly TargetWriter[] = [
  () => '',
  () => '-j LOG --log-prefix "-x \\"y\\" " --log-level 4',
  () => '-j NFLOG --nflog-group 5',
];

const MARKING: readonly TargetWriter[] = [
  (random) =>
    `-j MARK --${random.pick(['set-xmark 0x1/0xff', 'set-mark 0x4000/0x4000', 'set-mark 1', 'and-mark 0xff', 'or-mark 0x2', 'xor-mark 0x4001', 'set-xmark 0x0/0xffffffff'])}`,
  (random) =>
    `-j CONNMARK --${random.pick(['set-xmark 0x1/0xff', 'set-mark 0x4000', 'and-mark 0x1', 'or-mark 0x2', 'xor-mark 0x1', 'save-mark', 'restore-mark', 'save-mark --nfmask 0xff --ctmask 0xff', 'restore-mark --nfmask 0x4000 --ctmask 0x4000', 'save-mark --mask 0xffff', 'restore-mark --nfmask 0xffff --ctmask 0xff'])}`,
];

const QUEUEING: readonly TargetWriter[] = [
  (random) => `-j NFQUEUE --queue-num ${random.below(9)}${random.chance(0.5) ? ' --queue-bypass' : ''}`,
];

const OF_TABLE: Readonly<Record<Place['table'], readonly TargetWriter[]>> = {
  raw: [() => '-j NOTRACK', () => '-j CT --notrack', () => '-j CT --zone 0'],
  mangle: [
    ...MARKING,
    ...MARKING,
    (random, { hooks }) => (hooks.includes('PREROUTING') ? '' : `-j DSCP --set-dscp ${random.pick(['0x0a', '0x2e'])}`),
    (random, { hooks }) =>
      hooks.includes('PREROUTING')
        ? ''
        : `-j TOS --${random.pick(['set-tos 0x10/0x3f', 'or-tos 0x08', 'and-tos 0xf0'])}`,
    (random, { hooks, family }) =>
      hooks.includes('PREROUTING')
        ? ''
        : family === 4
          ? `-j TTL --ttl-set ${random.pick([200, 255])}`
          : `-j HL --hl-set ${random.pick([200, 255])}`,
    (_, { hooks, protocol }) =>
      hooks.length === 1 && hooks[0] === 'PREROUTING' && (protocol === 'tcp' || protocol === 'udp')
        ? '-j TPROXY --on-port 1 --on-ip :: --tproxy-mark 0x1/0x1'.replace(' --on-ip ::', '')
        : '',
  ],
  nat: [() => '-j MARK --set-xmark 0x1/0xff'],
  filter: [reject, reject, ...QUEUEING],
  security: QUEUEING,
};

function randomTarget(random: Random, place: Place, chains: readonly string[]): string {
  if (chains.length > 0 && random.chance(0.25)) return `${random.chance(0.7) ? '-j' : '-g'} ${random.pick(chains)}`;
  if (random.chance(0.12)) return random.pick(IDLE)(random, place);
  // Nat is not there to filter: iptables refuses `DROP` in it.
  const final = place.table === 'nat' ? FINAL.filter((write) => write(random, place) !== '-j DROP') : FINAL;
  return random.pick(random.chance(0.6) ? final : OF_TABLE[place.table])(random, place);
}

/** The draft with only those rules that pass; `keep` is asked once for each rule. */
export function withRules(
  { sets, tables }: RestoreDraft,
  keep: (rule: string, chain: ChainDraft) => boolean,
): RestoreDraft {
  return {
    sets,
    tables: tables.map((table) => ({
      ...table,
      chains: table.chains.map((chain) => ({ ...chain, rules: chain.rules.filter((rule) => keep(rule, chain)) })),
    })),
  };
}

/** What `iptables-restore` or `ip6tables-restore` loads, rule by line, as that of one backend would have saved it. */
export function restoreText({ tables }: RestoreDraft, family: Family, backend: Restore['backend']): string {
  const own = tables.filter((table) => table.family === family);
  const lines = own.flatMap(({ name, chains }) => [
    `*${name}`,
    ...chains.map((chain) => `:${chain.name} ${chain.policy} [0:0]`),
    ...chains.flatMap((chain) => chain.rules.map((rule) => `-A ${chain.name} ${rule}`.trimEnd())),
    'COMMIT',
  ]);
  const program = family === 4 ? 'iptables' : 'ip6tables';
  const kind = backend === 'nft' ? 'nf_tables' : 'legacy';
  return `# Generated by ${program}-save v1.8.9 (${kind})\n${lines.join('\n')}\n`;
}

import type { Family } from '../../../src/net/index.ts';
import type { Random } from '../random.ts';
import type { Feature, Site } from './features.ts';
import type { Needs, Place } from './selectors.ts';

/** Where translations lead: to the machine itself, and to where rules and packets are as well. */
export const TARGETS: Readonly<Record<Family, readonly string[]>> = {
  4: ['10.0.0.1', '10.0.0.2', '192.0.2.65', '203.0.113.7', '127.0.0.1', '172.16.0.1'],
  6: ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1', 'fd00::1', 'fd00:1::2', '8000::1'],
};
export const PORT_TARGETS = [22, 53, 80, 443, 1024, 8080] as const;

const target = (random: Random, family: Family): string => random.pick(TARGETS[family]);
const port = (random: Random): number => random.pick(PORT_TARGETS);

/** Keys of maps, each with a target. */
function targetMap(random: Random, keys: readonly (string | number)[], family: Family): string {
  return `{ ${random
    .some(keys, 2)
    .map((key) => `${key} : ${target(random, family)}`)
    .join(', ')} }`;
}

function place(name: string, needs: Needs & { readonly place: Place }, write: Feature['write']): Feature {
  return { name, group: name, kind: 'place', needs, write };
}

/** The word for the family, which tables of both want. */
function familyWord({ about }: Site, family: Family): string {
  return about.inet === true ? ` ${family === 4 ? 'ip' : 'ip6'}` : '';
}

function withPort(address: string, to: string): string {
  return `${address.includes(':') ? `[${address}]` : address}:${to}`;
}

function ofSide(verb: 'dnat' | 'snat'): Feature[] {
  const [address, side] = verb === 'dnat' ? ['daddr', 'dport'] : ['saddr', 'sport'];
  return ([4, 6] as const).flatMap((family) => {
    const field = `${family === 4 ? 'ip' : 'ip6'} ${address}`;
    const to = (site: Site): string => `${verb}${familyWord(site, family)} to`;
    return [
      place(`${verb}: address, IPv${family}`, { place: verb, family }, (random, site) => {
        const address = target(random, family);
        site.expect(`${field} ${address}`);
        return `${to(site)} ${address}`;
      }),
      place(
        `${verb}: by address, IPv${family}`,
        { place: verb, family },
        (random, site) => `${to(site)} ${field} map ${targetMap(random, TARGETS[family], family)}`,
      ),
      place(
        `${verb}: range, IPv${family}`,
        { place: verb, family },
        (_, site) => `${to(site)} ${TARGETS[family][0]}-${TARGETS[family][1]}`,
      ),
      ...(['tcp', 'udp'] as const).flatMap((transport) => [
        place(`${verb}: ${transport} port, IPv${family}`, { place: verb, family, transport }, (random, site) => {
          const [address, number] = [target(random, family), port(random)];
          site.expect(random.chance(0.5) ? `${field} ${address}` : `${transport} ${side} ${number}`);
          return `meta l4proto ${transport} ${to(site)} ${withPort(address, String(number))}`;
        }),
        place(
          `${verb}: by ${transport} port, IPv${family}`,
          { place: verb, family, transport },
          (random, site) => `${to(site)} ${transport} ${side} map ${targetMap(random, PORT_TARGETS, family)}`,
        ),
      ]),
    ];
  });
}

function ownAddress(verb: 'redirect' | 'masquerade', where: Place): Feature[] {
  const side = verb === 'redirect' ? 'dport' : 'sport';
  return [
    place(verb, { place: where }, () => verb),
    ...(['tcp', 'udp'] as const).map((transport) =>
      place(`${verb}: ${transport} port`, { place: where, transport }, (random, { expect }) => {
        const number = port(random);
        expect(`${transport} ${side} ${number}`);
        return `meta l4proto ${transport} ${verb} to :${number}`;
      }),
    ),
  ];
}

/** What chains of type nat do, and `notrack`. */
export const TRANSLATIONS: readonly Feature[] = [
  ...ofSide('dnat'),
  ...ofSide('snat'),
  ...ownAddress('redirect', 'dnat'),
  ...ownAddress('masquerade', 'masquerade'),
  place(
    'dnat: family said',
    { place: 'dnat', inet: true, without: 'family' },
    (random) => `dnat ip to ${target(random, 4)}`,
  ),
  place(
    'snat: family said',
    { place: 'snat', inet: true, without: 'family' },
    (random) => `snat ip6 to ${target(random, 6)}`,
  ),
  place('notrack', { place: 'notrack' }, (_, { expect }) => {
    expect('ct state untracked');
    return 'notrack';
  }),
  place('notrack: and accept', { place: 'notrack' }, () => 'notrack accept'),
];

function rewrite(field: string, needs: Needs, value: (random: Random) => string): Feature {
  // nft 1.0.6 lists `meta protocol ip ip6 daddr set ::1` without its first half: such a rule asks for no protocol besides.
  return {
    name: `rewrite: ${field}`,
    group: 'protocols',
    kind: 'statement',
    needs,
    write: (random, { expect }) => {
      const to = value(random);
      expect(`${field} ${to}`);
      return `${field} set ${to}`;
    },
  };
}

/** Fields that rules write anew: a translation that no connection remembers. */
export const REWRITES: readonly Feature[] = [
  ...([4, 6] as const).flatMap((family) =>
    ['saddr', 'daddr'].map((side) => {
      const field = `${family === 4 ? 'ip' : 'ip6'} ${side}`;
      return rewrite(field, { family }, (random) => target(random, family));
    }),
  ),
  ...(['tcp', 'udp'] as const).flatMap((transport) =>
    ['sport', 'dport'].map((side) => rewrite(`${transport} ${side}`, { transport }, (random) => String(port(random)))),
  ),
];

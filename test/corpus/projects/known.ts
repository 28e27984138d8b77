import type { Graded } from './outcome.ts';

/**
 * Inputs of nftables that we do not read as we should, or of which nft 1.0.6 says something else than it has loaded: each with its reason. None
 * is lost silently. The list may only shrink: what is on it and passes is an error too.
 */
const KNOWN: readonly { readonly why: string; readonly places: readonly string[] }[] = [
  {
    why: 'nft 1.0.6 breaks off its JSON behind the flags of a table, so that there is nothing to hold the reading against',
    places: ['transactions/dumps/0002table_0.nft', 'transactions/dumps/table_onoff.nft'],
  },
  {
    why: 'nft 1.0.6 leaves the devices of a chain out of its JSON, and this chain has another one than `lo`',
    places: ['chains/dumps/0042chain_variable_0.nft'],
  },
  {
    why: 'a number and a moment, or a number and a traffic class, that nft lists in other words: we keep both as text and do not know them for the same',
    places: ['any/meta.t:206', 'any/meta.t:40', 'any/meta.t:41'],
  },
  {
    why: 'another spelling of an option of TCP, which we keep as text (`sack` and `sack0`, `255` and `@255,0,8`)',
    places: ['any/tcpopt.t:19', 'any/tcpopt.t:24', 'any/tcpopt.t:32', 'any/tcpopt.t:33'],
  },
  {
    why: 'another spelling of a field of tagged frames, or a condition on their type that nft adds by itself and leaves out of its listing',
    places: [
      'bridge/vlan.t:15',
      'bridge/vlan.t:22',
      'bridge/vlan.t:23',
      'bridge/vlan.t:24',
      'bridge/vlan.t:25',
      'bridge/vlan.t:32',
      'bridge/vlan.t:42',
      'inet/ether.t:17',
    ],
  },
  {
    why: 'a word for the family, or a zero, that nft adds to a field which we keep as text',
    places: ['inet/ct.t:6', 'inet/ipsec.t:8', 'inet/rt.t:5', 'ip/rt.t:5', 'ip6/rt0.t:6'],
  },
  {
    why: 'a map that nft lists with its elements in another order: what each packet gets is the same, the rules that we make of it stand in that order',
    places: ['inet/map.t:9', 'inet/map.t:10', 'inet/osf.t:17', 'ip/dnat.t:21'],
  },
];

/** The place without the table and chain. */
function inputOf(place: string): string {
  return place.split(' ')[0] ?? place;
}

/**
 * @param areAll whether no input is left out: an input counts once for each chain that it is tried in, and may fail in some of them only
 * @returns what fails and is not known to, and what is known to fail and does not, each in a sentence
 */
export function surprises(graded: readonly Graded[], { areAll }: { readonly areAll: boolean }): string[] {
  const known = new Set(KNOWN.flatMap(({ places }) => places));
  const failed = graded.flatMap(({ place, outcome }) =>
    outcome.kind === 'failed' ? [{ input: inputOf(place), place, why: outcome.why }] : [],
  );
  const failing = new Set(failed.map(({ input }) => input));
  const asked = new Set(graded.map(({ place }) => inputOf(place)));
  return [
    ...failed.filter(({ input }) => !known.has(input)).map(({ place, why }) => `${place}: ${why}`),
    ...[...known]
      .filter((input) => areAll && asked.has(input) && !failing.has(input))
      .map((input) => `${input} is known to fail, and passes: take it off the list`),
  ];
}

export function knownReasons(graded: readonly Graded[]): { readonly why: string; readonly inputs: number }[] {
  const failing = new Set(graded.filter(({ outcome }) => outcome.kind === 'failed').map(({ place }) => inputOf(place)));
  return KNOWN.map(({ why, places }) => ({ why, inputs: places.filter((place) => failing.has(place)).length }));
}

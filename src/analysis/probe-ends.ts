import type { Intent, InterfacePattern, NamedDestination, Peer } from '../ir/index.ts';
import { symbolKey } from '../ir/index.ts';
import type { Address, DnsName, Family } from '../net/index.ts';
import { addressCorners, type Corner } from './probe-corners.ts';
import { exampleName, isPlayable, type ProbeStage, type StageName } from './probe-stage.ts';

/** One end of a packet. */
export type End =
  | { readonly at: 'local'; readonly account?: number; readonly unsendable?: string }
  | {
      readonly at: 'remote';
      readonly address: Address;
      readonly name?: DnsName;
      readonly symbols?: readonly string[]; // of a destination that was asked for by name
      readonly interface?: string; // absent: any will do
      readonly unsendable?: string;
    };

/** Senders of a peer: its corners first, then just outside it, then somebody else altogether. */
export function senderEnds(peer: Peer, family: Family, stage: ProbeStage): Corner<End>[] {
  switch (peer.kind) {
    case 'local':
      return senderAccounts(peer, stage);
    case 'remote':
      return machines(peer, family, stage, 'source');
    case 'named':
      return []; // a name says where a packet goes, not where it comes from
  }
}

export function receiverEnds(
  peer: Peer | NamedDestination,
  family: Family,
  stage: ProbeStage,
  intent: Intent,
): Corner<End>[] {
  switch (peer.kind) {
    case 'local':
      return [{ value: receivingAccount(peer), words: 'this machine', inside: true }];
    case 'remote':
      return machines(peer, family, stage, 'destination');
    case 'name':
      return [
        ...named(stage.names.get(peer.name), family, `\`${peer.name}\``),
        ...stranger(family, stage, 'destination'),
      ];
    case 'named': {
      const patterns = intent.groups.find((group) => group.key === peer.group)?.patterns ?? [];
      const ends = patterns.map(exampleName).flatMap((name) => named(stage.names.get(name), family, `\`${name}\``));
      return ends.length === 0 ? [] : [...ends, ...stranger(family, stage, 'destination')];
    }
  }
}

type Local = Extract<Peer, { kind: 'local' }>;
type Remote = Extract<Peer, { kind: 'remote' }>;

function senderAccounts(peer: Local, stage: ProbeStage): Corner<End>[] {
  const obstacle =
    peer.cgroup === undefined ? {} : { unsendable: `the lab runs no process in the cgroup \`${peer.cgroup}\`` };
  const end = (account: number, words: string, inside: boolean): Corner<End> => ({
    value: { at: 'local', account, ...obstacle },
    words,
    inside,
  });
  const other = stage.strangerAccount;
  if (peer.accounts === undefined) return [end(other ?? 0, 'a process of this machine', true)];
  const isNamed = (uid: number): boolean => peer.accounts!.some(({ first, last }) => first <= uid && uid <= last);
  return [
    ...peer.accounts.flatMap(({ first, last }) => [
      end(first, 'the first account', true),
      ...(last === first ? [] : [end(last, 'the last account', true)]),
    ]),
    ...(other === undefined || isNamed(other) ? [] : [end(other, 'another account', false)]),
    ...(isNamed(0) ? [] : [end(0, 'root', false)]),
  ];
}

/** Who receives a packet nobody knows before it is delivered, so that no packet is sent to a wrong one. */
function receivingAccount(peer: Local): End {
  const uid = peer.accounts?.[0]?.first;
  return uid === undefined ? { at: 'local' } : { at: 'local', account: uid };
}

function machines(peer: Remote, family: Family, stage: ProbeStage, side: 'source' | 'destination'): Corner<End>[] {
  const through = stage.interfaces.find(({ name }) => peer.interfaces?.some((pattern) => matches(pattern, name)));
  if (peer.interfaces !== undefined && through === undefined) return []; // more interfaces than a stage has
  const way = through === undefined ? {} : { interface: through.name };
  const own = addressCorners(peer.ranges, family, side)
    .filter(({ value }) => isPlayable(stage, value))
    .map(
      ({ value, words, inside }): Corner<End> => ({ value: { at: 'remote', address: value, ...way }, words, inside }),
    );
  const first = own[0];
  const elsewhere = stage.interfaces.find(({ name }) => !peer.interfaces?.some((pattern) => matches(pattern, name)));
  const otherInterface: Corner<End>[] =
    peer.interfaces === undefined || first === undefined || first.value.at !== 'remote' || elsewhere === undefined
      ? []
      : [{ value: { ...first.value, interface: elsewhere.name }, words: `interface ${elsewhere.name}`, inside: false }];
  const others = stranger(family, stage, side).map(
    (corner): Corner<End> => ({ ...corner, value: { ...corner.value, ...way } }),
  );
  return own.length === 0 ? (hasOther(peer, family) ? others : []) : [...own, ...otherInterface, ...others];
}

/** Whether the peer has addresses, but only of the other family: then a packet of this one must not pass either. */
function hasOther(peer: Remote, family: Family): boolean {
  return peer.ranges.length > 0 && peer.ranges.every((range) => range.family !== family);
}

function stranger(family: Family, stage: ProbeStage, side: string): Corner<End>[] {
  return [
    { value: { at: 'remote', address: stage.stranger[family] }, words: `a stranger's ${side} address`, inside: false },
  ];
}

/** A destination that was asked for by name and resolved by the policy's own resolver. */
function named(entry: StageName | undefined, family: Family, words: string): Corner<End>[] {
  if (entry === undefined) return [];
  const symbols = entry.groups.flatMap((group) => [
    symbolKey({ kind: 'asked', group }),
    symbolKey({ kind: 'member', group }),
  ]);
  return [
    {
      value: { at: 'remote', address: entry.addresses[family], name: entry.name, symbols },
      words,
      inside: entry.groups.length > 0,
    },
  ];
}

function matches(pattern: InterfacePattern, name: string): boolean {
  return pattern.wildcard ? name.startsWith(pattern.name) : name === pattern.name;
}

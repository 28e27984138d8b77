import { ADDRESS_TYPES, type AddressType, CONNTRACK_STATES, type ConntrackState } from '../../../src/ir/index.ts';
import { LOWEST_TTL, MARKS, serialOf } from '../packet.ts';
import { WIRES } from './topology.ts';

/**
 * Two tables that see every packet of ours before all rules under test and after them, at every hook, and write down its number. They also
 * note what the kernel knows of the packet and no byte of it tells: conntrack's state and mark, and what the routing table says of its
 * addresses. The verdict is thus the kernel's own word, and no packet can be lost between the kernel and us.
 */
const NAME = 'recorder';
const TABLE = `inet ${NAME}`;
const DEVICES_TABLE = `netdev ${NAME}`; // what leaves a device: no table of IP families sees it there

/** What is written down of one packet. */
export interface Record {
  readonly arrived: boolean;
  readonly routable: boolean; // past every rule at `prerouting`
  readonly received: boolean; // by the machine itself, before the rules at `input`
  readonly delivered: boolean; // to the machine itself, past every rule at `input`
  readonly forwardedBy: string | undefined; // the interface, before the rules at `forward`
  readonly onward: boolean; // past every rule at `forward` or `output`
  readonly leftBy: string | undefined; // the interface, before the rules at `postrouting`
  readonly left: boolean; // past every rule at `postrouting`
  readonly out: boolean; // before the rules at `egress`
  readonly gone: boolean; // past them
  readonly sourcePort: number | undefined; // once source addresses are translated
  readonly identified: boolean; // by another number than ICMP was sent with, once destination addresses are translated
  readonly state: ConntrackState | undefined; // undefined: dropped before conntrack saw it
  readonly connection: Connection;
  readonly srcType: AddressType;
  readonly dstType: AddressType;
}

/** What conntrack knows of a packet's connection, when the packet comes. */
export interface Connection {
  readonly mark: number;
  readonly status: number; // IPS_EXPECTED, IPS_SEEN_REPLY, ... (nf_conntrack_common.h), as far as nft has words for them
  readonly reply: boolean; // the packet goes against the way of the first one
}

export const STATUS = { expected: 1, 'seen-reply': 2, assured: 4, confirmed: 8, snat: 16, dnat: 32 } as const;

const FIRST = -500; // before conntrack's own hooks (-400, -200) and every rule under test
const AFTER_CONNTRACK = -199;
const AFTER_DESTINATION = -99; // destinations are translated at -100
const AFTER_SOURCE = 101; // sources are translated at 100
const LAST = 2_000_000_000; // behind every rule under test, before conntrack confirms (2^31 - 1)

const TYPES = ADDRESS_TYPES.filter((type) => type !== 'unicast');
const SIDES = ['src', 'dst'] as const;
const FAMILIES = [
  { name: '4', ours: `ip ttl >= ${LOWEST_TTL}`, number: 'ip id', raw: '@nh,32,16' },
  { name: '6', ours: `ip6 hoplimit >= ${LOWEST_TTL}`, number: '@nh,16,16', raw: '@nh,16,16' },
] as const;

/** The recorder's tables. */
export const RECORDER = recorderText() + devicesText();

/**
 * What the machine sends to itself or to a group comes in again as a copy: that it was sent is what counts, and is known by then.
 */
function recorderText(): string {
  const noteLocal = FAMILIES.map(({ ours, number }) => `${ours} update @local { ${number} }`);
  const pastLocal = FAMILIES.map(({ ours, number }) => `${ours} ${number} @local accept`);
  const numbers = (name: string): string => `set ${name} { typeof ip id; size 65535; flags dynamic; }`;
  const pairs = (name: string, second: string): string =>
    `set ${name} { typeof ip id . ${second}; size 65535; flags dynamic; }`;
  const plain = ['arrived', 'routable', 'received', 'delivered', 'onward', 'left', 'answers', 'identified'];
  const ofStates = CONNTRACK_STATES.map((state) => `state_${state}`);
  const ofStatus = Object.keys(STATUS).map((status) => `status_${status}`);
  const ofTypes = SIDES.flatMap((side) => TYPES.map((type) => `${side}_${type}`));
  return `table ${TABLE} {
${[...plain, ...ofStates, ...ofStatus, ...ofTypes].map(numbers).join('\n')}
set local { typeof ip id; size 65535; flags dynamic; }
${pairs('forwarded', 'meta oif')}
${pairs('leaving', 'meta oif')}
${pairs('connection', 'ct mark')}
${pairs('source', 'th sport')}
${FAMILIES.map(familyChains).join('\n')}
${baseChain('first_dev', `ingress ${devices(WIRES)}`, FIRST, [...pastLocal, ...byFamily('arrive')])}
${baseChain('first_in', 'prerouting', FIRST, [...pastLocal, ...byFamily('first')])}
${baseChain('known_in', 'prerouting', AFTER_CONNTRACK, [...pastLocal, ...byFamily('known')])}
${baseChain('aimed_in', 'prerouting', AFTER_DESTINATION, [...pastLocal, ...identified()])}
${baseChain('routed_in', 'prerouting', LAST, [...pastLocal, ...notes('routable')])}
${baseChain('first_out', 'output', FIRST, [...noteLocal, ...byFamily('arrive', 'jump'), ...byFamily('first'), 'ip ttl < 129 drop', 'ip6 hoplimit 2-128 drop'])}
${baseChain('known_out', 'output', AFTER_CONNTRACK, byFamily('known'))}
${baseChain('aimed_out', 'output', AFTER_DESTINATION, identified())}
${baseChain('sent', 'output', LAST, notes('onward'))}
${baseChain('received', 'input', FIRST, notes('received'))}
${baseChain('source_in', 'input', AFTER_SOURCE, notes('source', 'th sport'))}
${baseChain('delivered', 'input', LAST, notes('delivered'))}
${baseChain('forwarded', 'forward', FIRST, notes('forwarded', 'meta oif'))}
${baseChain('passed', 'forward', LAST, notes('onward'))}
${baseChain('leaving', 'postrouting', FIRST, notes('leaving', 'meta oif'))}
${baseChain('source_out', 'postrouting', AFTER_SOURCE, notes('source', 'th sport'))}
${baseChain('left', 'postrouting', LAST, notes('left'))}
}
`;
}

function devicesText(): string {
  const set = (name: string): string => `set ${name} { typeof ip id; size 65535; flags dynamic; }`;
  const everywhere = devices([...WIRES, { name: 'lo' }]);
  return `table ${DEVICES_TABLE} {
${set('out')}
${set('gone')}
${baseChain('out', `egress ${everywhere}`, FIRST, notes('out'))}
${baseChain('gone', `egress ${everywhere}`, LAST, notes('gone'))}
}
`;
}

function devices(wires: readonly { readonly name: string }[]): string {
  return `devices = { ${wires.map(({ name }) => name).join(', ')} }`;
}

function byFamily(chain: string, how: 'goto' | 'jump' = 'goto'): string[] {
  return FAMILIES.map(({ name, ours }) => `${ours} ${how} ${chain}${name}`);
}

/** Writes down every packet of ours, with something more of it. */
function notes(set: string, more?: string): string[] {
  return FAMILIES.map(
    ({ ours, number }) => `${ours} update @${set} { ${number}${more === undefined ? '' : ` . ${more}`} }`,
  );
}

/** Echoes (RFC 792, RFC 4443 4) are sent with the identifier 1, which stands behind type, code and checksum. */
function identified(): string[] {
  return notes('identified').map(
    (line) => `meta l4proto { icmp, ipv6-icmp } @th,0,8 { 0, 8, 128, 129 } @th,32,16 != 1 ${line}`,
  );
}

function familyChains({ name, number, raw }: (typeof FAMILIES)[number]): string {
  const note = (set: string): string => `update @${set} { ${number} }`;
  const types = SIDES.flatMap((side) =>
    TYPES.map((type) => `fib ${side === 'src' ? 'saddr' : 'daddr'} type ${type} ${note(`${side}_${type}`)}`),
  );
  return [
    chain(`arrive${name}`, [
      note('arrived'),
      ...MARKS.flatMap((mark, index) =>
        mark === 0 ? [] : [`${raw} & 0x6000 == ${index << 13} meta mark set ${mark}`],
      ),
    ]),
    chain(`first${name}`, [`${raw} & 0x8000 == 0x8000 notrack`]),
    chain(`known${name}`, [
      ...CONNTRACK_STATES.map((state) => `ct state ${state} ${note(`state_${state}`)}`),
      ...Object.keys(STATUS).map((status) => `ct status ${status} ${note(`status_${status}`)}`),
      `ct direction reply ${note('answers')}`,
      `ct mark != 0 update @connection { ${number} . ct mark }`,
      ...types,
    ]),
  ].join('\n');
}

function chain(name: string, rules: readonly string[]): string {
  return `chain ${name} {\n${rules.join('\n')}\n}`;
}

function baseChain(name: string, hook: string, priority: number, rules: readonly string[]): string {
  return chain(name, [`type filter hook ${hook} priority ${priority}; policy accept;`, ...rules]);
}

/** Forgets all that was written down. */
export const FLUSH_RECORDER = [
  [TABLE, recorderText()],
  [DEVICES_TABLE, devicesText()],
]
  .flatMap(([table, text = '']) => [...text.matchAll(/^set (\S+)/gm)].map(([, set]) => `flush set ${table} ${set}\n`))
  .join('');

/** A listing of the whole ruleset in nft's text, without the recorder. */
export function withoutRecorder(listing: string): string {
  return [TABLE, DEVICES_TABLE].reduce((text, table) => {
    const start = text.indexOf(`table ${table} {`);
    const end = text.indexOf('\n}\n', start);
    return start === -1 || end === -1 ? text : text.slice(0, start) + text.slice(end + 3);
  }, listing);
}

/** The same for a listing in JSON. */
export function withoutRecorderJson(listing: string): string {
  const entries = field(JSON.parse(listing), 'nftables');
  if (!Array.isArray(entries)) return listing;
  const others = entries.filter((entry: unknown) => {
    const [object]: unknown[] = typeof entry === 'object' && entry !== null ? Object.values(entry) : [];
    return field(object, 'table') !== NAME && field(object, 'name') !== NAME;
  });
  return JSON.stringify({ nftables: others });
}

/** Arguments of `nft` that list the recorder's tables. */
export const LIST_RECORDER: readonly (readonly string[])[] = [TABLE, DEVICES_TABLE].map((table) => [
  '-j',
  'list',
  'table',
  ...table.split(' '),
]);

/** @param listings what nft says of the recorder's tables */
export function readRecords(listings: readonly string[], count: number): Record[] {
  const sets = new Map(listings.flatMap((json) => [...recordedSets(JSON.parse(json))]));
  const having = (set: string): ReadonlySet<number> =>
    new Set(sets.get(set)?.map(([number]) => serialOf(Number(number))));
  const valued = (set: string): ReadonlyMap<number, string | number> =>
    new Map(sets.get(set)?.map(([number, value]) => [serialOf(Number(number)), value ?? 0]));
  const plain = [
    'arrived',
    'routable',
    'received',
    'delivered',
    'onward',
    'left',
    'out',
    'gone',
    'answers',
    'identified',
  ] as const;
  const [arrived, routable, received, delivered, onward, left, out, gone, answers, identified] = plain.map(having);
  const [forwarded, leaving, connection, source] = ['forwarded', 'leaving', 'connection', 'source'].map(valued);
  const status = Object.entries(STATUS).map(([name, bit]) => ({ bit, serials: having(`status_${name}`) }));
  const states = CONNTRACK_STATES.map((state) => ({ state, serials: having(`state_${state}`) }));
  const types = SIDES.map((side) => TYPES.map((type) => ({ type, serials: having(`${side}_${type}`) })));
  return Array.from({ length: count }, (_, serial): Record => {
    const has = (serials: ReadonlySet<number> | undefined): boolean => serials?.has(serial) ?? false;
    const text = (values: typeof leaving): string | undefined => values?.get(serial)?.toString();
    const [srcType, dstType] = types.map((each) => each.find(({ serials }) => has(serials))?.type ?? 'unicast');
    const port = text(source);
    return {
      arrived: has(arrived),
      routable: has(routable),
      received: has(received),
      delivered: has(delivered),
      forwardedBy: text(forwarded),
      onward: has(onward),
      leftBy: text(leaving),
      left: has(left),
      out: has(out),
      gone: has(gone),
      sourcePort: port === undefined ? undefined : Number(port),
      identified: has(identified),
      state: states.find(({ serials }) => has(serials))?.state,
      connection: {
        mark: Number(connection?.get(serial) ?? 0),
        status: status.reduce((bits, { bit, serials }) => bits | (has(serials) ? bit : 0), 0),
        reply: has(answers),
      },
      srcType: srcType ?? 'unicast',
      dstType: dstType ?? 'unicast',
    };
  });
}

/** Elements by set, each as the parts of its key. */
function recordedSets(document: unknown): ReadonlyMap<string, readonly (readonly (string | number)[])[]> {
  const entries = field(document, 'nftables');
  if (!Array.isArray(entries)) throw new TypeError('nft lists no objects');
  return new Map(
    entries.flatMap((entry: unknown) => {
      const set = field(entry, 'set');
      const name = field(set, 'name');
      const elements = field(set, 'elem');
      return typeof name === 'string' && Array.isArray(elements) ? [[name, elements.map(keyParts)] as const] : [];
    }),
  );
}

function keyParts(element: unknown): (string | number)[] {
  const parts = field(element, 'concat') ?? [element];
  if (!Array.isArray(parts)) throw new TypeError('an element has no key');
  return parts.map((part: unknown) => {
    if (typeof part === 'number' || typeof part === 'string') return part;
    throw new TypeError(`an element has the key ${JSON.stringify(part)}`);
  });
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

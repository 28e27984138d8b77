import { ADDRESS_TYPES, type AddressType, CONNTRACK_STATES, type ConntrackState } from '../../../src/ir/index.ts';
import { LOWEST_TTL, MARKS, serialOf } from '../packet.ts';

/**
 * A table that sees every packet of ours before all rules under test and after them, and writes down its number. It also notes what
 * the kernel knows of the packet and no byte of it tells: conntrack's state and mark, and what the routing table says of its addresses.
 * The verdict is thus the kernel's own word, and no packet can be lost between the kernel and us.
 */
const NAME = 'recorder';
const TABLE = `inet ${NAME}`;

/** What is written down of one packet. */
export interface Record {
  readonly arrived: boolean;
  readonly delivered: boolean; // to the machine itself, past every rule at `input`
  readonly leftBy: string | undefined; // the interface, past every rule at `postrouting`
  readonly state: ConntrackState | undefined; // undefined: dropped before conntrack saw it
  readonly connection: Connection;
  readonly srcType: AddressType;
  readonly dstType: AddressType;
}

/** What conntrack knows of a packet's connection, when the packet comes. */
export interface Connection {
  readonly mark: number;
  readonly status: number; // IPS_EXPECTED, IPS_SEEN_REPLY, IPS_ASSURED and IPS_CONFIRMED (nf_conntrack_common.h)
  readonly reply: boolean; // the packet goes against the way of the first one
}

const STATUS = { expected: 1, 'seen-reply': 2, assured: 4, confirmed: 8 } as const;

const FIRST = -500; // before conntrack's own hooks (-400, -200) and every rule under test
const AFTER_CONNTRACK = -199;
const LAST = 2_000_000_000; // behind every rule under test, before conntrack confirms (2^31 - 1)

const TYPES = ADDRESS_TYPES.filter((type) => type !== 'unicast');
const SIDES = ['src', 'dst'] as const;
const FAMILIES = [
  { name: '4', ours: `ip ttl >= ${LOWEST_TTL}`, number: 'ip id', raw: '@nh,32,16' },
  { name: '6', ours: `ip6 hoplimit >= ${LOWEST_TTL}`, number: '@nh,16,16', raw: '@nh,16,16' },
] as const;

/** The recorder's table. */
export const RECORDER = recorderText();

/**
 * What the machine sends to itself or to a group comes in again as a copy: that it was sent is what counts, and is known by then.
 */
function recorderText(): string {
  const noteLocal = FAMILIES.map(({ ours, number }) => `${ours} update @local { ${number} }`);
  const pastLocal = FAMILIES.map(({ ours, number }) => `${ours} ${number} @local accept`);
  const numbers = (name: string): string => `set ${name} { type inet_service; size 65535; flags dynamic; }`;
  const typeSets = SIDES.flatMap((side) => TYPES.map((type) => numbers(`${side}_${type}`)));
  return `table ${TABLE} {
${numbers('arrived')}
${numbers('delivered')}
set left { typeof ip id . meta oif; size 65535; flags dynamic; }
set connection { typeof ip id . ct mark; size 65535; flags dynamic; }
${CONNTRACK_STATES.map((state) => numbers(`state_${state}`)).join('\n')}
${Object.keys(STATUS)
  .map((status) => numbers(`status_${status}`))
  .join('\n')}
${numbers('answers')}
${typeSets.join('\n')}
${FAMILIES.map(familyChains).join('\n')}
set local { typeof ip id; size 65535; flags dynamic; }
${baseChain('first_in', 'prerouting', FIRST, [...pastLocal, ...byFamily('first')])}
${baseChain('known_in', 'prerouting', AFTER_CONNTRACK, [...pastLocal, ...byFamily('known')])}
${baseChain('first_out', 'output', FIRST, [...noteLocal, ...byFamily('first'), 'ip ttl < 129 drop', 'ip6 hoplimit 2-128 drop'])}
${baseChain('known_out', 'output', AFTER_CONNTRACK, byFamily('known'))}
${baseChain('last_in', 'input', LAST, byFamily('last_in'))}
${baseChain('last_out', 'postrouting', LAST, byFamily('last_out'))}
}
`;
}

function byFamily(chain: string): string[] {
  return FAMILIES.map(({ name, ours }) => `${ours} goto ${chain}${name}`);
}

function familyChains({ name, number, raw }: (typeof FAMILIES)[number]): string {
  const note = (set: string): string => `update @${set} { ${number} }`;
  const types = SIDES.flatMap((side) =>
    TYPES.map((type) => `fib ${side === 'src' ? 'saddr' : 'daddr'} type ${type} ${note(`${side}_${type}`)}`),
  );
  return [
    chain(`first${name}`, [
      note('arrived'),
      ...MARKS.flatMap((mark, index) =>
        mark === 0 ? [] : [`${raw} & 0x6000 == ${index << 13} meta mark set ${mark}`],
      ),
      `${raw} & 0x8000 == 0x8000 notrack`,
    ]),
    chain(`known${name}`, [
      ...CONNTRACK_STATES.map((state) => `ct state ${state} ${note(`state_${state}`)}`),
      ...Object.keys(STATUS).map((status) => `ct status ${status} ${note(`status_${status}`)}`),
      `ct direction reply ${note('answers')}`,
      `ct mark != 0 update @connection { ${number} . ct mark }`,
      ...types,
    ]),
    chain(`last_in${name}`, [note('delivered')]),
    chain(`last_out${name}`, [`update @left { ${number} . meta oif }`]),
  ].join('\n');
}

function chain(name: string, rules: readonly string[]): string {
  return `chain ${name} {\n${rules.join('\n')}\n}`;
}

function baseChain(name: string, hook: string, priority: number, rules: readonly string[]): string {
  return chain(name, [`type filter hook ${hook} priority ${priority}; policy accept;`, ...rules]);
}

/** Forgets all that was written down. */
export const FLUSH_RECORDER = [...RECORDER.matchAll(/^set (\S+)/gm)]
  .map(([, set]) => `flush set ${TABLE} ${set}\n`)
  .join('');

/** A listing of the whole ruleset in nft's text, without the recorder. */
export function withoutRecorder(listing: string): string {
  const start = listing.indexOf(`table ${TABLE} {`);
  const end = listing.indexOf('\n}\n', start);
  return start === -1 || end === -1 ? listing : listing.slice(0, start) + listing.slice(end + 3);
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

export const LIST_RECORDER: readonly string[] = ['-j', 'list', 'table', ...TABLE.split(' ')];

/** @param json what nft says of the recorder's table */
export function readRecords(json: string, count: number): Record[] {
  const sets = recordedSets(JSON.parse(json));
  const having = (set: string): ReadonlySet<number> =>
    new Set(sets.get(set)?.map(([number]) => serialOf(Number(number))));
  const valued = (set: string): ReadonlyMap<number, string | number> =>
    new Map(sets.get(set)?.map(([number, value]) => [serialOf(Number(number)), value ?? 0]));
  const [arrived, delivered, left, connection] = [
    having('arrived'),
    having('delivered'),
    valued('left'),
    valued('connection'),
  ];
  const reply = having('answers');
  const status = Object.entries(STATUS).map(([name, bit]) => ({ bit, serials: having(`status_${name}`) }));
  const states = CONNTRACK_STATES.map((state) => ({ state, serials: having(`state_${state}`) }));
  const types = SIDES.map((side) => TYPES.map((type) => ({ type, serials: having(`${side}_${type}`) })));
  return Array.from({ length: count }, (_, serial): Record => {
    const [srcType, dstType] = types.map((each) => each.find(({ serials }) => serials.has(serial))?.type ?? 'unicast');
    const leftBy = left.get(serial);
    return {
      arrived: arrived.has(serial),
      delivered: delivered.has(serial),
      leftBy: leftBy === undefined ? undefined : String(leftBy),
      state: states.find(({ serials }) => serials.has(serial))?.state,
      connection: {
        mark: Number(connection.get(serial) ?? 0),
        status: status.reduce((bits, { bit, serials }) => bits | (serials.has(serial) ? bit : 0), 0),
        reply: reply.has(serial),
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

import type { Rate } from '../../ir/index.ts';
import type { Family } from '../../net/index.ts';

/**
 * Names of what the table holds, and back: whoever reads a live table (the resolver that fills name sets, the reader of
 * counters, the proof) recognises an object by its name alone. nft's names hold letters, digits, `_`, `.`, `/` and `-`, begin
 * with a letter and are no keyword, hence the fixed beginnings; other bytes are written as `/` and two hexadecimal digits.
 */
export const TABLE_NAME = 'portcullis';
/** Loaded at boot before the rules, and removed by them. */
export const LOCKDOWN_TABLE = `${TABLE_NAME}-lockdown`;

/** NFT_NAME_MAXLEN less its NUL, include/uapi/linux/netfilter/nf_tables.h. */
export const MAX_NAME_BYTES = 255;

/** NF_LOG_PREFIXLEN less its NUL, include/uapi/linux/netfilter/nf_log.h. */
export const MAX_LOG_PREFIX_BYTES = 127;

/** The NFLOG group that denials are sent to. */
export const LOG_GROUP = 86;

export function encodeName(text: string): string {
  if (/^[A-Za-z0-9_.-]*$/.test(text)) return text; // as almost all are
  return [...new TextEncoder().encode(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9_.-]/.test(character) ? character : `/${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

/** `undefined` where the text is nothing that `encodeName` writes. */
export function decodeName(name: string): string | undefined {
  const bytes: number[] = [];
  for (let at = 0; at < name.length; at++) {
    if (name[at] !== '/') {
      bytes.push(name.charCodeAt(at));
      continue;
    }
    const hex = name.slice(at + 1, at + 3);
    if (!/^[0-9a-f]{2}$/.test(hex)) return undefined;
    bytes.push(Number.parseInt(hex, 16));
    at += 2;
  }
  const text = new TextDecoder().decode(Uint8Array.from(bytes));
  return encodeName(text) === name ? text : undefined;
}

function prefixed(prefix: string): {
  readonly of: (text: string) => string;
  readonly back: (name: string) => string | undefined;
} {
  return {
    of: (text) => `${prefix}${encodeName(text)}`,
    back: (name) => (name.startsWith(prefix) ? decodeName(name.slice(prefix.length)) : undefined),
  };
}

/** The named counter of a flow. */
export const flowCounter = prefixed('flow-');
/** The named counter of a piece of the baseline. */
export const baselineCounter = prefixed('baseline-');
/** The chain that a rated flow's packets pass. */
export const rateChain = prefixed('rate-');
/** The set whose cgroups (v2) the unit fills in when it starts; the level is the number of parts of the path. */
export const cgroupSet = prefixed('cgroup-');

const NAME_SETS = { 4: prefixed('names4-'), 6: prefixed('names6-') } as const;

const CONTAINER_SETS = { 4: prefixed('containers4-'), 6: prefixed('containers6-') } as const;

/** The set of a zone's containers, interface and address, one for each family; `docker watch` keeps it. */
export function containerSet(zone: string, family: Family): string {
  return CONTAINER_SETS[family].of(zone);
}

/** The zone and family of such a set, in whichever slot it stands. */
export function zoneOfContainerSet(name: string): { readonly zone: string; readonly family: Family } | undefined {
  const inner = slotOfName(name)?.inner ?? name;
  for (const family of [4, 6] as const) {
    const zone = CONTAINER_SETS[family].back(inner);
    if (zone !== undefined) return { zone, family };
  }
  return undefined;
}

/** The set of the addresses that a group's names now stand for, one for each family; the resolver keeps it. */
export function nameSet(group: string, family: Family): string {
  return NAME_SETS[family].of(group);
}

export function groupOfNameSet(name: string, family: Family): string | undefined {
  return NAME_SETS[family].back(name);
}

/**
 * The set of a rated flow's sources, each with its own limit. An element keeps the limit that it was made with as long as it lives, so
 * the rate is part of the name: another rate is another set.
 */
export function rateSet(flow: string, rate: Pick<Rate, 'count' | 'per'>, family: Family): string {
  return `rate${family}-${rate.count}-${rate.per}-${encodeName(flow)}`;
}

export function flowOfRateSet(name: string, family: Family): string | undefined {
  const [, written, flow] = /^rate([46])-[0-9]+-[a-z]+-(.*)$/.exec(name) ?? [];
  return written === String(family) && flow !== undefined ? decodeName(flow) : undefined;
}

/** The flow or piece (`baseline:<piece>`) that a counter counts for. */
export function originOfCounter(name: string): string | undefined {
  const piece = baselineCounter.back(name);
  return piece === undefined ? flowCounter.back(name) : `baseline:${piece}`;
}

export const DENIED_COUNTERS = {
  input: 'denied_input',
  output: 'denied_output',
  forward: 'denied_forward',
} as const;

export function cgroupLevel(path: string): number {
  return path.split('/').length;
}

/** The set whose elements time out when a change is not confirmed: the families whose packets meet the new rules. */
export const TRIAL_SET = 'trial';

/** Two policies can stand in the table at once; the names of what belongs to one of them begin with its slot. */
export const SLOTS = ['a', 'b'] as const;
export type Slot = (typeof SLOTS)[number];

/** No other name of ours has a `/` that two hexadecimal digits do not follow. */
export function inSlot(slot: Slot, name: string): string {
  return `${slot}/${name}`;
}

/** The slot that a name belongs to, and the name in there. */
export function slotOfName(name: string): { readonly slot: Slot; readonly inner: string } | undefined {
  const slot = SLOTS.find((each) => name.startsWith(`${each}/`));
  return slot === undefined ? undefined : { slot, inner: name.slice(slot.length + 1) };
}

/** Connections that lived when the slot was loaded and that conntrack does not know, in both directions. */
export function aliveSet(slot: Slot, family: Family): string {
  return inSlot(slot, `alive${family}`);
}

/** Sets that are learnt, which all slots share. Their names say how they are declared. */
export function isSharedSet(name: string): boolean {
  return (
    cgroupSet.back(name) !== undefined ||
    ([4, 6] as const).some(
      (family) => groupOfNameSet(name, family) !== undefined || flowOfRateSet(name, family) !== undefined,
    )
  );
}

export function isOwnCounter(name: string): boolean {
  return originOfCounter(name) !== undefined || Object.values(DENIED_COUNTERS).some((denied) => denied === name);
}

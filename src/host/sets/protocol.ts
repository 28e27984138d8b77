import { type Address, formatAddress, parseAddress } from '../../net/index.ts';

/**
 * What is said between whoever fills sets of addresses and the process that may: lines of words. The sets are those that the process was
 * started with, by number, and nothing else can be asked of it.
 *
 *     17 0 203.0.113.7 360 1 2001:db8::7 360        request 17: these addresses into set 0 and set 1, for so many seconds
 *     17                                            it is done
 *     17 the kernel says no                         it is not
 */
export interface Elements {
  readonly id: number;
  readonly entries: readonly Entry[];
}

export interface Entry {
  readonly set: number; // index into the sets of the start
  readonly address: Address;
  readonly seconds: number; // until the kernel forgets it, 1 to MOST_SECONDS
}

export const MOST_SECONDS = 7 * 86_400;
export const MOST_ENTRIES = 1_000; // of one request

export function requestLine({ id, entries }: Elements): string {
  return `${id} ${entries.map(({ set, address, seconds }) => `${set} ${formatAddress(address)} ${seconds}`).join(' ')}\n`;
}

/** @param families of the sets, by number. @returns `undefined` for whatever is not exactly a request. */
export function parseRequest(line: string, families: readonly (4 | 6)[]): Elements | undefined {
  const [id, ...words] = line.split(' ');
  if (id === undefined || !NUMBER.test(id) || words.length === 0 || words.length % 3 !== 0) return undefined;
  if (words.length > 3 * MOST_ENTRIES) return undefined;
  const entries: Entry[] = [];
  for (let at = 0; at < words.length; at += 3) {
    const [set = '', text = '', seconds = ''] = words.slice(at, at + 3);
    if (!NUMBER.test(set) || !NUMBER.test(seconds)) return undefined;
    const address = parseAddress(text);
    const entry = { set: Number(set), seconds: Number(seconds) };
    if (address === undefined || families[entry.set] !== address.family) return undefined;
    if (entry.seconds < 1 || entry.seconds > MOST_SECONDS) return undefined;
    entries.push({ ...entry, address });
  }
  return { id: Number(id), entries };
}

const NUMBER = /^(?:0|[1-9][0-9]{0,14})$/;

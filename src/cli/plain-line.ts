import { type Address, addressAt } from '../net/index.ts';

/**
 * A flow expression of the plainest form, its addresses put aside: of `tcp 10.0.0.1 -> [2001:db8::1]:443 iif eth0` the head is `tcp` and
 * the tail `:443 iif eth0`.
 */
export interface PlainLine {
  readonly head: string; // with the source, where that is a word
  readonly from: Address | undefined; // undefined: a word
  readonly to: Address;
  readonly tail: string;
}

const SPACE = 0x20;
const COLON = 0x3a;
const OPENING = 0x5b;
const CLOSING = 0x5d;
const ARROW = ' -> ';

/** Of a stretch of text; `undefined` for whatever is not of the plainest form: it is read as any other text. */
export function plainLine(text: string, start: number, end: number): PlainLine | undefined {
  const protocolEnd = wordEnd(text, start, end);
  const fromEnd = wordEnd(text, protocolEnd + 1, end);
  const toStart = fromEnd + ARROW.length;
  if (protocolEnd === start || toStart >= end || !text.startsWith(ARROW, fromEnd)) return undefined;
  let colon = wordEnd(text, toStart, end) - 1; // the last one of the destination
  while (colon > toStart && text.charCodeAt(colon) !== COLON) colon--;
  const to = colon === toStart ? undefined : plainAddress(text, toStart, colon);
  if (to === undefined) return undefined;
  const from = addressAt(text, protocolEnd + 1, fromEnd);
  return {
    head: text.slice(start, from === undefined ? fromEnd : protocolEnd),
    from,
    to,
    tail: text.slice(colon, end),
  };
}

function wordEnd(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && text.charCodeAt(at) !== SPACE) at++;
  return at;
}

/** `10.0.0.1` or `[2001:db8::1]`, where it stands before a port. */
function plainAddress(text: string, start: number, end: number): Address | undefined {
  if (text.charCodeAt(start) !== OPENING) {
    const address = addressAt(text, start, end);
    return address?.family === 4 ? address : undefined;
  }
  const address = text.charCodeAt(end - 1) === CLOSING ? addressAt(text, start + 1, end - 1) : undefined;
  return address?.family === 6 ? address : undefined;
}

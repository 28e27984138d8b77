import { addressKind, type Passage } from '../analysis/index.ts';
import { type Address, type AddressRange, addressRange, parseAddress } from '../net/index.ts';

const MOST_SHAPES = 10_000; // a file of flows has few; beyond this each is read by itself

/**
 * A flow expression whose addresses are put aside: `tcp 10.0.0.1 -> [2001:db8::1]:443 iif eth0` has the shape
 * `tcp 4 ordinary -> 6 ordinary :443 iif eth0`.
 */
interface Shaped {
  readonly shape: string;
  readonly from: AddressRange | undefined; // undefined: a word, which is part of the shape
  readonly to: AddressRange;
}

/**
 * Most flows of a long file differ in their addresses only. What the first of a shape was found to mean is kept, and the next one means the
 * same with its own addresses (`addressKind` says why): reading it anew takes longer than answering it.
 */
export class QuestionShapes {
  readonly #passages = new Map<string, readonly Passage[]>();
  #asked: Shaped | undefined;

  /** What a text means, where one of its shape was remembered. */
  passages(text: string): readonly Passage[] | undefined {
    const shaped = shapeOf(text);
    this.#asked = shaped;
    const known = shaped === undefined ? undefined : this.#passages.get(shaped.shape);
    if (shaped === undefined || known === undefined) return undefined;
    const dst = [shaped.to];
    const src = shaped.from === undefined ? undefined : [shaped.from];
    return known.map((passage) => passage.map((pattern) => ({ ...pattern, src: src ?? pattern.src, dst })));
  }

  /** Remembers what the text means that was asked for last. */
  remember(passages: readonly Passage[]): void {
    if (this.#asked !== undefined && this.#passages.size < MOST_SHAPES) this.#passages.set(this.#asked.shape, passages);
  }
}

/** `undefined` for whatever is not of the plainest form: it is read as any other text. */
function shapeOf(text: string): Shaped | undefined {
  const protocolEnd = text.indexOf(' ');
  const arrow = text.indexOf(' -> ', protocolEnd + 1);
  if (protocolEnd < 1 || arrow < 0) return undefined;
  const source = text.slice(protocolEnd + 1, arrow);
  const toStart = arrow + 4;
  const space = text.indexOf(' ', toStart);
  const toEnd = space < 0 ? text.length : space;
  const colon = text.lastIndexOf(':', toEnd - 1);
  if (colon < toStart || source.includes(' ')) return undefined;
  const to = plainAddress(text, toStart, colon);
  if (to === undefined) return undefined;
  const from = parseAddress(source);
  const start = text.slice(0, from === undefined ? arrow : protocolEnd);
  return {
    shape: `${start}${from === undefined ? '' : kindText(from)} ->${kindText(to)}${text.slice(colon)}`,
    from: from === undefined ? undefined : addressRange(from),
    to: addressRange(to),
  };
}

/** `10.0.0.1` or `[2001:db8::1]`, where it stands before a port. */
function plainAddress(text: string, start: number, end: number): Address | undefined {
  if (text[start] !== '[') {
    const address = parseAddress(text.slice(start, end));
    return address?.family === 4 ? address : undefined;
  }
  const address = text[end - 1] === ']' ? parseAddress(text.slice(start + 1, end - 1)) : undefined;
  return address?.family === 6 ? address : undefined;
}

function kindText(address: Address): string {
  return ` ${address.family} ${addressKind(address)} `;
}

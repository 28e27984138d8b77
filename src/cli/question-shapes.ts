import { addressKind, type Passage } from '../analysis/index.ts';
import { type Address, type AddressRange, addressRange, parseAddress } from '../net/index.ts';
import { PatternView } from '../semantics/index.ts';

const MOST_SHAPES = 10_000; // a file of flows has few; beyond this each is read by itself
const MOST_VIEWS = 200; // of a ruleset; each may be as large as that
const WORTH_A_VIEW = 8; // questions of one shape

/**
 * A flow expression whose addresses are put aside: `tcp 10.0.0.1 -> [2001:db8::1]:443 iif eth0` has the shape
 * `tcp 4 ordinary -> 6 ordinary :443 iif eth0`.
 */
interface Shaped {
  readonly shape: string;
  readonly from: AddressRange | undefined; // undefined: a word, which is part of the shape
  readonly to: AddressRange;
}

/** What a question means. */
export interface Meant {
  readonly passages: readonly Passage[];
  readonly view?: PatternView; // where there is one passage through one hook, and such were asked before
}

interface Known {
  readonly passages: readonly Passage[];
  times: number; // asked
  view?: PatternView;
}

/**
 * Most flows of a long file differ in their addresses only. What the first of a shape was found to mean is kept, and the next one means the
 * same with its own addresses (`addressKind` says why): reading it anew takes longer than answering it.
 */
export class QuestionShapes {
  readonly #known = new Map<string, Known>();
  #asked: Shaped | undefined;
  #views = 0;

  /** What a text means, where one of its shape was remembered. */
  meaning(text: string): Meant | undefined {
    const shaped = shapeOf(text);
    this.#asked = shaped;
    const known = shaped === undefined ? undefined : this.#known.get(shaped.shape);
    if (shaped === undefined || known === undefined) return undefined;
    const dst = [shaped.to];
    const src = shaped.from === undefined ? undefined : [shaped.from];
    const passages = known.passages.map((passage) =>
      passage.map((pattern) => ({ ...pattern, src: src ?? pattern.src, dst })),
    );
    if (++known.times === WORTH_A_VIEW) this.#look(known, src !== undefined);
    return known.view === undefined ? { passages } : { passages, view: known.view };
  }

  /** Remembers what the text means that was asked for last. */
  remember(passages: readonly Passage[]): void {
    if (this.#asked !== undefined && this.#known.size < MOST_SHAPES)
      this.#known.set(this.#asked.shape, { passages, times: 1 });
  }

  #look(known: Known, isFromAnywhere: boolean): void {
    const [pattern, ...others] = known.passages.flat();
    if (pattern === undefined || others.length > 0 || this.#views === MOST_VIEWS) return;
    this.#views++;
    known.view = new PatternView(pattern, new Set(isFromAnywhere ? ['src', 'dst'] : ['dst']));
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

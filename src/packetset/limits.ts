const MEBIBYTE = 2 ** 20;

/** How large the packet sets of one question may become. */
export interface DiagramLimits {
  /** Of all arrays of the store together, those that are being replaced by larger ones included. */
  readonly maxBytes?: number;
  readonly maxNodes?: number; // for those who would rather give up early
}

/**
 * With Node itself and what was read, a process that comes to this bound stays under a gigabyte. Rulesets of ten thousand
 * rules that people wrote take a fifth of it (`npm run bench -- rulesets`).
 */
const DEFAULT_MAX_BYTES = 512 * MEBIBYTE;

/**
 * Dimensions on one way through a diagram. Whoever walks over one goes as deep, and beyond about twice as many there is no room on
 * the stack of Node's default size. The fixed dimensions are thirty; the others are marks, bit by bit, and conditions.
 */
export const MAX_DEPTH = 1_000;

/** Where numbers of nodes are packed with others; 512 MiB hold fewer. */
const MOST_NODES = 2 ** 24;

/** A question is larger than the memory that it may use. Its sets are lost; nothing else is harmed. */
export class DiagramTooLarge extends Error {
  readonly bound: string;

  /** @param bound in words, such as `512 MiB` */
  constructor(bound: string) {
    super(`the packet sets grew beyond ${bound}`);
    this.bound = bound;
    this.name = 'DiagramTooLarge';
  }
}

/** Not even what holds for one packet can be told: too much that nobody can know decides about it. */
export class TooManyConditions extends DiagramTooLarge {
  readonly most: number;

  constructor(most: number) {
    super(`${most} conditions on one packet`);
    this.most = most;
  }
}

/** Counts what is in use, and says when it is too much. */
export class Budget {
  readonly #maxBytes: number;
  readonly #maxNodes: number;
  #bytes = 0;

  constructor({ maxBytes = DEFAULT_MAX_BYTES, maxNodes = MOST_NODES }: DiagramLimits) {
    this.#maxBytes = maxBytes;
    this.#maxNodes = Math.min(maxNodes, MOST_NODES);
  }

  /** Bytes. */
  get left(): number {
    return this.#maxBytes - this.#bytes;
  }

  /** For an array that comes in place of another one: while its content is copied there are both. @throws DiagramTooLarge */
  replace(oldBytes: number, newBytes: number): void {
    if (this.#bytes + newBytes > this.#maxBytes) throw new DiagramTooLarge(sizeText(this.#maxBytes));
    this.#bytes += newBytes - oldBytes;
  }

  /** @throws DiagramTooLarge */
  countNode(nodes: number, depth: number): void {
    if (nodes >= this.#maxNodes) throw new DiagramTooLarge(`${this.#maxNodes} nodes`);
    if (depth > MAX_DEPTH) throw new TooManyConditions(MAX_DEPTH);
  }
}

function sizeText(bytes: number): string {
  return `${Math.round(bytes / MEBIBYTE)} MiB`;
}

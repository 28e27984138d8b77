/** Seeded choices and text mutations, the same for every seed on every machine. */
export class Mutator {
  readonly random: () => number; // 0 inclusive to 1 exclusive

  constructor(seed: number) {
    this.random = generator(seed);
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  /** One to three changes: cuts, insertions, repetitions, wrong characters, lines of itself, the ends of others. */
  mutate(original: string, corpus: readonly string[], tokens: readonly string[], longest: number): string {
    let text = original;
    for (let left = 1 + this.below(3); left > 0; left--) text = this.#once(text, corpus, tokens);
    return text.slice(0, longest);
  }

  #once(text: string, corpus: readonly string[], tokens: readonly string[]): string {
    const at = this.below(text.length + 1);
    const end = Math.min(text.length, at + this.below(40));
    switch (this.below(7)) {
      case 0:
        return text.slice(0, at) + text.slice(end);
      case 1:
        return text.slice(0, at) + this.pick(tokens) + text.slice(at);
      case 2:
        return text.slice(0, at) + this.pick(tokens) + text.slice(end);
      case 3:
        return text.slice(0, end) + text.slice(at, end).repeat(1 + this.below(20)) + text.slice(end);
      case 4:
        return text.slice(0, at) + String.fromCharCode(this.below(0x250)) + text.slice(at + 1);
      case 5: {
        const other = this.pick(corpus);
        return text.slice(0, at) + other.slice(this.below(other.length + 1));
      }
      default: {
        const lines = text.split('\n');
        lines.splice(this.below(lines.length), 1, this.pick(lines));
        return lines.join('\n');
      }
    }
  }
}

/** Mulberry32: small, seeded, good enough to choose mutations. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

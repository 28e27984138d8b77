import { globSync, readFileSync } from 'node:fs';
import type { Mutator } from '../mutation.ts';
import { HOSTILE, JSON_TOKENS, TOKENS } from './hostile.ts';
import { mutatedListing } from './mutated-json.ts';
import type { Load } from './protocol.ts';
import { Splicer } from './splice.ts';

const LONGEST = 60_000; // characters of a ruleset
const LISTINGS_KEPT = 50;

/** Rulesets to read: first those of the corpus and what breaks readers, then mutants of them, in text and JSON. */
export class Mutants {
  readonly #mutator: Mutator;
  readonly #splicer: Splicer;
  readonly #texts = [...corpus('test/corpus/nft/*.nft'), ...corpus('test/contract/golden/*.nft')];
  readonly #documents = [...corpus('test/corpus/nft/listed/*.json'), ...corpus('test/contract/golden/nftables-*.json')];
  readonly #whole = [...this.#texts, ...this.#documents, ...HOSTILE];
  readonly #listings: string[] = [];
  #count = 0;

  constructor(mutator: Mutator) {
    this.#mutator = mutator;
    this.#splicer = new Splicer(mutator);
  }

  next(): Load {
    const whole = this.#whole[this.#count++];
    if (whole !== undefined) return { text: whole, format: /^\s*[{[]/.test(whole) ? 'json' : 'text' };
    const dice = this.#mutator.random();
    if (dice < 0.4) return { text: this.#splicer.ruleset(), format: 'text' };
    if (dice < 0.55 && this.#listings.length > 0)
      return { text: mutatedListing(this.#mutator, this.#mutator.pick(this.#listings)), format: 'json' };
    if (dice < 0.7) {
      const small = documentPart(this.#mutator, this.#mutator.pick(this.#documents));
      return { text: this.#mutator.mutate(small, this.#documents, JSON_TOKENS, LONGEST), format: 'json' };
    }
    return { text: mutatedText(this.#mutator, this.#texts), format: 'text' };
  }

  /** A listing of something that nft took: mutants of it may be taken too. */
  learn(json: string): void {
    if (this.#listings.length < LISTINGS_KEPT) this.#listings.push(json);
    else this.#listings[this.#mutator.below(LISTINGS_KEPT)] = json;
  }
}

/** Mostly a part of a ruleset, so that what follows the mutation is read too. */
function mutatedText(mutator: Mutator, texts: readonly string[]): string {
  const text = mutator.pick(texts);
  const lines = text.split('\n');
  // A rule taken out or put elsewhere leaves text that can still be read.
  if (mutator.random() < 0.4) {
    for (let left = 1 + mutator.below(4); left > 0; left--) {
      lines.splice(mutator.below(lines.length), mutator.below(2), mutator.pick(lines));
    }
    return lines.join('\n');
  }
  if (mutator.random() < 0.5) {
    const at = mutator.below(lines.length);
    lines[at] = mutator.mutate(lines[at]!, texts, TOKENS, 400);
    return lines.join('\n');
  }
  return mutator.mutate(text, texts, TOKENS, LONGEST);
}

/** A listing's declarations with a few of its rules, as JSON. */
function documentPart(mutator: Mutator, document: string): string {
  const parsed: unknown = JSON.parse(document);
  if (typeof parsed !== 'object' || parsed === null || !('nftables' in parsed) || !Array.isArray(parsed.nftables))
    return document;
  const rules = parsed.nftables.filter((item: unknown) => isRule(item));
  const others = parsed.nftables.filter((item: unknown) => !isRule(item));
  const few = Array.from({ length: 6 }, () => mutator.pick(rules));
  return JSON.stringify({ nftables: [...others, ...few] });
}

function isRule(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'rule' in item;
}

function corpus(pattern: string): string[] {
  const root = new URL('../../../', import.meta.url);
  return globSync(pattern, { cwd: root })
    .sort()
    .map((file) => readFileSync(new URL(file, root), 'utf8'));
}

import type { Answer } from './answer.ts';

const RECORD_BYTES = 200; // what a record takes beside its data, roughly

/** Answers by their question, until they are no longer good; the one that was used longest ago makes room. */
export class AnswerCache {
  readonly #answers = new Map<string, Answer>();
  readonly #mostBytes: number;
  #bytes = 0;

  /** @param mostBytes that the answers may take, roughly. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get size(): number {
    return this.#answers.size;
  }

  get(key: string, now: number): Answer | undefined {
    const answer = this.#answers.get(key);
    if (answer === undefined) return undefined;
    this.#remove(key, answer);
    if (answer.until <= now) return undefined;
    this.#add(key, answer);
    return answer;
  }

  put(key: string, answer: Answer): void {
    const old = this.#answers.get(key);
    if (old !== undefined) this.#remove(key, old);
    this.#add(key, answer);
    for (const [oldest, its] of this.#answers) {
      if (this.#bytes <= this.#mostBytes) break;
      this.#remove(oldest, its);
    }
  }

  clear(): void {
    this.#answers.clear();
    this.#bytes = 0;
  }

  #add(key: string, answer: Answer): void {
    this.#answers.set(key, answer);
    this.#bytes += key.length + bytesOf(answer);
  }

  #remove(key: string, answer: Answer): void {
    this.#answers.delete(key);
    this.#bytes -= key.length + bytesOf(answer);
  }
}

function bytesOf(answer: Answer): number {
  if (answer.kind === 'failed') return RECORD_BYTES;
  return [...answer.records, ...answer.authority].reduce(
    (sum, { data }) => sum + data.length + RECORD_BYTES,
    RECORD_BYTES,
  );
}

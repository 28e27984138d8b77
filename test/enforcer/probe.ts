import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Place } from './place.ts';
import type { Seen } from './seen.ts';

/** What packets said of IPv4 and of IPv6, by a look that takes its time on a busy machine. Milliseconds, comparable with `now()`. */
export interface Sight {
  readonly began: number;
  readonly at: number; // when it was over
  readonly seen: readonly [Seen, Seen];
}

export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Packets are sent in a place without a break, as long as this lives (probe-main.ts). */
export class Probe {
  readonly sights: Sight[] = [];
  readonly #child: ChildProcess;

  constructor(place: Place) {
    const main = fileURLToPath(new URL('./probe-main.ts', import.meta.url));
    const [program, args] = place.commandLine(process.execPath, [main]);
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.sights.push(JSON.parse(line)));
  }

  get last(): Sight | undefined {
    return this.sights.at(-1);
  }

  /** Those that began after a time. */
  since(time: number): readonly Sight[] {
    return this.sights.slice(this.sights.findLastIndex(({ began }) => began < time) + 1);
  }

  /** Waits until both families are seen so, by a look that began after now. @throws Error when they are not within the time */
  async until(wanted: Seen | readonly Seen[], withinMs: number): Promise<Sight> {
    const from = now();
    const accepted: readonly Seen[] = typeof wanted === 'string' ? [wanted] : wanted;
    for (;;) {
      const found = this.since(from).find(({ seen: [v4, v6] }) => v4 === v6 && accepted.includes(v4));
      if (found !== undefined) return found;
      if (now() - from > withinMs)
        throw new Error(`wanted ${accepted.join(' or ')}, packets say ${this.last?.seen.join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/**
 * Sights that no moment between old and new explains: something else than the two, or the families apart in two sights that follow
 * each other (a single one is two instants).
 * @param partedMs how long they may be apart: nothing where the kernel switches both at once
 */
export function violations(sights: readonly Sight[], allowed: readonly Seen[], partedMs = 0): readonly string[] {
  return sights.flatMap(({ at, seen }, index) => {
    const wrong = seen.some((each) => !allowed.includes(each));
    const next = sights[index + 1];
    const apart = seen[0] !== seen[1] && next?.seen.join() === seen.join();
    const since = apart && partedMs > 0 ? partedSince(sights, index) : at;
    return wrong || (apart && next.at - since > partedMs) ? [`at ${at.toFixed(0)}: ${seen.join(', ')}`] : [];
  });
}

/** When a sight was first seen without a break. */
function partedSince(sights: readonly Sight[], index: number): number {
  const seen = sights[index]?.seen.join();
  const before = sights.slice(0, index).findLastIndex((each) => each.seen.join() !== seen);
  return sights[before + 1]?.at ?? 0;
}

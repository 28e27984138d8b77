import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DiagramStore } from './diagram.ts';
import { HeaderSpace } from './header-space.ts';
import { DiagramTooLarge, MAX_DEPTH } from './limits.ts';
import { abortable } from './watcher.ts';

const MEBIBYTE = 2 ** 20;

/** Rules by source and rules by destination, each with a port of its own: as many nodes as there are pairs of them. */
function crossing(space: HeaderSpace, rules: number): void {
  let all = space.nothing();
  for (let rule = 0; rule < rules; rule++) {
    const value = [{ first: rule * 10, last: rule * 10 }];
    const port = [{ first: rule, last: rule }];
    const from = space.numbers('src0', value).intersect(space.numbers('dport', port));
    const to = space.numbers('dst0', value).intersect(space.numbers('sport', port));
    all = all.union(from).union(to);
  }
}

describe('the bound of a diagram store', () => {
  it('is held in bytes, whatever is asked of it, and is told', () => {
    const before = process.memoryUsage().arrayBuffers;
    const space = new HeaderSpace(new DiagramStore({ maxBytes: 8 * MEBIBYTE }));
    assert.throws(() => crossing(space, 5_000), {
      name: 'DiagramTooLarge',
      message: 'the packet sets grew beyond 8 MiB',
    });
    // Arrays that were replaced by larger ones are not always collected yet.
    assert.ok(process.memoryUsage().arrayBuffers - before <= 16 * MEBIBYTE);
  });

  it('leaves room for a question that fits', () => {
    crossing(new HeaderSpace(new DiagramStore({ maxBytes: 8 * MEBIBYTE })), 50);
  });

  it('is one of depth, too, before the stack is at its end', () => {
    const space = new HeaderSpace();
    const deep = (symbols: number): void => {
      const sets = Array.from({ length: symbols }, (_, each) => space.symbol(`condition ${each}`));
      sets.reduceRight((set, symbol) => symbol.intersect(set), space.everything());
    };
    deep(MAX_DEPTH);
    assert.throws(() => deep(MAX_DEPTH + 1), /1000 conditions on one packet/);
  });

  it('is one of dimensions', () => {
    const space = new HeaderSpace();
    assert.throws(() => {
      for (let each = 0; each < 70_000; each++) space.symbol(`condition ${each}`);
    }, DiagramTooLarge);
  });
});

describe('work that is watched', () => {
  it('is ended by an aborted signal, with its reason, from within', () => {
    const controller = new AbortController();
    let pulses = 0;
    const watcher = abortable(controller.signal, () => {
      if (++pulses === 3) controller.abort(new Error('nobody waits for it any more'));
    });
    assert.throws(() => crossing(HeaderSpace.watched(watcher), 5_000), { message: 'nobody waits for it any more' });
    assert.equal(pulses, 3);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  baselineCounter,
  cgroupSet,
  decodeName,
  encodeName,
  flowCounter,
  flowOfRateSet,
  groupOfNameSet,
  nameSet,
  originOfCounter,
  rateSet,
} from './names.ts';

describe('names of what the table holds', () => {
  it('hold only what nft takes, and lead back to what they are named after', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const name = encodeName(text);
        assert.match(name, /^[A-Za-z0-9_./-]*$/);
        assert.equal(decodeName(name), new TextDecoder().decode(new TextEncoder().encode(text)));
      }),
    );
  });

  const cases: readonly (readonly [string, string])[] = [
    [flowCounter.of('ssh-from.x_1'), 'flow-ssh-from.x_1'],
    [baselineCounter.of('dhcp'), 'baseline-dhcp'],
    [nameSet('catalog:discord', 4), 'names4-catalog/3adiscord'],
    [nameSet('backend', 6), 'names6-backend'],
    [rateSet('ssh-6-hour', { count: 6, per: 'minute' }, 4), 'rate4-6-minute-ssh-6-hour'],
    [cgroupSet.of('system.slice/agent@1.service'), 'cgroup-system.slice/2fagent/401.service'],
  ];
  for (const [name, expected] of cases) it(expected, () => assert.equal(name, expected));

  it('are told apart', () => {
    assert.equal(originOfCounter('flow-a'), 'a');
    assert.equal(originOfCounter('baseline-a'), 'baseline:a');
    assert.equal(originOfCounter('denied_input'), undefined);
    assert.equal(groupOfNameSet('names4-a', 6), undefined);
    assert.equal(groupOfNameSet('names6-a', 6), 'a');
    assert.equal(flowOfRateSet('rate4-6-minute-ssh-6-hour', 4), 'ssh-6-hour');
    assert.equal(flowOfRateSet('rate4-6-minute-ssh', 6), undefined);
    assert.equal(flowOfRateSet('rate4-ssh', 4), undefined);
  });

  for (const wrong of ['a/', 'a/3', 'a/zz', 'a/41', 'a/3A']) {
    it(`nobody of ours writes \`${wrong}\``, () => assert.equal(decodeName(wrong), undefined));
  }
});

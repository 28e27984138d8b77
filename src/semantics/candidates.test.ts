import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { address, all, any, everything, type Flow, field, type Match } from '../ir/index.ts';
import { parseAddress, range } from '../net/index.ts';
import { candidates, type Extent, extentsOfFlow } from './candidates.ts';

function flowTo(destination: string, dport: number): Flow {
  const dst = parseAddress(destination);
  const src = parseAddress('192.0.2.1');
  assert.ok(dst !== undefined && src !== undefined);
  return {
    hook: 'output',
    family: dst.family,
    src,
    dst,
    protocol: 6,
    sport: 40000,
    dport,
    state: 'new',
    srcType: 'unicast',
    dstType: 'unicast',
    symbols: new Set(),
  };
}

const byAddress: Match[] = Array.from({ length: 1000 }, (_, at) =>
  all(field('protocol', 6), address('dst', range(`10.0.${at >> 8}.${at & 255}`)), field('dport', 443)),
);

describe('candidates', () => {
  it('asks one of a thousand exact destinations', () => {
    assert.deepEqual([...candidates(byAddress, (match) => match, extentsOfFlow(flowTo('10.0.1.5', 443)))], [261]);
    assert.deepEqual([...candidates(byAddress, (match) => match, extentsOfFlow(flowTo('192.0.2.77', 443)))], []);
    assert.deepEqual([...candidates(byAddress, (match) => match, extentsOfFlow(flowTo('2001:db8::1', 443)))], []);
  });

  it('keeps the order of overlapping prefixes and of what says nothing of the destination', () => {
    const matches = [
      ...byAddress,
      address('dst', range('10.0.0.0/8')),
      everything,
      any(address('dst', range('10.0.1.0/24')), address('dst', range('fd00::/8'))),
    ];
    assert.deepEqual(
      [...candidates(matches, (match) => match, extentsOfFlow(flowTo('10.0.1.5', 443)))],
      [261, 1000, 1001, 1002],
    );
    assert.deepEqual(
      [...candidates(matches, (match) => match, extentsOfFlow(flowTo('fd00::1', 443)))],
      [1000, 1001, 1002], // the first is too broad to be kept to its addresses
    );
  });

  it('asks everything where no dimension tells the matches apart', () => {
    const matches = Array.from({ length: 30 }, () => field('protocol', 6));
    assert.equal([...candidates(matches, (match) => match, extentsOfFlow(flowTo('10.0.0.1', 443)))].length, 30);
  });

  it('takes the dimension that leaves the fewest, also where another one is silent less often', () => {
    const matches = [
      ...Array.from({ length: 1000 }, (_, at) =>
        all(address('dst', range(`10.0.${at >> 8}.${at & 255}`)), field('dport', [22, 443][at % 2]!)),
      ),
      field('dport', 53),
      field('dport', 443),
    ];
    assert.deepEqual(
      [...candidates(matches, (match) => match, extentsOfFlow(flowTo('10.0.1.5', 443)))],
      [261, 1000, 1001],
    );
  });

  it('asks the next dimension where one leaves many, and keeps a broad match out of what it is too broad for', () => {
    const matches = [
      ...Array.from({ length: 1000 }, (_, at) =>
        all(address('src', range(`10.1.0.${at % 10}`)), address('dst', range(`10.0.0.${Math.floor(at / 10)}`))),
      ),
      address('dst', range('10.0.0.0/8')),
      ...Array.from({ length: 40 }, (_, at) =>
        all(address('dst', range('10.0.0.7')), address('src', range(`192.0.2.${at}`))),
      ),
    ];
    const asked = (destination: string) => [
      ...candidates(matches, (match) => match, extentsOfFlow(flowTo(destination, 443))),
    ]; // from 192.0.2.1
    assert.deepEqual(asked('10.0.0.8'), [...Array.from({ length: 10 }, (_, at) => 80 + at), 1000]);
    assert.deepEqual(asked('10.0.0.7'), [1000, 1002]);
    assert.deepEqual(asked('10.9.0.7'), [1000]);
  });

  it('keeps a long set of single addresses to them', () => {
    const addresses = (net: number) => Array.from({ length: 200 }, (_, at) => range(`10.${net}.0.${at}`));
    const matches = Array.from({ length: 50 }, (_, at) => address('dst', ...addresses(at)));
    assert.deepEqual([...candidates(matches, (match) => match, extentsOfFlow(flowTo('10.33.0.5', 443)))], [33]);
  });

  it('asks another dimension where nothing is known of the best one, or several of its pieces may be meant', () => {
    const matches = Array.from({ length: 1000 }, (_, at) =>
      all(address('dst', range(`10.0.${at >> 8}.${at & 255}`)), field('dport', [22, 443, 53, 80][at % 4]!)),
    );
    const asked = (dst: Extent | 'any') => [
      ...candidates(
        matches,
        (match) => match,
        (dimension) => (dimension === 'dst' ? dst : dimension === 'dport' ? { first: 53n, last: 53n } : 'any'),
      ),
    ];
    const onPort53 = Array.from({ length: 250 }, (_, at) => 4 * at + 2);
    assert.deepEqual(asked('any'), onPort53);
    assert.deepEqual(asked({ first: 0n, last: 0xffff_ffffn }), onPort53);
    assert.deepEqual(asked({ first: 0x0a00_0002n, last: 0x0a00_0002n }), [2]);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAddress } from '../../net/index.ts';
import { SetFiller } from './fill.ts';
import { type Elements, MOST_SECONDS, parseRequest, requestLine } from './protocol.ts';

const FAMILIES = [4, 6, 4] as const;
const SETS = [
  { name: 'names4-a', family: 4 },
  { name: 'names6-a', family: 6 },
  { name: 'names4-b', family: 4 },
] as const;

function request(
  id: number,
  ...entries: readonly (readonly [set: number, address: string, seconds: number])[]
): Elements {
  return { id, entries: entries.map(([set, address, seconds]) => ({ set, address: parseAddress(address)!, seconds })) };
}

describe('a request to the writer of sets', () => {
  test('is read as it was written', () => {
    const asked = request(7, [0, '203.0.113.7', 60], [1, '2001:db8::7', 1], [2, '203.0.113.8', MOST_SECONDS]);
    assert.deepEqual(parseRequest(requestLine(asked).trimEnd(), FAMILIES), asked);
  });

  const wrong: Readonly<Record<string, string>> = {
    'without anything': '1',
    'of half an entry': '1 0 203.0.113.7',
    'to a set that there is not': '1 3 203.0.113.7 60',
    'to a set of the other family': '1 0 2001:db8::7 60',
    'with another form of an address': '1 0 0xcb.0.113.7 60',
    'with a command behind the address': '1 0 203.0.113.7;flush 60',
    'with a name for an address': '1 0 example.com 60',
    'for no time': '1 0 203.0.113.7 0',
    'for ever': `1 0 203.0.113.7 ${MOST_SECONDS + 1}`,
    'with a number that is none': '1 0 203.0.113.7 6e1',
    'with a sign': '1 -0 203.0.113.7 60',
    'with two spaces': '1  0 203.0.113.7 60',
    'with too many addresses': `1${' 0 203.0.113.7 60'.repeat(1_001)}`,
  };
  for (const [name, line] of Object.entries(wrong)) {
    test(`${name} is none`, () => assert.equal(parseRequest(line, FAMILIES), undefined));
  }
});

/** Transactions that are held until a test lets them go; what `refuses` matches fails. */
function held(refuses?: RegExp): { readonly lines: string[]; readonly transact: (line: string) => Promise<void> } {
  const lines: string[] = [];
  const transact = async (line: string): Promise<void> => {
    lines.push(line);
    await new Promise((resolve) => setImmediate(resolve));
    if (refuses?.test(line)) throw new Error('Error: Could not process rule: Too many open files in system');
  };
  return { lines, transact };
}

describe('filling sets', () => {
  test('takes each element out and puts it in again, so that its time begins anew, in one transaction', async () => {
    const nft = held();
    const filler = new SetFiller('inet portcullis', SETS, nft);
    const asked = request(
      1,
      [0, '203.0.113.7', 60],
      [0, '203.0.113.8', 90],
      [1, '2001:db8::7', 30],
      [0, '203.0.113.7', 20],
    );
    assert.equal(await filler.put(asked), undefined);
    assert.deepEqual(nft.lines, [
      [
        'add element inet portcullis names4-a { 203.0.113.7 timeout 60s, 203.0.113.8 timeout 90s }',
        'delete element inet portcullis names4-a { 203.0.113.7, 203.0.113.8 }',
        'add element inet portcullis names4-a { 203.0.113.7 timeout 60s, 203.0.113.8 timeout 90s }',
        'add element inet portcullis names6-a { 2001:db8::7 timeout 30s }',
        'delete element inet portcullis names6-a { 2001:db8::7 }',
        'add element inet portcullis names6-a { 2001:db8::7 timeout 30s }',
      ].join('; '),
    ]);
  });

  test('does together what comes while it is busy, and what fails together by itself', async () => {
    const nft = held(/names4-b/);
    const filler = new SetFiller('inet portcullis', SETS, nft);
    const asked = [0, 1, 2, 0].map((set, at) =>
      request(at, [set, set === 1 ? `2001:db8::${at}` : `203.0.113.${at}`, 60]),
    );
    const outcomes = await Promise.all(asked.map((each) => filler.put(each)));
    assert.deepEqual(outcomes, [undefined, undefined, 'the set is full', undefined]);
    assert.equal(nft.lines.length, 5, 'the first, the other three, and each of these');
  });

  test('never does too much at once', async () => {
    const nft = held();
    const filler = new SetFiller('inet portcullis', SETS, nft);
    const many = Array.from({ length: 900 }, (_, at): [number, string, number] => [
      0,
      `203.0.${at >> 8}.${at & 255}`,
      60,
    ]);
    await Promise.all([1, 2, 3].map((id) => filler.put(request(id, ...many))));
    assert.equal(nft.lines.length, 3);
  });
});

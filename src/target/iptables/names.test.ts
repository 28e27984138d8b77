import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EVERYTHING, everyProcess, flow, intent, machines, tcp, udp } from '../../../test/contract/intents.ts';
import type { Intent } from '../../ir/index.ts';
import { inSlot } from './in-slot.ts';
import { iptablesTarget } from './index.ts';
import {
  chainInSlot,
  flowOfComments,
  groupComment,
  groupOfNameSet,
  isOwnChain,
  MAX_CHAIN_NAME,
  nameSet,
  rateOfTable,
  rateTable,
  SLOTS,
  slotOfChain,
} from './names.ts';

/** Many flows to long numbers of ports, so that chains lead on to chains. */
const DEEP: Intent = intent(
  Array.from({ length: 2_000 }, (_, at) =>
    flow(
      `flow-${at}`,
      at % 2 === 0 ? everyProcess : machines('10.0.0.0/8'),
      machines(`192.0.${at >> 8}.${at & 255}`),
      at % 3 === 0 ? udp(40_000 + at * 3, 40_001 + at * 3) : tcp(50_000 + at * 3),
    ),
  ),
);

describe('names of chains', () => {
  for (const [title, policy] of [
    ['everything that a policy can say', EVERYTHING],
    ['chains that lead on to chains', DEEP],
  ] as const) {
    test(`${title}: in a slot every name is ours, is the slot's, is short enough and stands once`, () => {
      const { ast } = iptablesTarget.lower(policy);
      for (const slot of SLOTS) {
        for (const { chains } of inSlot(ast, slot).tables) {
          const names = chains.map(({ name }) => name);
          const own = names.filter((name) => name.startsWith('PC-'));
          assert.ok(own.length >= 6);
          assert.deepEqual(
            own.filter((name) => slotOfChain(name) !== slot || !isOwnChain(name)),
            [],
          );
          assert.deepEqual(
            names.filter((name) => name.length > MAX_CHAIN_NAME),
            [],
          );
          assert.equal(new Set(names).size, names.length);
          const targets = chains.flatMap(({ rules }) => rules.flatMap(({ target }) => target ?? []));
          const leading = targets.filter(({ name }) => isOwnChain(name)).map(({ name }) => name);
          assert.deepEqual(
            leading.filter((name) => !names.includes(name)),
            [],
          );
        }
      }
    });
  }

  test('those of others stay as they are', () => {
    for (const name of ['INPUT', 'DOCKER-USER', 'PORTCULLIS-INPUT', 'ufw-user-input']) {
      assert.equal(chainInSlot(name, 'a'), name);
      assert.equal(slotOfChain(name), undefined);
    }
    assert.ok(!isOwnChain('DOCKER-USER') && !isOwnChain('PORTCULLIS-OTHER'));
  });
});

describe('names of sets and rates', () => {
  test('a group that can be a set’s name is one, and others are told by a comment', () => {
    for (const group of ['catalog:discord', '*.example.com', 'a'.repeat(27), 'à', '%0123456789abcdef']) {
      const name = nameSet(group, 4);
      assert.ok(Buffer.byteLength(name) <= 31, name);
      const comment = groupComment(group, 4);
      assert.equal(groupOfNameSet(name, 4, comment === undefined ? [] : ['a-flow', comment]), group);
      assert.equal(groupOfNameSet(name, 6, [comment ?? '']), undefined);
      if (comment !== undefined) assert.equal(groupOfNameSet(name, 4, ['names:another']), undefined);
      assert.equal(flowOfComments([comment ?? 'names:x', 'a-flow']), 'a-flow');
    }
    assert.equal(groupOfNameSet('somebody-elses', 4, []), undefined);
  });

  test('a rate is told by the name of its table', () => {
    const rate = { count: 6, per: 'minute', perSource: true } as const;
    assert.deepEqual(rateOfTable(rateTable('ssh', rate)), { flow: 'ssh', rate });
    for (const name of ['pc-0-minute-all-x', 'pc-6-week-all-x', 'pc-6-minute-some-x', 'pc-6-minute-all-', 'ssh'])
      assert.equal(rateOfTable(name), undefined, name);
  });
});

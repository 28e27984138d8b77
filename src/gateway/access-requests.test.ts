import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Intent } from '../ir/index.ts';
import { type Host, parseAddress, parseHost } from '../net/index.ts';
import { EgressPolicy } from '../semantics/index.ts';
import { AccessRequests, type Refused, withApproved } from './access-requests.ts';

const host = (text: string): Host => {
  const parsed = parseHost(text, { bracketed: true });
  return parsed.kind === 'none' ? assert.fail(parsed.sentence) : parsed;
};
const client = { address: parseAddress('127.0.0.1')!, account: 1000 };
const refused = (id: string, text: string, agent = 'openclaw'): Refused => ({
  id,
  agent,
  client,
  host: host(text),
  protocol: 6,
  port: 443,
});
const EMPTY: Intent = {
  name: 'empty',
  baseline: [],
  grants: [],
  groups: [],
  tests: [],
  zones: new Map(),
  unknownAccounts: new Map(),
};

describe('requests for access', () => {
  test('the same refusal again is the same request', () => {
    let now = 1_000;
    const requests = new AccessRequests(() => now);
    requests.note(refused('a', 'example.com'));
    now = 2_000;
    assert.deepEqual(requests.note(refused('b', 'EXAMPLE.com.')), {
      ...refused('a', 'example.com'),
      askedAt: 2_000,
      times: 2,
      state: { kind: 'pending' },
    });
    assert.equal(requests.all().length, 1);
  });

  test('an approval opens this host and service for this agent, and ends by itself', () => {
    let now = 0;
    const requests = new AccessRequests(() => now);
    requests.note(refused('a', 'example.com'));
    const asked = (name: string, port: number, account = 1000): string =>
      new EgressPolicy(withApproved(EMPTY, requests.active().requests)).ask({
        client: { ...client, account },
        host: host(name),
        protocol: 6,
        port,
      }).verdict;
    assert.equal(asked('example.com', 443), 'deny');
    requests.approve('a', 'ops', 60);
    assert.equal(asked('example.com', 443), 'allow');
    assert.equal(asked('example.com', 80), 'deny');
    assert.equal(asked('www.example.com', 443), 'deny');
    assert.equal(asked('example.com', 443, 1001), 'deny');
    assert.equal(requests.active().nextEnd, 60_000);
    now = 60_000;
    assert.equal(asked('example.com', 443), 'deny');
    assert.equal(requests.active().nextEnd, undefined);
    assert.equal(requests.note(refused('z', 'example.com'))?.state.kind, 'pending'); // may be asked for anew
  });

  test('whatever is allowed has an end that can be waited for, also where the clock goes on meanwhile', () => {
    let now = 0;
    const requests = new AccessRequests(() => now++);
    requests.note(refused('a', 'example.com'));
    requests.approve('a', 'ops', 0.02);
    for (let looks = 0; looks < 50; looks++) {
      const { requests: allowed, nextEnd } = requests.active();
      assert.equal(nextEnd === undefined, allowed.length === 0);
    }
  });

  test('what was refused stays refused', () => {
    const requests = new AccessRequests(() => 0);
    requests.note(refused('a', 'example.com'));
    requests.refuse('a', 'ops');
    assert.equal(requests.note(refused('b', 'example.com'))?.state.kind, 'refused');
    assert.deepEqual(requests.active(), { requests: [], nextEnd: undefined });
    assert.equal(requests.approve('no-such', 'ops', 60), undefined);
  });

  test('an agent that asks for everything fills its own list only', () => {
    const requests = new AccessRequests(() => 0);
    for (let at = 0; at < 1_000; at++) requests.note(refused(`r${at}`, `n${at}.example`));
    assert.equal(requests.all().length, 64);
    assert.ok(requests.note(refused('other', 'example.com', 'another')));
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAddress } from '../net/index.ts';
import { ownAddresses } from './own-addresses.ts';

const address = (text: string) => parseAddress(text)!;

describe('an address of this machine', () => {
  test('is loopback or an interface’s, both families, as they are now', () => {
    const clock = { now: 0 };
    const eth0 = [{ address: '198.18.0.1' }, { address: 'fe80::1%eth0' }];
    const isOwn = ownAddresses(
      () => clock.now,
      () => ({ eth0 }),
    );
    for (const own of ['127.0.0.9', '::1', '198.18.0.1', 'fe80::1']) assert.equal(isOwn(address(own)), true, own);
    for (const other of ['198.18.0.2', 'fe80::2', '8.8.8.8']) assert.equal(isOwn(address(other)), false, other);
    eth0.push({ address: '198.18.0.2' });
    clock.now = 5_000;
    assert.equal(isOwn(address('198.18.0.2')), true);
  });

  test('stays one while the kernel cannot be asked', () => {
    const clock = { now: 0 };
    let isOut = false;
    const isOwn = ownAddresses(
      () => clock.now,
      () => {
        if (isOut) throw new Error('uv_interface_addresses returned EMFILE');
        return { eth0: [{ address: '198.18.0.1' }] };
      },
    );
    isOut = true;
    clock.now = 60_000;
    assert.equal(isOwn(address('198.18.0.1')), true);
    assert.equal(isOwn(address('198.18.0.2')), false);
  });
});

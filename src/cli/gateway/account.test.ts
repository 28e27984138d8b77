import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { accountFolder, asAccount, isRoot } from './account.ts';

const ACCOUNT = 61_001;
const skip = isRoot() ? false : 'SKIPPED: only root can give a folder to somebody else';

describe('a folder for the gateway’s account', { skip }, () => {
  function ownerOf(prepare: (folder: string) => string, isOurs: boolean): number {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-account-'));
    try {
      const path = prepare(folder);
      accountFolder(path, ACCOUNT, isOurs);
      return statSync(path).uid;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const there = (folder: string): string => {
    mkdirSync(join(folder, 'log'));
    return join(folder, 'log');
  };

  test('that is new is the account’s, however deep', () => {
    assert.equal(
      ownerOf((folder) => join(folder, 'a', 'b'), false),
      ACCOUNT,
    );
  });
  test('that was there stays whose it is: it may be /var/log', () => assert.equal(ownerOf(there, false), 0));
  test('that is for the gateway alone becomes the account’s', () => assert.equal(ownerOf(there, true), ACCOUNT));
});

test('a link that the account has put there does not make root write elsewhere', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-account-'));
  try {
    chmodSync(folder, 0o755);
    const [target, link] = [join(folder, 'of-root'), join(folder, 'log')];
    writeFileSync(target, 'before', { mode: 0o644 });
    symlinkSync(target, link);
    assert.throws(() => asAccount(ACCOUNT, () => writeFileSync(link, 'after')), /EACCES/);
    assert.equal(readFileSync(target, 'utf8'), 'before');
    writeFileSync(target, 'root again');
    assert.equal(process.geteuid?.(), 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

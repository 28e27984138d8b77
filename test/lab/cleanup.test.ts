import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Lab, MachineError, run } from '../../src/host/index.ts';
import { LINKS } from './links.ts';
import { descendants, eventually, isAlive, isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;

describe('the lab leaves nothing behind', { skip }, () => {
  for (const signal of ['SIGKILL', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`when its program ends by ${signal}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'portcullis-cleanup-'));
      const holder = spawn(process.execPath, [`${import.meta.dirname}/hold-open.ts`], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, TMPDIR: folder },
      });
      await once(holder.stdout, 'data');
      const own = descendants(holder.pid!);
      assert.ok(own.length >= 5, `a lab has processes, found ${own.length}`);
      holder.kill(signal);
      assert.ok(await eventually(() => !own.some(isAlive), 5_000), 'processes of the lab outlived it');
      rmdirSync(folder); // fails where it left files
    });
  }

  test('when it is closed', async () => {
    const lab = await Lab.open({ links: LINKS, accounts: [0] });
    const own = descendants(process.pid);
    assert.ok(own.length >= 5);
    await lab.close();
    assert.deepEqual(own.filter(isAlive), []);
  });

  test('and what happens in it is not seen outside', async () => {
    const listing = async (): Promise<string> => (await run('ip', ['-br', 'link'])).stdout;
    const before = await listing();
    await using lab = await Lab.open({ links: LINKS, accounts: [0] });
    await lab.load('table inet portcullis_only_inside { }\n');
    const inside = await lab.onHost('ip', ['-br', 'link']);
    for (const { name } of LINKS) assert.ok(inside.includes(`${name}@`), inside);
    assert.match(await lab.listing(), /portcullis_only_inside/);
    assert.equal(await listing(), before);
    const outside = await run('nft', ['list', 'tables']);
    assert.doesNotMatch(outside.stdout, /portcullis_only_inside/);
  });
});

describe('the lab says what went wrong', { skip }, () => {
  test('when its processes are killed, at once and ever after', async () => {
    await using lab = await Lab.open({ links: LINKS, accounts: [0] });
    const waiting = lab.onHost('sleep', ['30']);
    for (const pid of descendants(process.pid)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it went with another one
      }
    }
    const isLabEnded = (error: unknown): boolean => error instanceof MachineError && error.diagnostic.code === 'M0007';
    await assert.rejects(waiting, isLabEnded);
    await assert.rejects(lab.listing(), isLabEnded);
  });

  test('with a ruleset that the kernel does not take', async () => {
    await using lab = await Lab.open({ links: LINKS, accounts: [0] });
    await lab.load('table inet before { }\n');
    await assert.rejects(
      lab.load('table inet after { }\ntable inet bad { chain x { iif "no-such-interface" accept\n }\n}\n'),
      (error) => {
        assert.ok(error instanceof MachineError);
        assert.equal(error.diagnostic.code, 'M0008');
        assert.match(error.message, /Interface does not exist/);
        return true;
      },
    );
    assert.match(await lab.listing(), /^table inet before \{\n\}\n$/, 'a refused ruleset must change nothing');
  });
});

import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { BACKENDS, iptablesMissing } from './iptables.ts';
import { LABS, rendered, sendAt, wrong } from './iptables-lab.ts';
import { intentOf, labPolicies } from './policies.ts';
import { isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : (iptablesMissing() ?? false);
const isolation = 'skip' in found ? 'root' : found.isolation;

describe('every packet does what the policy says, by iptables', { skip, concurrency: LABS }, () => {
  for (const [index, { name, text, read }] of labPolicies().entries()) {
    // Packets at every second policy: test/lab/policy.test.ts sends them at all, by nftables. `PORTCULLIS_LAB=all` sends them here, too.
    if (name !== 'every shape' && index % 4 > 1 && process.env.PORTCULLIS_LAB !== 'all') continue;
    // Both halves of the kernel have the shapes; the other policies, which repeat them, have them by turns.
    const backends = name === 'every shape' ? BACKENDS : BACKENDS.filter((_, at) => at === index % BACKENDS.length);
    for (const backend of backends) {
      test(`of ${basename(name)}, iptables-${backend}`, async (t) => {
        const intent = intentOf(text, name, read);
        const run = await sendAt(isolation, backend, rendered(intent), intent);
        t.diagnostic(`${run.results.length} packets, ${run.tookMs} ms`);
        assert.deepEqual(wrong(run), []);
        assert.ok(run.results.length > (intent.grants.length > 1 ? 50 : 30));
      });
    }
  }
});

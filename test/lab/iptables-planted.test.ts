import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BACKENDS, iptablesMissing } from './iptables.ts';
import { LABS, rendered, sendAt, wrong } from './iptables-lab.ts';
import { FEW_FLOWS, intentOf } from './policies.ts';
import { isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : (iptablesMissing() ?? false);
const isolation = 'skip' in found ? 'root' : found.isolation;

describe('a wrong rule of iptables is caught by packets', { skip, concurrency: LABS }, () => {
  const faults: readonly { name: string; from: string | RegExp; to: string }[] = [
    { name: 'one port more', from: /9090:9095/g, to: '9090:9096' },
    { name: 'one port less', from: /9090:9095/g, to: '9090:9094' },
    { name: 'an address denied that is allowed', from: /10\.0\.5\.10/g, to: '10.0.5.11' },
    { name: 'another interface', from: /tailscale0/g, to: 'eth0' },
    { name: 'an open input', from: /(?=-A PC-input -g)/, to: '-A PC-input -p tcp -j RETURN\n' },
    { name: 'an open output', from: /(?=-A PC-output -g)/, to: '-A PC-output -p tcp -j RETURN\n' },
    { name: 'a denial that tells nobody', from: /-p tcp -j REJECT .*/g, to: '-p tcp -j DROP' },
    { name: 'no hook', from: /-I OUTPUT.*\n/, to: '' },
    { name: 'a chain that ends', from: /-A PC-forward-deny -j DROP\n/, to: '' },
  ];
  const intent = skip === false ? intentOf(FEW_FLOWS) : undefined;
  for (const [index, { name, from, to }] of faults.entries()) {
    test(name, async () => {
      assert.ok(intent);
      const files = rendered(intent);
      const planted = files.map((file) => ({ ...file, text: file.text.replace(from, to) }));
      assert.notDeepEqual(planted, files, 'the fault was not planted: the rules are written in another way now');
      const backend = BACKENDS[index % BACKENDS.length];
      assert.ok(backend);
      const run = await sendAt(isolation, backend, planted, intent);
      assert.ok(wrong(run).length > 0, 'no packet found it');
    });
  }
});

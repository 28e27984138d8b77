/**
 * Keeps the gateway under load for long, and looks whether it holds more and more memory or descriptors:
 *
 *     node scripts/soak-gateway.ts [--minutes N] [--write]
 *
 * As root, by default for an hour. `--write` keeps the result in test/gateway/results. Exits with 1 where it grows, where something
 * allowed was denied, or where something denied was let through.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Look, SoakDone } from '../test/gateway/soak-look.ts';
import { wholeNumber } from './soak/options.ts';
import { circumstances } from './soak/result.ts';

const ROOT = resolve(import.meta.dirname, '..');
const ISOLATED = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
const MEMORY_MAY_GROW = 1.1; // times, from the second sixth of the time to the last: the heap is full by then
const DESCRIPTORS_MAY_STAY = 2; // at rest afterwards, beside those at rest before: the upstream's sockets

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, write: { type: 'boolean', default: false } },
});
const minutes = wholeNumber('minutes', values.minutes);
const { looks, done } = await soaked();
const loaded = looks.filter(({ when }) => when === 'load');
const sixth = Math.floor(loaded.length / 6);
const early = median(loaded.slice(sixth, 2 * sixth));
const late = median(loaded.slice(-sixth));
const [before, after] = [looks[0]?.descriptors ?? 0, looks.at(-1)?.descriptors ?? 0];
const wrong = [
  ...done.wrong,
  ...(late > early * MEMORY_MAY_GROW ? [`memory grew from ${early} to ${late} KiB`] : []),
  ...(after > before + DESCRIPTORS_MAY_STAY ? [`${before} descriptors before, ${after} after`] : []),
];
const result = {
  ...circumstances(),
  minutes,
  did: done.did,
  memoryKiB: { early, late, most: Math.max(...loaded.map(({ memoryKiB }) => memoryKiB)) },
  descriptors: { before, most: Math.max(...loaded.map(({ descriptors }) => descriptors)), after },
  wrong,
};
const text = `${JSON.stringify(result, undefined, 2)}\n`;
process.stdout.write(text);
if (values.write) {
  const results = join(ROOT, 'test/gateway/results');
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'soak.json'), text);
}
process.exitCode = wrong.length === 0 ? 0 : 1;

/** @throws Error where it ends without having said what it did */
async function soaked(): Promise<{ readonly looks: readonly Look[]; readonly done: SoakDone }> {
  const folder = mkdtempSync(join(tmpdir(), 'soak-gateway-'));
  chmodSync(folder, 0o755); // the agent reads the certificate, the gateway the policy
  try {
    const main = join(ROOT, 'test/gateway/soak-main.ts');
    const child = spawn('unshare', [...ISOLATED, process.execPath, main, folder, String(minutes)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
    const looks: Look[] = [];
    let done: SoakDone | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      const told: Look | SoakDone = JSON.parse(line);
      if (told.kind === 'done') done = told;
      else looks.push(told);
      process.stderr.write(`${line}\n`);
    }
    const code = await ended;
    if (code !== 0 || done === undefined) throw new Error(`it ended with ${code}`);
    return { looks, done };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function median(of: readonly Look[]): number {
  return of.map(({ memoryKiB }) => memoryKiB).toSorted((a, b) => a - b)[of.length >> 1] ?? 0;
}

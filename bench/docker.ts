import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DockerWatch } from '../src/cli/docker/watch.ts';
import { ZoneSets } from '../src/cli/docker/zone-sets.ts';
import { DockerEngine, hostCapabilities, isolationArguments, run, runChecked } from '../src/host/index.ts';
import { loadPolicyText } from '../src/policy/index.ts';
import { SourceFile } from '../src/source/index.ts';
import { DockerStandIn } from './lib/docker-stand-in.ts';
import { median } from './lib/measure.ts';
import { type BenchOptions, type Finding, runBench } from './lib/report.ts';

const QUESTION =
  'how long does it take until a container that starts or stops is in or out of its zone, and does it grow with their number?';
const INSIDE = 'PORTCULLIS_BENCH_INSIDE'; // set once this file runs in namespaces of its own
const WINDOW = 50; // containers that a figure is the median of

/** As `render nftables` writes them. */
const TABLE = `table inet portcullis {
  set containers4-agents { type ifname . ipv4_addr; }
  set containers6-agents { type ifname . ipv6_addr; }
}
`;
const POLICY = `portcullis: 1
zones:
  agents: { docker: { labels: { role: agent } } }
`;

if (process.env[INSIDE] === undefined) await enterPrivateWorld();
else await runBench(import.meta.filename, QUESTION, measure);

async function enterPrivateWorld(): Promise<void> {
  const { isolation, isolationProblem, nft } = await hostCapabilities();
  const reason = isolation === undefined ? isolationProblem?.reason : nft.available ? undefined : nft.reason;
  if (isolation === undefined || reason !== undefined) {
    process.stdout.write(`\ndocker: NOTHING WAS MEASURED: ${reason}\n`);
    return;
  }
  const again = [process.execPath, ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', [...isolationArguments(isolation, 0), '--mount-proc', ...again], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  process.exitCode = status ?? 1;
}

async function measure({ quick }: BenchOptions): Promise<Finding[]> {
  const most = quick ? 2 * WINDOW : 1_000;
  await run('nft', ['-f', '-'], { input: TABLE });
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
  const socket = join(folder, 'docker.sock');
  const docker = await DockerStandIn.open(socket);
  const { policy } = loadPolicyText(new SourceFile('policy.yaml', POLICY), () => ({ reason: '' }));
  const zones = policy?.zones ?? [];
  let said = (): void => undefined;
  const watch = new DockerWatch(
    new DockerEngine(socket),
    async () => zones,
    new ZoneSets(),
    () => said(),
  );
  void watch.run();
  while (!docker.isHeard) await sleep(10);
  await sleep(200); // it asks who is there
  /** Milliseconds from the event until the kernel has it. */
  const timed = async (act: () => void): Promise<number> => {
    const done = new Promise<void>((resolve) => {
      said = resolve;
    });
    const began = performance.now();
    act();
    await done;
    return performance.now() - began;
  };
  const starts: number[] = [];
  for (let index = 0; index < most; index++) starts.push(await timed(() => docker.start(index)));
  const listed = await runChecked('nft', ['list', 'set', 'inet', 'portcullis', 'containers4-agents']);
  const inKernel = listed.stdout.split('172.18.').length - 1;
  if (inKernel !== most) throw new Error(`the kernel holds ${inKernel} of ${most} containers`);
  const stops: number[] = [];
  for (let index = 0; index < most; index++) stops.push(await timed(() => docker.stop(index)));
  docker.close();
  await watch.end();
  rmSync(folder, { recursive: true });
  const bare = await bareNft();
  const row = (name: string, of: readonly number[]): readonly (string | number)[] => {
    const [first, last] = [median(of.slice(0, WINDOW)), median(of.slice(-WINDOW))];
    return [name, first, last, last / first, Math.max(...of)];
  };
  return [
    {
      title: `Milliseconds from an event until the kernel’s set has it, with up to ${most.toLocaleString('en')} containers`,
      columns: ['what happens', `the first ${WINDOW}`, `the last ${WINDOW}`, 'times', 'the slowest'],
      rows: [row('a container starts', starts), row('a container stops', stops.toReversed())],
      notes: [
        `medians; the daemon is a stand-in that answers at once; of those that stop, the last are those that stop while all run. Starting \`nft\` for one element takes ${bare.toFixed(1)} ms`,
      ],
    },
  ];
}

/** The peer: what a script pays that calls `nft` for each container. */
async function bareNft(): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < 20; index++) {
    const began = performance.now();
    await run('nft', ['add', 'element', 'inet', 'portcullis', 'containers4-agents', `{ "x" . 10.0.0.${index} }`]);
    times.push(performance.now() - began);
  }
  return median(times);
}

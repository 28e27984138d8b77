import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evaluate, reachability } from '../src/cluster/index.ts';
import { readCluster } from '../src/kubernetes/index.ts';
import { clusterManifests, POLICIES_PER_NAMESPACE, WORKLOADS_PER_NAMESPACE } from './lib/cluster-manifests.ts';
import { type ColdTasks, isColdTask, runCold } from './lib/cold.ts';
import { timed } from './lib/measure.ts';
import { type BenchOptions, type Finding, runBench } from './lib/report.ts';

const QUESTION =
  'how long does it take to say who reaches whom in a cluster, and does it grow in step with the cluster?';
const PEER = 'k8snetpolicy'; // np-guard's netpol-analyzer, as its documentation builds it

const TASKS: ColdTasks = {
  /** Sizes are namespaces. */
  classes: (size) => {
    const files = clusterManifests(size);
    const read = timed(() => clusterOf(files));
    const reach = timed(() => {
      const found = reachability(read.result);
      let outside = 0;
      for (const _ of found.outsidePairs()) outside++;
      return { pairs: found.countPairs(), outside };
    });
    const cpu = process.cpuUsage();
    return { read: read.ms, reach: reach.ms, ...reach.result, cpu: (cpu.user + cpu.system) / 1000 };
  },
  /** Every pair of workloads written out, as `reach --json` does it. */
  written: (size) => {
    const cluster = clusterOf(clusterManifests(size));
    const written = timed(() => {
      let count = 0;
      for (const { bounds } of reachability(cluster).pairs()) count += bounds.possibly.allowed().length > 0 ? 1 : 0;
      return count;
    });
    return { written: written.ms, connections: written.result };
  },
  /** One connection of each pair of workloads, policy after policy. */
  pairwise: (size) => {
    const cluster = clusterOf(clusterManifests(size));
    const ends = cluster.workloads.map((workload) => ({ kind: 'workload', workload }) as const);
    const asked = timed(() => {
      let open = 0;
      for (const from of ends) {
        for (const to of ends) {
          if (from !== to && evaluate(cluster, { from, to, connection: { protocol: 'TCP', port: 8080 } }).possibly)
            open++;
        }
      }
      return open;
    });
    return { pairwise: asked.ms, open: asked.result };
  },
};

if (!isColdTask(TASKS)) await runBench(import.meta.filename, QUESTION, measure);

function clusterOf(files: ReturnType<typeof clusterManifests>) {
  const { cluster, diagnostics } = readCluster(files);
  const [problem] = diagnostics.filter(({ severity }) => severity === 'error');
  if (problem !== undefined) throw new Error(problem.message);
  return cluster;
}

async function measure({ quick }: BenchOptions): Promise<Finding[]> {
  const rounds = quick ? 1 : 3;
  const run = (task: string, size: number) => runCold(import.meta.filename, task, size, rounds);
  const sizes = quick ? [5, 10] : [125, 250, 500, 1_000];
  const rows = sizes.map((size) => {
    const { figures, peakMegabytes } = run('classes', size);
    const { read = 0, reach = 0, pairs = 0, cpu = 0 } = figures;
    const workloads = size * WORKLOADS_PER_NAMESPACE;
    return [workloads, size * POLICIES_PER_NAMESPACE, read / 1000, reach / 1000, cpu / 1000, pairs, peakMegabytes];
  });
  const small = quick ? [2, 4] : [5, 10, 20];
  const peer = quick ? undefined : peerProgram();
  const beside = small.map((size) => {
    const { pairwise = 0 } = run('pairwise', size).figures;
    const { reach = 0 } = run('classes', size).figures;
    const { written = 0 } = run('written', size).figures;
    const theirs = peer === undefined ? [] : [peerSeconds(peer, size)];
    return [size * WORKLOADS_PER_NAMESPACE, reach / 1000, written / 1000, pairwise / 1000, pairwise / reach, ...theirs];
  });
  const absent = `np-guard’s netpol-analyzer was not measured: \`${PEER}\` is not on the path, and its Go module is not to be had from here (proxy.golang.org answers 403)`;
  return [
    {
      title: 'Who reaches whom, from manifests, in a process of its own',
      columns: ['workloads', 'policies', 'read, s', 'reach, s', 'processor, s', 'pairs', 'peak, MB'],
      rows,
      notes: [
        '`processor` is of the whole process; `reach` counts all pairs of workloads and makes all that lead outside',
      ],
    },
    {
      title: 'Beside a plain reading, pair by pair',
      columns: [
        'workloads',
        'reach, s',
        'with each pair made, s',
        'pair by pair, s',
        'times',
        ...(peer === undefined ? [] : [`${PEER}, s`]),
      ],
      rows: beside,
      notes: [
        'the plain reading asks about one connection of each pair of workloads, ours about all connections, and outside',
        ...(peer === undefined ? [absent] : []),
      ],
    },
  ];
}

function peerProgram(): string | undefined {
  const { status, stdout } = spawnSync('which', [PEER], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function peerSeconds(program: string, size: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
  try {
    for (const file of clusterManifests(size)) writeFileSync(join(folder, file.name), file.text);
    const { ms, result } = timed(() => spawnSync(program, ['list', '--dirpath', folder, '-q'], { maxBuffer: 2 ** 30 }));
    if (result.status !== 0) throw new Error(`${program}: ${result.stderr.toString().slice(-500)}`);
    return ms / 1000;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

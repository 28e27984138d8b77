import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './lib/measure.ts';
import { bareRelay, haproxy, ourProxy, type RunningProxy, squid, startDestination } from './lib/proxies.ts';
import { openForAWhile, receive, roundTrips, type Way } from './lib/proxy-clients.ts';
import { type BenchOptions, type Finding, runBench } from './lib/report.ts';

const LANES = 32;

await runBench(import.meta.filename, 'what does it cost to go through the egress proxy?', measure);

async function measure({ quick }: BenchOptions): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
  chmodSync(folder, 0o711); // squid reads its files as an account of its own
  const destination = await startDestination();
  const running: RunningProxy[] = [];
  const leftOut: string[] = [];
  try {
    running.push(await ourProxy('http', destination.port), await ourProxy('transparent', destination.port));
    running.push(await bareRelay(destination.port));
    for (const other of [
      await squid(join(folder, 'squid')),
      await haproxy(join(folder, 'haproxy'), destination.port),
    ]) {
      if (typeof other !== 'string') running.push(other);
      else leftOut.push(other);
    }
    for (const reason of leftOut) process.stdout.write(`\nLEFT OUT: ${reason}\n`);
    const notes = leftOut.map((reason) => `left out: ${reason}`);
    const sizes = quick
      ? { rounds: 1, openMs: 200, mebibytes: 16, trips: 50 }
      : { rounds: 5, openMs: 2_000, mebibytes: 2_048, trips: 4_000 };
    return [
      await connections(running, destination.port, sizes, notes),
      await bulk(running, destination.port, sizes, notes),
      await latency(running, destination.port, sizes, notes),
    ];
  } finally {
    for (const proxy of running) await proxy.stop();
    await destination.stop();
    rmSync(folder, { recursive: true });
  }
}

interface Sizes {
  readonly rounds: number;
  readonly openMs: number;
  readonly mebibytes: number;
  readonly trips: number;
}

/** The figures of each proxy by turns, round after round. */
async function byTurns<Figure>(
  proxies: readonly RunningProxy[],
  rounds: number,
  figure: (proxy: RunningProxy) => Promise<Figure>,
): Promise<Map<RunningProxy, Figure[]>> {
  const figures = new Map<RunningProxy, Figure[]>(proxies.map((proxy) => [proxy, []]));
  for (let round = 0; round < rounds; round++)
    for (const proxy of proxies) figures.get(proxy)?.push(await figure(proxy));
  return figures;
}

async function connections(
  proxies: readonly RunningProxy[],
  destination: number,
  { rounds, openMs }: Sizes,
  notes: readonly string[],
): Promise<Finding> {
  for (const proxy of proxies) await openForAWhile(proxy, destination, LANES, openMs / 2); // warm
  const figures = await byTurns(proxies, rounds, async (proxy) => {
    const before = proxy.cpuMs();
    const start = performance.now();
    const { count, failures } = await openForAWhile(proxy, destination, LANES, openMs);
    const seconds = (performance.now() - start) / 1_000;
    return { rate: count / seconds, cpu: ((proxy.cpuMs() - before) / count) * 1_000, failures };
  });
  return {
    title: `Connections, ${LANES} at a time: the request, a ClientHello of 1.6 kB, a byte back`,
    columns: ['proxy', 'per second', 'processor time of each, µs', 'a core would do, per second', 'failed'],
    rows: [...figures].map(([{ name }, runs]) => {
      const cpu = median(runs.map((run) => run.cpu));
      const failed = runs.reduce((sum, { failures }) => sum + failures, 0);
      return [name, Math.round(median(runs.map((run) => run.rate))), Math.round(cpu), Math.round(1e6 / cpu), failed];
    }),
    notes: [
      'The clients are one Node process and the destination another: where those are the limit, processor time tells more.',
      ...notes,
    ],
  };
}

async function bulk(
  proxies: readonly RunningProxy[],
  destination: number,
  { rounds, mebibytes }: Sizes,
  notes: readonly string[],
): Promise<Finding> {
  const figures = await byTurns(proxies, rounds, async (proxy) => {
    const before = proxy.cpuMs();
    const ms = await receive(proxy, destination, mebibytes);
    return { rate: (mebibytes * 2 ** 20 * 8) / (ms * 1e6), cpu: (proxy.cpuMs() - before) / (mebibytes / 1_024) };
  });
  return {
    title: `Bulk, one connection, ${mebibytes} MiB`,
    columns: ['proxy', 'Gbit/s', 'processor time for a GiB, ms'],
    rows: [...figures].map(([{ name }, runs]) => [
      name,
      median(runs.map(({ rate }) => rate)),
      Math.round(median(runs.map(({ cpu }) => cpu))),
    ]),
    notes,
  };
}

async function latency(
  proxies: readonly RunningProxy[],
  destination: number,
  { rounds, trips }: Sizes,
  notes: readonly string[],
): Promise<Finding> {
  const direct: Way = { port: destination, opening: 'hello' };
  const at = (times: readonly number[], part: number): number =>
    times.toSorted((a, b) => a - b)[Math.floor(times.length * part)] ?? 0;
  const measured = async (way: Way): Promise<{ p50: number; p99: number }> => {
    const times = await roundTrips(way, destination, trips);
    return { p50: at(times, 0.5), p99: at(times, 0.99) };
  };
  const without: { p50: number; p99: number }[] = [];
  const figures = await byTurns(proxies, rounds, async (proxy) => {
    without.push(await measured(direct));
    return measured(proxy);
  });
  const base = { p50: median(without.map(({ p50 }) => p50)), p99: median(without.map(({ p99 }) => p99)) };
  return {
    title: 'Round trips of 64 bytes over one connection: what the proxy adds, µs',
    columns: ['proxy', 'p50', 'p99'],
    rows: [
      ['none (all of it)', base.p50, base.p99],
      ...[...figures].map(([{ name }, runs]) => [
        name,
        median(runs.map(({ p50 }) => p50)) - base.p50,
        median(runs.map(({ p99 }) => p99)) - base.p99,
      ]),
    ],
    notes,
  };
}

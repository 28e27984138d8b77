import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram, hostCapabilities, isolationArguments, runChecked } from '../src/host/index.ts';
import { DnsClient } from './lib/dns-client.ts';
import { median } from './lib/measure.ts';
import { type BenchOptions, type Finding, runBench } from './lib/report.ts';

const QUESTION = 'how many names does the gateway answer, and how long until an address is open and told?';
const INSIDE = 'PORTCULLIS_BENCH_INSIDE'; // set once this file runs in namespaces of its own
const UPSTREAM = 5_302;
const PORT = 5_301;
const NAMES = 60_000; // each with an address of its own
const WARM = 1_000; // of them, for answers from memory
/** Parts of the questions that may stay without an answer, before a run counts for nothing. */
const MEASURING_MAY_LOSE = 0.01;
const WARMING_MAY_LOSE = 0.1; // what is lost there is asked again
const TICKS = 100; // a second: USER_HZ, in which the kernel tells processor time (proc_pid_stat(5))

type Contestant = 'ours' | 'ours, no sets' | 'dnsmasq' | 'dnsmasq, no sets';

/** No server, but what none that runs on Node can go beyond: each question goes back as it came. */
const FLOOR = 'Node’s datagrams alone';
const CONTESTANTS: readonly Contestant[] = ['ours', 'dnsmasq', 'ours, no sets', 'dnsmasq, no sets'];

interface Run {
  readonly perSecond: number;
  readonly perCpuSecond: number; // of the server's processor time, its helpers' included
}

interface Figures {
  readonly first: Run;
  readonly again: Run;
  readonly median: number; // milliseconds from a question to its answer, the address open by then
  readonly p99: number;
}

/** As `render nftables` writes it. */
const TABLE = `
add table inet portcullis
delete table inet portcullis
table inet portcullis {
  set names4-site { type ipv4_addr; flags timeout; }
  set names6-site { type ipv6_addr; flags timeout; }
}
`;

if (process.env[INSIDE] === undefined) await enterPrivateWorld();
else await runBench(import.meta.filename, QUESTION, measure);

async function enterPrivateWorld(): Promise<void> {
  const { isolation, isolationProblem, nft } = await hostCapabilities();
  const missing = ['dnsmasq', 'dnsperf', 'taskset'].filter((program) => findProgram(program) === undefined);
  const reason =
    isolation === undefined
      ? `${isolationProblem?.reason}; ${isolationProblem?.help}`
      : !nft.available
        ? `${nft.reason}; ${nft.help}`
        : missing.length > 0
          ? `there is no ${missing.join(', no ')} to measure with; on Debian: apt-get install dnsmasq-base dnsperf util-linux`
          : undefined;
  if (isolation === undefined || reason !== undefined) {
    process.stdout.write(`\ndns: NOTHING WAS MEASURED: ${reason}\n`);
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
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
  await runChecked('ip', ['link', 'set', 'lo', 'up']);
  const names = Array.from({ length: NAMES }, (_, at) => `n${at}.wild.example`);
  writeFileSync(
    join(folder, 'hosts'),
    names.map((name, at) => `93.${1 + (at >> 16)}.${(at >> 8) & 255}.${at & 255} ${name}\n`).join(''),
  );
  writeFileSync(
    join(folder, 'first'),
    names
      .slice(2_000)
      .map((name) => `${name} A\n`)
      .join(''),
  );
  writeFileSync(
    join(folder, 'again'),
    names
      .slice(0, WARM)
      .map((name) => `${name} A\n`)
      .join(''),
  );
  const world = start(
    1,
    dnsmasq(UPSTREAM, ['--local-ttl=300', `--addn-hosts=${join(folder, 'hosts')}`, '--cache-size=0']),
  );
  try {
    await answering(UPSTREAM);
    const rounds = quick ? 1 : 3;
    const seconds = quick ? 1 : 4;
    const figures = new Map<Contestant, Figures[]>(CONTESTANTS.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const name of CONTESTANTS)
        figures.get(name)?.push(await measureOne(name, folder, seconds, names.slice(WARM, quick ? 1_050 : 1_300)));
    }
    const floor: Run[] = [];
    for (let round = 0; round < rounds; round++) floor.push(await measureFloor(folder, seconds));
    return findings(figures, floor);
  } finally {
    world.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

async function measureOne(
  name: Contestant,
  folder: string,
  seconds: number,
  single: readonly string[],
): Promise<Figures> {
  await runChecked('nft', ['-f', '-'], { input: TABLE });
  const server = start(0, command(name));
  try {
    await answering(PORT);
    const client = new DnsClient(PORT);
    const times: number[] = [];
    for (const each of single) times.push(await client.ask(each));
    client.close();
    times.sort((a, b) => a - b);
    const first = await perf(server, join(folder, 'first'), ['-n', '1', '-l', String(seconds)]);
    await perf(server, join(folder, 'again'), ['-n', '1'], WARMING_MAY_LOSE);
    const again = await perf(server, join(folder, 'again'), ['-l', String(seconds)]);
    return { first, again, median: median(times), p99: times[Math.floor(times.length * 0.99)] ?? Number.NaN };
  } finally {
    server.kill('SIGKILL');
    await sleep(100);
  }
}

async function measureFloor(folder: string, seconds: number): Promise<Run> {
  const server = start(0, [process.execPath, resolve(import.meta.dirname, 'lib/dns-echo.ts'), String(PORT)]);
  try {
    await answering(PORT);
    return await perf(server, join(folder, 'again'), ['-l', String(seconds)]);
  } finally {
    server.kill('SIGKILL');
    await sleep(100);
  }
}

function command(name: Contestant): string[] {
  const gateway = (sets: string): string[] => [
    process.execPath,
    resolve(import.meta.dirname, 'lib/dns-gateway.ts'),
    String(PORT),
    String(UPSTREAM),
    sets,
  ];
  const peer = (...more: readonly string[]): string[] =>
    dnsmasq(PORT, [`--server=127.0.0.1#${UPSTREAM}`, '--cache-size=50000', '--dns-forward-max=5000', ...more]);
  switch (name) {
    case 'ours':
      return gateway('set');
    case 'ours, no sets':
      return gateway('none');
    case 'dnsmasq':
      return peer('--nftset=/wild.example/4#inet#portcullis#names4-site');
    case 'dnsmasq, no sets':
      return peer();
  }
}

function dnsmasq(port: number, more: readonly string[]): string[] {
  const own = [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--no-poll',
    '--user=root',
    '--pid-file=',
  ];
  return ['dnsmasq', ...own, '--listen-address=127.0.0.1', '--bind-interfaces', `--port=${port}`, ...more];
}

/** Server on one core, whoever asks it and whoever it asks on the other. */
function start(core: 0 | 1, args: readonly string[]): ChildProcess {
  return spawn('taskset', ['-c', String(core), ...args], { stdio: ['pipe', 'ignore', 'inherit'] });
}

async function answering(port: number): Promise<void> {
  const client = new DnsClient(port);
  for (let tries = 0; tries < 100; tries++) {
    const answer = await Promise.race([client.ask('n0.wild.example'), sleep(100)]);
    if (answer !== undefined) return client.close();
  }
  client.close();
  throw new Error(`nobody answers on port ${port}`);
}

async function perf(
  server: ChildProcess,
  file: string,
  more: readonly string[],
  mayLose = MEASURING_MAY_LOSE,
): Promise<Run> {
  const before = cpuTicks(server.pid ?? 0);
  const args = [
    '-c',
    '1',
    'dnsperf',
    '-s',
    '127.0.0.1',
    '-p',
    String(PORT),
    '-d',
    file,
    '-c',
    '8',
    '-q',
    '200',
    '-b',
    '4096',
    ...more,
  ];
  const { stdout } = await runChecked('taskset', args, { timeoutMs: 60_000 });
  const figure = (what: RegExp): number => Number(what.exec(stdout)?.[1] ?? Number.NaN);
  const completed = figure(/Queries completed:\s+(\d+)/);
  const lost = figure(/Queries lost:\s+(\d+)/);
  if (!(completed > 0) || lost > completed * mayLose) throw new Error(`${completed} answers, ${lost} lost: ${stdout}`);
  if (!/NOERROR \d+ \(100\.00%\)/.test(stdout)) throw new Error(`not all names were answered: ${stdout}`);
  const ticks = cpuTicks(server.pid ?? 0) - before;
  return {
    perSecond: figure(/Queries per second:\s+([0-9.]+)/),
    perCpuSecond: (completed / Math.max(1, ticks)) * TICKS,
  };
}

/** Processor time of a process and all below it, so far. */
function cpuTicks(root: number): number {
  const processes = readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const fields = readFileSync(`/proc/${entry}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return [{ pid: Number(entry), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }];
    } catch {
      return []; // it has ended meanwhile
    }
  });
  const below = (pid: number): number =>
    processes.filter(({ parent }) => parent === pid).reduce((sum, child) => sum + child.ticks + below(child.pid), 0);
  return (processes.find(({ pid }) => pid === root)?.ticks ?? 0) + below(root);
}

function findings(figures: ReadonlyMap<Contestant, readonly Figures[]>, floor: readonly Run[]): Finding[] {
  const of = (name: Contestant, what: (each: Figures) => number): number => median((figures.get(name) ?? []).map(what));
  const rows = (what: (each: Figures) => Run): (string | number)[][] =>
    CONTESTANTS.map((name) => {
      const peer: Contestant = name.endsWith('no sets') ? 'dnsmasq, no sets' : 'dnsmasq';
      const [perSecond, perCpu] = [
        of(name, (each) => what(each).perSecond),
        of(name, (each) => what(each).perCpuSecond),
      ];
      return [
        name,
        Math.round(perSecond),
        perSecond / of(peer, (each) => what(each).perSecond),
        Math.round(perCpu),
        perCpu / of(peer, (each) => what(each).perCpuSecond),
      ];
    });
  const ofFloor = (what: (run: Run) => number, ofPeer: (each: Figures) => number): [number, number] => {
    const figure = median(floor.map(what));
    return [Math.round(figure), figure / of('dnsmasq, no sets', ofPeer)];
  };
  const bare = [
    FLOOR,
    ...ofFloor(
      ({ perSecond }) => perSecond,
      ({ again }) => again.perSecond,
    ),
    ...ofFloor(
      ({ perCpuSecond }) => perCpuSecond,
      ({ again }) => again.perCpuSecond,
    ),
  ];
  const columns = ['server', 'answers a second', 'of dnsmasq', 'answers a second of its processor time', 'of dnsmasq'];
  return [
    { title: `Answers from memory, ${WARM} names`, columns, rows: [...rows(({ again }) => again), bare] },
    { title: 'Names that nobody has asked for before', columns, rows: rows(({ first }) => first) },
    {
      title: 'One such question at a time: until the address is in the set and the answer is there',
      columns: ['server', 'median ms', '99 of 100 within ms'],
      rows: CONTESTANTS.map((name) => [name, of(name, (each) => each.median), of(name, (each) => each.p99)]),
    },
  ];
}

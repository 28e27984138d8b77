import { acceptedPackets, type ServiceMatrix, serviceMatrix } from '../src/analysis/index.ts';
import type { Flow, Ruleset, Service } from '../src/ir/index.ts';
import { parsePrefix } from '../src/net/index.ts';
import { evaluate } from '../src/semantics/index.ts';
import { type ColdTasks, isColdTask, runCold } from './lib/cold.ts';
import { foreignRuleset } from './lib/foreign.ts';
import { timed } from './lib/measure.ts';
import { type BenchOptions, type Finding, runBench } from './lib/report.ts';
import { readRuleset } from './lib/rulesets.ts';

const QUESTION =
  'how long does it take to group all addresses by who may use a service through a firewall that others wrote?';
const WAY = { in: 'eth1', out: 'eth2' } as const; // from the offices to the servers, the longest chain

const SERVICES: readonly Service[] = [
  { protocol: 6, ports: { first: 443, last: 443 } },
  { protocol: 6, ports: { first: 22, last: 22 } },
  { protocol: 6, ports: { first: 5432, last: 5432 } },
  { protocol: 6, ports: { first: 3389, last: 3389 } },
  { protocol: 17, ports: { first: 53, last: 53 } },
];

const TASKS: ColdTasks = {
  ours: (size) => {
    const ruleset = readRuleset(foreignRuleset(size).text);
    const { ms, result } = timed(() => {
      const accepted = acceptedPackets(ruleset);
      return SERVICES.map((service) => serviceMatrix(accepted, question([service], [4, 6])));
    });
    return { ms, groups: Math.max(...result.map(({ groups }) => groups.length)) };
  },
  one: (size) => {
    const ruleset = readRuleset(foreignRuleset(size).text);
    return { ms: timed(() => serviceMatrix(acceptedPackets(ruleset), through(SERVICES[1]!))).ms };
  },
  scan: (size) => {
    const ruleset = readRuleset(foreignRuleset(size).text);
    const matrix = serviceMatrix(acceptedPackets(ruleset), through(SERVICES[1]!)); // whom to ask; not in the time
    const { ms, result } = timed(() => asked(ruleset, matrix));
    const told = new Set(matrix.edges.map(({ from, to }) => `${from} ${to}`));
    if (told.size !== result.size || [...result].some((edge) => !told.has(edge)))
      throw new Error('the two do not agree');
    return { ms, pairs: matrix.groups.length ** 2 };
  },
};

if (!isColdTask(TASKS)) await runBench(import.meta.filename, QUESTION, measure);

function question(services: readonly Service[], families: readonly (4 | 6)[]) {
  return { hook: 'forward', services, families } as const;
}

/** One service of IPv4 between two interfaces, so that a single packet can stand for each pair of groups. */
function through(service: Service) {
  const named = (name: string) => ({ name, wildcard: false });
  return { ...question([service], [4]), inInterface: named(WAY.in), outInterface: named(WAY.out) };
}

/** The same edges, by asking the rules one after the other about one packet of each pair of groups. */
function asked(ruleset: Ruleset, { groups }: ServiceMatrix): Set<string> {
  const members = groups.map(({ id, addresses }) => ({ id, value: firstAddress(addresses[0]!) }));
  const edges = new Set<string>();
  for (const from of members)
    for (const to of members)
      if (evaluate(ruleset, packet(from.value, to.value)).verdict === 'accept') edges.add(`${from.id} ${to.id}`);
  return edges;
}

function firstAddress(text: string): bigint {
  const parsed = parsePrefix(text.split('-')[0]!);
  if ('kind' in parsed) throw new Error(`no address: ${text}`);
  return parsed.value;
}

function packet(src: bigint, dst: bigint): Flow {
  return {
    hook: 'forward',
    family: 4,
    src: { family: 4, value: src },
    dst: { family: 4, value: dst },
    protocol: 6,
    sport: 40_000,
    dport: 22,
    tcpFlags: 2,
    state: 'new',
    inInterface: WAY.in,
    outInterface: WAY.out,
    srcType: 'unicast',
    dstType: 'unicast',
    symbols: new Set(),
  };
}

async function measure({ quick }: BenchOptions): Promise<Finding[]> {
  const sizes = quick ? [100] : [1_000, 5_000, 10_000];
  const rounds = quick ? 1 : 5;
  const runs = sizes.map((size) => runCold(import.meta.filename, 'ours', size, rounds));
  const times = runs.map(({ figures }) => figures.ms!);
  const asking = sizes.filter((size) => size <= 5_000); // beyond, it takes minutes
  return [
    {
      title: `Milliseconds for ${SERVICES.length} services of both families, the meaning of the ruleset included, each in a fresh process`,
      columns: ['rules', 'all services', 'growth', 'most groups', 'peak memory, MB'],
      rows: runs.map(({ figures, peakMegabytes }, at) => [
        sizes[at]!,
        times[at]!,
        at === 0 ? '' : times[at]! / times[at - 1]! / (sizes[at]! / sizes[at - 1]!),
        figures.groups!,
        peakMegabytes,
      ]),
      notes: ['growth: of the time over that of the rules, 1 is in step'],
    },
    {
      title:
        'One service of IPv4 between two interfaces, milliseconds, beside asking about one packet for each pair of groups',
      columns: ['rules', 'matrix', 'pair by pair', 'times', 'pairs'],
      rows: asking.map((size) => {
        const one = runCold(import.meta.filename, 'one', size, rounds).figures.ms!;
        const { ms, pairs } = runCold(import.meta.filename, 'scan', size, 1).figures;
        return [size, one, ms!, ms! / one, pairs!];
      }),
      notes: ['pair by pair is told the groups for nothing, which are the hard part; both give the same edges'],
    },
  ];
}

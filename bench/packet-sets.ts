import { DiagramStore, HeaderSpace, type PacketSet } from '../src/packetset/index.ts';
import { BoxList, type RangeBox } from './lib/box-list.ts';
import { interleaved, median, timed } from './lib/measure.ts';
import { randomNumbers } from './lib/random.ts';
import { type BenchOptions, type Finding, runBench } from './lib/report.ts';
import { BitDiagramStore } from './peers/bit-diagram.ts';

const QUESTION = 'how long does it take to build and compare sets of packets, and what do other representations take?';
const DIMENSIONS = ['src0', 'dst0', 'protocol', 'dport'] as const;
const LARGEST_BOX_LIST = 1_000; // rules: beyond, a list of boxes takes minutes

await runBench(import.meta.filename, QUESTION, async ({ quick }) => [await overlapping({ quick })]);

/** Rules that overlap in every dimension, then the same rules but one: which packets does that one rule add? */
async function overlapping({ quick }: BenchOptions): Promise<Finding> {
  const rows: (string | number)[][] = [];
  for (const count of quick ? [10, 100] : [10, 100, 1_000, 10_000]) {
    const rules = randomRules(count);
    const lost = Math.floor(count / 2);
    const answers = [
      differenceByDiagrams(new DiagramStore(), rules, lost),
      differenceByDiagrams(new BitDiagramStore(), rules, lost),
    ];
    if (count <= LARGEST_BOX_LIST) answers.push(differenceByBoxes(rules, lost));
    if (new Set(answers).size !== 1) throw new Error('the representations disagree');
    const figures = await interleaved(
      {
        intervals: () => timed(() => differenceByDiagrams(new DiagramStore(), rules, lost)).ms,
        bits: () => timed(() => differenceByDiagrams(new BitDiagramStore(), rules, lost)).ms,
        boxes: () => (count > LARGEST_BOX_LIST ? Number.NaN : timed(() => differenceByBoxes(rules, lost)).ms),
      },
      quick ? 1 : count > 1_000 ? 3 : 7,
    );
    const [intervals, bits, boxes] = [median(figures.intervals), median(figures.bits), median(figures.boxes)];
    const beyond = Number.isNaN(boxes);
    rows.push([count, intervals, bits, bits / intervals, beyond ? 'not run' : boxes, beyond ? '' : boxes / intervals]);
  }
  return {
    title: 'Build the union of all rules and of all but one, and subtract',
    columns: ['rules', 'interval diagrams, ms', 'bit diagrams, ms', 'times', 'list of boxes, ms', 'times'],
    rows,
    notes: [
      'interval diagrams: what the program uses; bit diagrams: the same questions on one node for each bit',
      'rules: random prefixes of source and destination within 10.0.0.0/8, protocol, port range',
    ],
  };
}

function differenceByDiagrams(store: DiagramStore, rules: readonly RangeBox[], lost: number): boolean {
  const space = new HeaderSpace(store);
  const sets = rules.map((rule) => boxSet(space, rule));
  return space
    .union(sets)
    .subtract(space.union(sets.toSpliced(lost, 1)))
    .isEmpty();
}

function boxSet(space: HeaderSpace, box: RangeBox): PacketSet {
  return box.reduceRight(
    (set, range, index) => space.numbers(DIMENSIONS[index]!, [range]).intersect(set),
    space.everything(),
  );
}

function differenceByBoxes(rules: readonly RangeBox[], lost: number): boolean {
  const all = rules.reduce((list, rule) => list.union(rule), new BoxList());
  const fewer = rules.toSpliced(lost, 1).reduce((list, rule) => list.union(rule), new BoxList());
  return all.subtract(fewer).isEmpty();
}

function randomRules(count: number): RangeBox[] {
  const random = randomNumbers(count);
  const below = (limit: number): number => Math.floor(random() * limit);
  const prefix = () => {
    const size = 2 ** (4 + below(17)); // from /28 to /12
    const first = 10 * 2 ** 24 + Math.floor(below(2 ** 24) / size) * size;
    return { first, last: first + size - 1 };
  };
  return Array.from({ length: count }, () => {
    const protocol = [6, 17][below(2)]!;
    const port = below(60_000);
    return [
      prefix(),
      prefix(),
      { first: protocol, last: protocol },
      { first: port, last: port + [0, 0, 100, 5_000][below(4)]! },
    ];
  });
}

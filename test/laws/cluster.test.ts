import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ClusterQuestion,
  clusterDifference,
  connections,
  decisions,
  type End,
  evaluate,
  formatEnd,
  questionIn,
  type ReachPair,
  reachability,
  type Step,
} from '../../src/cluster/index.ts';
import type { Cluster } from '../../src/kubernetes/index.ts';
import { Random } from '../judge/random.ts';
import { MISREADINGS, rules } from './cluster-faults.ts';
import { randomCluster, randomQuestion } from './random-cluster.ts';

const CASES = 10_000; // clusters with their policies, and a question about each

interface Answer {
  readonly certainly: boolean;
  readonly possibly: boolean;
}

/** The plain reading, one connection at a time. */
function plain(cluster: Cluster, question: ClusterQuestion): Answer {
  const { certainly, possibly } = evaluate(cluster, question);
  return { certainly, possibly };
}

/** All connections between two ends at once. */
function symbolic(cluster: Cluster, { from, to, connection }: ClusterQuestion): Answer {
  const { certainly, possibly } = connections(cluster, from, to);
  return { certainly: certainly.has(connection), possibly: possibly.has(connection) };
}

/** What is found among all pairs of a cluster. */
function found(pairs: readonly ReachPair[], { from, to, connection }: ClusterQuestion): Answer {
  const pair = pairs.find((each) => isAt(each.from, from) && isAt(each.to, to));
  return {
    certainly: pair?.bounds.certainly.has(connection) === true,
    possibly: pair?.bounds.possibly.has(connection) === true,
  };
}

function isAt(known: End, asked: End): boolean {
  if (known.kind !== 'addresses' || asked.kind !== 'addresses') return formatEnd(known) === formatEnd(asked);
  const { family, first, last } = known.range;
  return family === asked.range.family && first <= asked.range.first && asked.range.first <= last;
}

function describeQuestion({ from, to, connection }: ClusterQuestion): string {
  return `${connection.protocol} ${formatEnd(from)} -> ${formatEnd(to)}:${connection.port}`;
}

/** Names and API servers are ends of their own among the pairs: their addresses are none of the blocks. */
const withoutPlaces = rules((rule) => ({
  ...rule,
  peers: rule.peers.filter(({ kind }) => kind !== 'names' && kind !== 'api-server'),
}));

describe('reachability against a plain reading of the policies', () => {
  it(`answers between any two ends, ${CASES.toLocaleString('en')} clusters`, () => {
    const seen = { allowed: 0, denied: 0, depends: 0 };
    for (let seed = 0; seed < CASES; seed++) {
      const random = new Random(seed);
      const cluster = randomCluster(random);
      const question = randomQuestion(random, cluster);
      const expected = plain(cluster, question);
      seen[expected.certainly ? 'allowed' : expected.possibly ? 'depends' : 'denied']++;
      assert.deepEqual(symbolic(cluster, question), expected, `seed ${seed}: ${describeQuestion(question)}`);
    }
    // A generator that lets everything through, or nothing, would prove little.
    assert.ok(seen.allowed > CASES / 4 && seen.denied > CASES / 4 && seen.depends > CASES / 100, JSON.stringify(seen));
  });

  it('tells of every connection which rules decide', () => {
    for (let seed = 0; seed < CASES / 20; seed++) {
      const random = new Random(seed, 4);
      const cluster = randomCluster(random);
      const question = randomQuestion(random, cluster);
      const told = decisions(cluster, question.from, question.to).filter(({ connections: set }) =>
        set.has(question.connection),
      );
      const steps = evaluate(cluster, question).steps.filter(({ because }) => because !== 'apart');
      assert.deepEqual(stepsOf(told), stepsOf(steps), `seed ${seed}: ${describeQuestion(question)}`);
    }
  });

  it('finds all pairs', () => {
    for (let seed = 0; seed < CASES / 20; seed++) {
      const random = new Random(seed, 1);
      const cluster = withoutPlaces(randomCluster(random));
      const reach = reachability(cluster);
      const pairs = [...reach.pairs()];
      for (let count = 0; count < 3; count++) {
        const question = randomQuestion(random, cluster);
        if (!isPair(question)) continue;
        const name = `seed ${seed}: ${describeQuestion(question)}`;
        assert.deepEqual(found(pairs, question), plain(cluster, question), name);
      }
      const between = pairs.filter(({ from, to }) => from.kind === 'workload' && to.kind === 'workload');
      assert.equal(reach.countPairs(), between.length, `seed ${seed}`);
      const one = random.pick(cluster.workloads);
      assert.deepEqual(
        linesOf(reachability(cluster, { focus: [one] }).pairs()),
        linesOf(pairs.filter(({ from, to }) => formatEnd(from) === one.id || formatEnd(to) === one.id)),
        `seed ${seed}: with ${one.id}`,
      );
    }
  });

  it('finds every difference, and shows it', () => {
    for (let seed = 0; seed < CASES / 40; seed++) {
      const random = new Random(seed, 2);
      const a = withoutPlaces(randomCluster(random));
      const b = { ...withoutPlaces(randomCluster(random)), ...(random.chance(0.5) ? { workloads: a.workloads } : {}) };
      const difference = clusterDifference(a, b);
      assert.ok(clusterDifference(a, a).equal, `seed ${seed}`);
      for (const [changes, before, after] of [
        [[...difference.wider()], a, b],
        [[...difference.narrower()], b, a],
      ] as const) {
        for (const { witness } of changes) {
          const [was, is] = [questionIn(before, witness), questionIn(after, witness)!];
          const less = was === undefined ? { certainly: false, possibly: false } : plain(before, was);
          const more = plain(after, is);
          const shows = (more.certainly && !less.certainly) || (more.possibly && !less.possibly);
          assert.ok(shows, `seed ${seed}: ${describeQuestion(witness)}`);
        }
        const question = randomQuestion(random, after);
        const was = questionIn(before, question);
        if (was === undefined || !isPair(question)) continue;
        const [less, more] = [plain(before, was), plain(after, question)];
        const wants = (more.certainly && !less.certainly) || (more.possibly && !less.possibly);
        const has = changes.some(
          ({ from, to, allowed }) =>
            isAt(from, question.from) && isAt(to, question.to) && allowed.has(question.connection),
        );
        assert.equal(has, wants, `seed ${seed}: ${describeQuestion(question)}`);
      }
    }
  });
});

describe('the comparison notices a misreading', () => {
  for (const [misreading, misread] of Object.entries(MISREADINGS)) {
    it(misreading, () => {
      const isNoticed = (seed: number): boolean => {
        const random = new Random(seed, 3);
        const cluster = randomCluster(random);
        const wrong = misread(cluster);
        return Array.from({ length: 3 }, () => randomQuestion(random, cluster)).some((question) => {
          const asked = questionIn(wrong, question)!;
          return JSON.stringify(symbolic(wrong, asked)) !== JSON.stringify(plain(cluster, question));
        });
      };
      assert.ok(Array.from({ length: 2_000 }, (_, seed) => seed).some(isNoticed));
    });
  }
});

function isPair({ from, to }: ClusterQuestion): boolean {
  return (
    [from, to].every(({ kind }) => kind === 'workload' || kind === 'addresses') && formatEnd(from) !== formatEnd(to)
  );
}

function stepsOf(steps: readonly Step[]): string[] {
  return steps
    .map(({ layer, network, direction, verdict, because, stage, policy, rule, maybe }) => {
      const at = rule === undefined ? -1 : policy?.[direction]?.rules.indexOf(rule);
      return [layer, network, direction, verdict, because, stage, policy?.ref.name, at, maybe].join(' ');
    })
    .sort();
}

function linesOf(pairs: Iterable<ReachPair>): string[] {
  return Array.from(pairs, ({ from, to, bounds }) => {
    return `${formatEnd(from)} -> ${formatEnd(to)}: ${bounds.certainly} | ${bounds.possibly}`;
  }).sort();
}

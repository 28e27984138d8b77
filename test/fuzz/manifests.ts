/**
 * Throws mutated and hostile manifests at the reader of clusters: `node test/fuzz/manifests.ts [COUNT] [SEED]`. Whatever the bytes, there
 * must be a cluster and diagnostics: no exception, no endless work, no raw control character, no place outside the file, no policy without
 * a place. What passes here is not proven right, only harmless.
 */
import { escapeControls, renderDiagnostic } from '../../src/diagnostic/index.ts';
import { readCluster } from '../../src/kubernetes/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { HOSTILE_MANIFESTS, MANIFESTS, TOKENS } from './manifest-corpus.ts';
import { Mutator } from './mutation.ts';

export interface FuzzResult {
  readonly inputs: number;
  readonly seed: number;
  readonly accepted: number; // without an error
  readonly understood: number; // with a workload, a policy or a service
  readonly failures: readonly { readonly input: string; readonly what: string }[];
  readonly slowestMs: number;
}

const FAILURES_KEPT = 10;
const LONGEST = 20_000; // characters of an input
const SLOW_MS = 5000; // no input here is longer than a few kilobytes

export function fuzzManifests(count: number, seed: number): FuzzResult {
  const mutator = new Mutator(seed);
  const corpus = [...MANIFESTS, ...HOSTILE_MANIFESTS];
  const failures: { input: string; what: string }[] = [];
  const fail = (input: string, what: string): void => {
    if (failures.length < FAILURES_KEPT) failures.push({ input, what });
  };
  let [accepted, understood, slowestMs] = [0, 0, 0];
  for (let number = 0; number < count; number++) {
    const original = corpus[number] ?? mutator.pick(MANIFESTS);
    const input = number < corpus.length ? original : mutator.mutate(original, corpus, TOKENS, LONGEST);
    const started = performance.now();
    try {
      const outcome = readOne(input);
      if (outcome.accepted) accepted++;
      if (outcome.understood) understood++;
    } catch (error) {
      fail(input, String(error instanceof Error ? error.stack : error));
    }
    const took = performance.now() - started;
    if (took > SLOW_MS) fail(input, `took ${Math.round(took)} ms`);
    slowestMs = Math.max(slowestMs, took);
  }
  return { inputs: count, seed, accepted, understood, failures, slowestMs };
}

function readOne(input: string): { readonly accepted: boolean; readonly understood: boolean } {
  const { cluster, diagnostics } = readCluster([new SourceFile('a.yaml', input)]);
  for (const diagnostic of diagnostics) {
    const text = renderDiagnostic(diagnostic);
    if (text.split('\n').some((line) => escapeControls(line) !== line)) {
      throw new Error(`raw control characters: ${text}`);
    }
    const { span } = diagnostic;
    if (span !== undefined && !(0 <= span.start && span.start <= span.end && span.end <= span.file.text.length)) {
      throw new Error(`a place outside the file: ${span.start}-${span.end}: ${text}`);
    }
  }
  const policies = cluster.layers.flatMap(({ stages }) => stages.flatMap((stage) => stage.policies));
  const ids = cluster.workloads.map(({ id }) => id);
  if (new Set(ids).size < ids.length) throw new Error(`an id stands for two workloads: ${ids.join()}`);
  if (cluster.workloads.some(({ networks }) => networks.length === 0)) throw new Error('a workload is in no network');
  for (const { namespace } of cluster.workloads) {
    if (!cluster.namespaces.has(namespace)) throw new Error(`the namespace ${namespace} is not there`);
  }
  return {
    accepted: !diagnostics.some(({ severity }) => severity === 'error'),
    understood: cluster.workloads.length + policies.length + cluster.services.length > 0,
  };
}

if (import.meta.main) {
  const [count = '100000', seed = '1'] = process.argv.slice(2);
  const { failures, ...figures } = fuzzManifests(Number(count), Number(seed));
  process.stdout.write(`${JSON.stringify({ ...figures, failures: failures.length })}\n`);
  for (const { input, what } of failures) process.stdout.write(`${what}\n${JSON.stringify(input)}\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

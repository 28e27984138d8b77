/**
 * Throws mutated and hostile policies at the reader: `node test/fuzz/policy.ts [COUNT] [SEED]`. Whatever the bytes, there
 * must be nothing but diagnostics: no exception, no endless work, no raw control character, no place outside the file.
 * What passes here is not proven right, only harmless.
 */
import { globSync, readFileSync } from 'node:fs';
import { escapeControls, hasErrors, renderDiagnostic } from '../../src/diagnostic/index.ts';
import { loadPolicy } from '../../src/policy/index.ts';
import { resolvePolicy } from '../../src/resolve/index.ts';
import { context } from '../policy/support.ts';
import { Mutator } from './mutation.ts';

export interface FuzzResult {
  readonly inputs: number;
  readonly seed: number;
  readonly accepted: number; // became an intent
  readonly loaded: number; // had a shape, if a faulty one
  readonly failures: readonly { readonly input: string; readonly what: string }[];
  readonly slowestMs: number;
  readonly peakMemoryMiB: number; // resident, of the whole process
}

const FAILURES_KEPT = 10;
const LONGEST = 20_000; // characters of an input
const SLOW_MS = 2000; // no input here is longer than a few kilobytes

export function fuzzPolicies(count: number, seed: number): FuzzResult {
  const mutator = new Mutator(seed);
  const sound = texts('examples/**/*.yaml');
  const corpus = [...sound, ...texts('test/policy/golden/**/*.yaml'), ...HOSTILE];
  const failures: { input: string; what: string }[] = [];
  let accepted = 0;
  let loaded = 0;
  let slowestMs = 0;
  let peakMemoryMiB = 0;
  for (let number = 0; number < count; number++) {
    const original = corpus[number] ?? mutator.pick(mutator.random() < 0.5 ? sound : corpus);
    const input = number < corpus.length ? original : mutator.mutate(original, corpus, TOKENS, LONGEST);
    const started = performance.now();
    try {
      const outcome = readOne(input);
      if (outcome !== 'unreadable') loaded++;
      if (outcome === 'accepted') accepted++;
    } catch (error) {
      if (failures.length < FAILURES_KEPT)
        failures.push({ input, what: String(error instanceof Error ? error.stack : error) });
    }
    const took = performance.now() - started;
    if (took > SLOW_MS && failures.length < FAILURES_KEPT)
      failures.push({ input, what: `took ${Math.round(took)} ms` });
    slowestMs = Math.max(slowestMs, took);
    if (number % 256 === 0) peakMemoryMiB = Math.max(peakMemoryMiB, process.memoryUsage.rss() / 2 ** 20);
  }
  return { inputs: count, seed, accepted, loaded, failures, slowestMs, peakMemoryMiB };
}

function readOne(input: string): 'unreadable' | 'faulty' | 'accepted' {
  const other = 'zones: { shared: { addresses: 192.0.2.7 } }\n';
  const { policy, diagnostics } = loadPolicy('policy.yaml', (path) => (path === 'policy.yaml' ? input : other));
  const resolved = policy === undefined ? undefined : resolvePolicy(policy, context);
  const all = [...diagnostics, ...(resolved?.diagnostics ?? [])];
  for (const diagnostic of all) {
    const text = renderDiagnostic(diagnostic);
    if (text.split('\n').some((line) => escapeControls(line) !== line))
      throw new Error(`raw control characters: ${text}`);
    const { span } = diagnostic;
    if (span !== undefined && !(0 <= span.start && span.start <= span.end && span.end <= span.file.text.length)) {
      throw new Error(`a place outside the file: ${span.start}-${span.end}: ${text}`);
    }
  }
  const accepted = resolved?.intent !== undefined;
  if (accepted === hasErrors(all)) throw new Error('an intent in spite of errors, or neither of them');
  return accepted ? 'accepted' : policy === undefined ? 'unreadable' : 'faulty';
}

/** The examples, or the faulty policies of the golden tests. */
function texts(pattern: string): string[] {
  const root = new URL('../../', import.meta.url);
  return globSync(pattern, { cwd: root })
    .sort()
    .map((file) => readFileSync(new URL(file, root), 'utf8'));
}

/** What has broken readers of YAML before. */
const HOSTILE: readonly string[] = [
  '',
  '\0',
  '\ufeffportcullis: 1\r\n',
  'portcullis: 1\n'.repeat(2),
  '['.repeat(5000),
  '{'.repeat(5000),
  '- '.repeat(2000),
  '? '.repeat(2000),
  '{a: '.repeat(2000),
  '&a '.repeat(1000),
  '&a [*a]',
  'a: &a { <<: *a }',
  '<<: [{<<: {a: 1}}]',
  '!!binary =',
  '%YAML 9.9\n---\na',
  '"\\ud800"',
  '__proto__: { portcullis: 1 }',
  'portcullis: 1\nzones: { __proto__: { addresses: 10.0.0.1 }, constructor: { domains: a.b }, hasOwnProperty: {} }',
  'portcullis: 1\nflows: [{ name: toString, from: constructor, to: catalog:__proto__, service: valueOf }]',
  `portcullis: 1\nzones: { a: { addresses: [${'10.0.0.1,'.repeat(500)}] } }`,
  `portcullis: 1\nflows: [${'{},'.repeat(1500)}]`,
  `portcullis: 1\nzones:\n${Array.from({ length: 200 }, (_, i) => `  z${i}: { zones: z${i + 1} }`).join('\n')}\n`,
  `portcullis: 1\nservices:\n${Array.from({ length: 200 }, (_, i) => `  s${i}: [s${i + 1}, s${i + 2}]`).join('\n')}\n`,
  `portcullis: 1\nname: ${'x'.repeat(20_000)}\n`,
  `portcullis: 1\n${'#'.repeat(20_000)}\n`,
  'a: |1000000000\n x',
  "'".repeat(3001),
  '\u2028\u2029\u202e\u0085',
];

const TOKENS: readonly string[] = [
  ':', ': ', '-', '- ', '\n', '\n  ', '\t', ' ', '"', "'", '[', ']', '{', '}', ',', '#', '&a ', '*a', '!', '|', '>', '? ', '<<: ', '---\n',
  '...\n', '%', '@', '`', '\\', '\0', '\r', '\ufeff', '\ufffd', '\u202e', '\ud800', '~', 'null', 'true', '0', '-1', '1e9', '0x10', '4294967296',
  '99999', 'host', 'any', 'internet', 'catalog:', 'tcp/', 'tcp/0', 'tcp/65536', 'icmp/', '10.0.0.0/33', '::/0', '::ffff:1.2.3.4', '*.a.b', '2026-02-30',
  'portcullis: 1\n', 'zones:\n', 'flows:\n', 'include: x\n', 'except: agent', 'enforce: ranges', '__proto__', '/', '..',
]; // biome-ignore format: a list of tokens is easier to read in full lines

if (import.meta.main) {
  const [count = '100000', seed = '1'] = process.argv.slice(2);
  const { failures, ...figures } = fuzzPolicies(Number(count), Number(seed));
  process.stdout.write(`${JSON.stringify({ ...figures, failures: failures.length })}\n`);
  for (const { input, what } of failures) process.stdout.write(`${what}\n${JSON.stringify(input)}\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

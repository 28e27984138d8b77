/**
 * Throws mutated and hostile OpenClaw configurations, variables and machines at discovery:
 * `node test/fuzz/openclaw.ts [COUNT] [SEED]`. Whatever comes in, there must be nothing but diagnostics: no exception, no
 * endless work, no raw control character, no place outside the file. Where there are no errors, the policy that is written
 * must be sound and have exactly the flows that were meant, so that no name in a configuration can smuggle one in.
 */
import { globSync, readFileSync } from 'node:fs';
import { evaluate, parse } from '@humanwhocodes/momoa';
import { loadCatalog, loadConfigKeys } from '../../src/catalog/index.ts';
import { type Diagnostic, escapeControls, hasErrors, renderDiagnostic } from '../../src/diagnostic/index.ts';
import { discover, type MachineFacts, proposePolicy } from '../../src/discover/index.ts';
import { loadPolicyText } from '../../src/policy/index.ts';
import { resolvePolicy } from '../../src/resolve/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { SERVER } from '../openclaw/support.ts';
import { Mutator } from './mutation.ts';

export interface FuzzResult {
  readonly inputs: number;
  readonly seed: number;
  readonly written: number; // became a policy
  readonly read: number; // were JSON5
  readonly failures: readonly { readonly input: string; readonly what: string }[];
  readonly slowestMs: number;
  readonly peakMemoryMiB: number; // resident, of the whole process
}

const FAILURES_KEPT = 10;
const SLOW_MS = 2000; // no input here is longer than a few kilobytes
const LONGEST = 20_000; // characters
const PATH = '/home/openclaw/.openclaw/openclaw.json';

const catalog = loadCatalog();
const keys = loadConfigKeys();

export function fuzzConfigurations(count: number, seed: number): FuzzResult {
  const mutator = new Mutator(seed);
  const sound = texts('test/openclaw/configs/**/*.json*');
  const trees = sound.map((text) => evaluate(parse(text, { mode: 'json5' })));
  const corpus = [...sound, ...texts('test/openclaw/broken/*'), ...HOSTILE];
  const failures: { input: string; what: string }[] = [];
  let written = 0;
  let read = 0;
  let slowestMs = 0;
  let peakMemoryMiB = 0;
  for (let number = 0; number < count; number++) {
    const input = number < corpus.length ? corpus[number]! : nextInput(mutator, sound, trees, corpus);
    const started = performance.now();
    try {
      const outcome = tryOne(input, sound, mutator);
      if (outcome !== 'unreadable') read++;
      if (outcome === 'written') written++;
    } catch (error) {
      if (failures.length < FAILURES_KEPT)
        failures.push({ input, what: String(error instanceof Error ? error.stack : error) });
    }
    const took = performance.now() - started;
    if (took > SLOW_MS && failures.length < FAILURES_KEPT)
      failures.push({ input, what: `took ${Math.round(took)} ms` });
    slowestMs = Math.max(slowestMs, took);
    if (number % 100 === 0) peakMemoryMiB = Math.max(peakMemoryMiB, process.memoryUsage.rss() / 2 ** 20);
  }
  return {
    inputs: count,
    seed,
    written,
    read,
    failures,
    slowestMs: Math.round(slowestMs),
    peakMemoryMiB: Math.round(peakMemoryMiB),
  };
}

/** Half of them broken as text, half of them with other values in the right shape, so that the deeper parts are reached. */
function nextInput(
  mutator: Mutator,
  sound: readonly string[],
  trees: readonly unknown[],
  corpus: readonly string[],
): string {
  if (mutator.random() < 0.5)
    return mutator.mutate(mutator.pick(mutator.random() < 0.8 ? sound : corpus), corpus, TOKENS, LONGEST);
  let tree = mutator.pick(trees);
  for (let left = 1 + mutator.below(3); left > 0; left--) tree = graft(tree, mutator, trees);
  return JSON.stringify(tree);
}

/** The tree with one value, key or branch replaced: by a hostile word, a value of another type, a branch of another tree. */
function graft(tree: unknown, mutator: Mutator, trees: readonly unknown[]): unknown {
  if (typeof tree !== 'object' || tree === null || mutator.random() < 0.05) return scion(mutator, trees);
  const entries = Object.entries(tree);
  if (entries.length === 0 || mutator.random() < 0.1) return { ...tree, [mutator.pick(WORDS)]: scion(mutator, trees) };
  const chosen = mutator.below(entries.length);
  const grafted = entries.map(([key, value], index) => [key, index === chosen ? graft(value, mutator, trees) : value]);
  return Array.isArray(tree) ? grafted.map(([, value]) => value) : Object.fromEntries(grafted);
}

function scion(mutator: Mutator, trees: readonly unknown[]): unknown {
  const values = [mutator.pick(WORDS), mutator.pick(WORDS), 0, -1, 65536, 8080, 1.5, true, false, null, [], {}];
  return mutator.random() < 0.2 ? mutator.pick(trees) : mutator.pick(values);
}

function tryOne(input: string, others: readonly string[], mutator: Mutator): 'unreadable' | 'faulty' | 'written' {
  const discovery = discover({
    path: PATH,
    files: {
      realPath: (path) => path,
      read: (path) =>
        path === PATH
          ? { text: input }
          : mutator.random() < 0.3
            ? { unreadable: 'absent' }
            : { text: mutator.pick(others) },
    },
    environment: [Object.fromEntries(VARIABLES.map((name) => [name, mutator.pick(WORDS)]))],
    catalog,
    keys,
  });
  assertHarmless(discovery.diagnostics);
  if (hasErrors(discovery.diagnostics))
    return discovery.diagnostics.some(({ code }) => code === 'D0002' || code === 'D0004') ? 'unreadable' : 'faulty';
  const proposal = proposePolicy({ discovery, machine: hostileMachine(mutator), catalog });
  assertHarmless(proposal.diagnostics);
  const { policy, diagnostics } = loadPolicyText(new SourceFile('portcullis.yaml', proposal.text), () => ({
    reason: 'no',
  }));
  if (policy === undefined) throw new Error(`no policy: ${report(diagnostics)}\n${proposal.text}`);
  const context = { accounts: SERVER.accounts, catalog, today: '2026-11-22' };
  const resolved = resolvePolicy(policy, context);
  const all = [...diagnostics, ...resolved.diagnostics];
  if (resolved.intent === undefined || hasErrors(all)) throw new Error(`not sound: ${report(all)}\n${proposal.text}`);
  const meant = proposal.flows.filter(({ offered }) => !offered).map(({ name }) => name);
  const found = resolved.intent.grants.map(({ name }) => name);
  if (found.join() !== meant.join()) throw new Error(`flows ${found.join()} instead of ${meant.join()}`);
  if (proposal.text.split('\n').some((line) => escapeControls(line) !== line))
    throw new Error('raw control characters');
  return 'written';
}

function report(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map((diagnostic) => renderDiagnostic(diagnostic)).join('\n');
}

function assertHarmless(diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) {
    const text = renderDiagnostic(diagnostic);
    if (text.split('\n').some((line) => escapeControls(line) !== line))
      throw new Error(`raw control characters: ${text}`);
    const { span } = diagnostic;
    if (span !== undefined && !(0 <= span.start && span.start <= span.end && span.end <= span.file.text.length))
      throw new Error(`a place outside the file: ${span.start}-${span.end}: ${text}`);
  }
}

/** The server of the golden tests with words from outside in every place that takes one. */
function hostileMachine(mutator: Mutator): MachineFacts {
  return {
    ...SERVER,
    hostName: mutator.pick(WORDS),
    timeServers: mutator.random() < 0.5 ? [] : [mutator.pick(WORDS), mutator.pick(WORDS)],
    sockets: SERVER.sockets.map((socket) => ({ ...socket, program: mutator.pick(WORDS) })),
    interfaces: mutator.random() < 0.5 ? SERVER.interfaces : ['docker0', 'tailscale0'],
  };
}

function texts(pattern: string): string[] {
  const root = new URL('../../', import.meta.url);
  return globSync(pattern, { cwd: root })
    .sort()
    .map((file) => readFileSync(new URL(file, root), 'utf8'));
}

const VARIABLES = [
  'OPENCLAW_GATEWAY_PORT',
  'OPENCLAW_PROXY_URL',
  'OPENAI_API_KEY',
  'AWS_REGION',
  'SEARXNG_BASE_URL',
  'LLM_BASE_URL',
  'HOMESERVER',
  'BRAVE_API_KEY',
];

/** What might stand where a name, a host or a URL is expected. */
const WORDS: readonly string[] = [
  '',
  'plain',
  'https://example.com',
  'http://127.0.0.1:3128',
  'http://proxy.example.com:3128',
  'http://[2001:db8::1]:1',
  '18789',
  '99999',
  'eu-central-1',
  '../..',
  'a: b',
  '"',
  "'",
  '# comment',
  'x\n  - name: evil\n    from: any\n    to: any\n    service: any',
  'x\u2028  - name: evil',
  '\u0000\u001b[31m\u202e',
  '\ud800',
  'x'.repeat(5000),
  '__proto__',
  '*.example.com',
  '- a',
  '&a *a !a |',
];

const HOSTILE: readonly string[] = [
  '',
  '\0',
  '\ufeff{}',
  '['.repeat(5000),
  '{a:'.repeat(5000),
  `${'['.repeat(100)}${']'.repeat(100)}`,
  `{"a":${'[{"b":'.repeat(45)}1${'}]'.repeat(45)}}`,
  '{ $include: ["./a", "./b", "./c"] }',
  `{ $include: [${'"./a",'.repeat(1000)}] }`,
  '{ __proto__: { channels: { discord: {} } }, constructor: 1, toString: {} }',
  '{ channels: { __proto__: {}, constructor: { enabled: true }, toString: {} } }',
  '{ models: { providers: { __proto__: { baseUrl: "https://x.example.com" }, hasOwnProperty: {} } } }',
  '{ agents: { defaults: { model: "__proto__/x", models: { "constructor/x": {} } } } }',
  '{ mcp: { servers: { "x\\n  - name: evil\\n    from: any": { url: "https://m.example.com" } } } }',
  '{ mcp: { servers: { "\\u202e\\u0000": { command: "x" }, "": { url: "https://m.example.com" } } } }',
  `{ mcp: { servers: { "${'x'.repeat(5000)}": { url: "https://m.example.com" } } } }`,
  `{ mcp: { servers: { ${Array.from({ length: 300 }, (_, i) => `s${i}: { url: "https://s${i}.example.com" }`).join(', ')} } } }`,
  '{ models: { providers: { a: { baseUrl: "http://any" }, b: { baseUrl: "http://host:1" }, c: { baseUrl: "http://agent" }, d: { baseUrl: "http://catalog:1" } } } }',
  '{ models: { providers: { a: { baseUrl: "http://_x.example.com" }, b: { baseUrl: "http://xn--a" }, c: { baseUrl: "http://1.2.3" } } } }',
  '{ mcp: { servers: { ssh: { url: "https://a.example.com" } } }, models: { providers: { ssh: { baseUrl: "http://x:1" }, dns: { baseUrl: "http://y:1" }, web: { baseUrl: "http://z:1" }, "1a": { baseUrl: "http://w:1" }, "1.a": { baseUrl: "http://v:1" }, "1-a": { baseUrl: "http://u:1" } } } }',
  '{ gateway: { port: 1e999, bind: "custom", customBindHost: "::" } }',
  '{ gateway: { port: NaN }, channels: { irc: { port: -1, host: "x" } } }',
];

// biome-ignore format: a list of tokens is easier to read in full lines
const TOKENS: readonly string[] = [
  '{', '}', '[', ']', ',', ':', "'", '"', '\\', '\\u', '\\x', '\\\n', '//', '/*', '*/', '\n', '\t', ' ', '\0', '\r', '\ufeff', '\u2028',
  '\u202e', '\ud800', 'null', 'true', 'false', 'NaN', 'Infinity', '-', '+', '.', '0', '0x', '1e9', '65536', '-1', '${', '${HOME}', '$${A}',
  '$include: "./a", ', '$include: 5, ', 'enabled: false, ', 'enabled: "x", ', 'baseUrl: "http://x:1", ', 'baseUrl: 5, ', 'url: "x y", ', '__proto__: ',
  'accounts: { a: { homeserver: "https://a.example.com" } }, ', 'host: "a b", ', 'port: 0, ', 'proxy: { enabled: true }, ', 'http://', '[::1]', '@', '/', '#', '?',
];

if (import.meta.main) {
  const [count = '100000', seed = '1'] = process.argv.slice(2);
  const { failures, ...figures } = fuzzConfigurations(Number(count), Number(seed));
  process.stdout.write(`${JSON.stringify({ ...figures, failures: failures.length })}\n`);
  for (const { input, what } of failures) process.stdout.write(`${what}\n${JSON.stringify(input)}\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

/**
 * Throws mutated and hostile rulesets, in nft's text and its JSON, at the reader: `node test/fuzz/nftables.ts [COUNT] [SEED]`. Whatever the
 * bytes, there must be an error with a place, or a ruleset in which every rule of the text is still there; no exception, no endless work.
 * What passes here is not proven right, only harmless.
 */
import { globSync, readFileSync } from 'node:fs';
import { escapeControls, hasErrors, renderDiagnostic } from '../../src/diagnostic/index.ts';
import type { Ruleset } from '../../src/ir/index.ts';
import { DiagramTooLarge, HeaderSpace } from '../../src/packetset/index.ts';
import { denote } from '../../src/semantics/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { nftablesTarget, type Program } from '../../src/target/nftables/index.ts';
import { finalProgram } from '../../src/target/nftables/program.ts';
import { includeBeside } from '../corpus/read.ts';
import { Mutator } from './mutation.ts';

export interface FuzzResult {
  readonly inputs: number;
  readonly seed: number;
  readonly read: number; // became a ruleset
  readonly opaque: number; // of those, with parts that are not understood
  readonly tooLarge: number; // of those, refused by `denote` for their size
  readonly failures: readonly { readonly input: string; readonly what: string }[];
  readonly slowestMs: number;
  readonly peakMemoryMiB: number; // resident, of the whole process
}

const FAILURES_KEPT = 10;
const LONGEST = 60_000; // characters of an input
const SLOW_MS = 3000;

export function fuzzRulesets(count: number, seed: number): FuzzResult {
  const mutator = new Mutator(seed);
  const texts = [...corpus('test/corpus/nft/*.nft'), ...corpus('test/contract/golden/*.nft')];
  const documents = [...corpus('test/corpus/nft/listed/*.json'), ...corpus('test/contract/golden/nftables-*.json')];
  const whole = [...texts, ...documents, ...HOSTILE];
  const failures: { input: string; what: string }[] = [];
  const figures = { read: 0, opaque: 0, tooLarge: 0, slowestMs: 0, peakMemoryMiB: 0 };
  for (let number = 0; number < count; number++) {
    const input = whole[number] ?? mutated(mutator, texts, documents);
    const started = performance.now();
    try {
      const outcome = readOne(input);
      if (outcome !== 'refused') figures.read++;
      if (outcome === 'opaque') figures.opaque++;
      if (outcome === 'too large') figures.tooLarge++;
    } catch (error) {
      if (failures.length < FAILURES_KEPT)
        failures.push({ input, what: String(error instanceof Error ? error.stack : error) });
    }
    const took = performance.now() - started;
    if (took > SLOW_MS && failures.length < FAILURES_KEPT)
      failures.push({ input, what: `took ${Math.round(took)} ms` });
    figures.slowestMs = Math.max(figures.slowestMs, took);
    if (number % 256 === 0)
      figures.peakMemoryMiB = Math.max(figures.peakMemoryMiB, process.memoryUsage.rss() / 2 ** 20);
  }
  return { inputs: count, seed, ...figures, failures };
}

/** Mostly a part of a ruleset, so that what follows the mutation is read too. */
function mutated(mutator: Mutator, texts: readonly string[], documents: readonly string[]): string {
  if (mutator.random() < 0.3) {
    const small = documentPart(mutator, mutator.pick(documents));
    return mutator.mutate(small, documents, JSON_TOKENS, LONGEST);
  }
  const text = mutator.pick(texts);
  const lines = text.split('\n');
  // A rule taken out or put elsewhere leaves text that can still be read.
  if (mutator.random() < 0.4) {
    for (let left = 1 + mutator.below(4); left > 0; left--) {
      lines.splice(mutator.below(lines.length), mutator.below(2), mutator.pick(lines));
    }
    return lines.join('\n');
  }
  if (mutator.random() < 0.5) {
    const at = mutator.below(lines.length);
    lines[at] = mutator.mutate(lines[at]!, texts, TOKENS, 400);
    return lines.join('\n');
  }
  return mutator.mutate(text, texts, TOKENS, LONGEST);
}

/** A listing's declarations with a few of its rules, as JSON. */
function documentPart(mutator: Mutator, document: string): string {
  const parsed: unknown = JSON.parse(document);
  if (typeof parsed !== 'object' || parsed === null || !('nftables' in parsed) || !Array.isArray(parsed.nftables))
    return document;
  const rules = parsed.nftables.filter((item: unknown) => isRule(item));
  const others = parsed.nftables.filter((item: unknown) => !isRule(item));
  const few = Array.from({ length: 6 }, () => mutator.pick(rules));
  return JSON.stringify({ nftables: [...others, ...few] });
}

function isRule(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'rule' in item;
}

function readOne(input: string): 'refused' | 'read' | 'opaque' | 'too large' {
  const file = new SourceFile('input', input);
  const { ast, diagnostics } = nftablesTarget.parse([file], (pattern) =>
    pattern.startsWith('parts/') ? includeBeside(pattern, PIECES) : { problem: 'there is no such file' },
  );
  for (const diagnostic of diagnostics) {
    const text = renderDiagnostic(diagnostic);
    if (text.split('\n').some((line) => escapeControls(line) !== line))
      throw new Error(`raw control characters: ${text}`);
    const { span } = diagnostic;
    if (span === undefined) throw new Error(`no place: ${text}`);
    if (!(0 <= span.start && span.start <= span.end && span.end <= span.file.text.length)) {
      throw new Error(`a place outside the file: ${span.start}-${span.end}: ${text}`);
    }
  }
  if ((ast !== undefined) === hasErrors(diagnostics))
    throw new Error('a program in spite of errors, or neither of them');
  if (ast === undefined) return 'refused';
  const { ruleset, opaque } = nftablesTarget.lift(ast);
  checkEveryRule(ast, ruleset);
  try {
    denote(new HeaderSpace(), ruleset);
  } catch (error) {
    if (error instanceof DiagramTooLarge) return 'too large';
    throw error;
  }
  return opaque.length > 0 ? 'opaque' : 'read';
}

const PIECES = new SourceFile(new URL('../corpus/nft/pieces.nft', import.meta.url).pathname, '');
const DECIDING = ['inet', 'ip', 'ip6', 'netdev'];

/** No rule is left out silently. */
function checkEveryRule(program: Program, ruleset: Ruleset): void {
  const lifted = new Set(
    ruleset.tables.flatMap((table) => table.chains.flatMap((chain) => chain.rules.map((rule) => rule.origin.span))),
  );
  for (const table of finalProgram(program).tables) {
    if (!DECIDING.includes(table.family) || table.dormant === 'yes') continue;
    for (const chain of table.chains) {
      for (const rule of chain.rules) {
        if (!lifted.has(rule.span))
          throw new Error(`a rule of chain ${chain.name} is missing: ${JSON.stringify(rule.statements.length)}`);
      }
    }
  }
}

function corpus(pattern: string): string[] {
  const root = new URL('../../', import.meta.url);
  return globSync(pattern, { cwd: root })
    .sort()
    .map((file) => readFileSync(new URL(file, root), 'utf8'));
}

/** A rule in a chain in a table. */
function ruled(rule: string): string {
  return `table inet t {\nchain c {\ntype filter hook input priority 0;\n${rule}\n}\n}\n`;
}

const DOUBLING = Array.from({ length: 40 }, (_, at) => `define v${at + 1} = { $v${at}, $v${at} }`).join('\n');

/** What breaks readers. */
const HOSTILE: readonly string[] = [
  '',
  '\0',
  '\ufefftable ip t {\r\n}\r\n',
  '{'.repeat(20_000),
  '('.repeat(20_000),
  ruled(`ip saddr ${'{'.repeat(10_000)}`),
  ruled(`meta mark ${'('.repeat(10_000)}1`),
  ruled(`meta mark ${'1 | '.repeat(10_000)}1 accept`),
  ruled(`meta mark & ${'1 & '.repeat(10_000)}1 == 1 accept`),
  ruled(`ip saddr${' . ip saddr'.repeat(5_000)} { 1.1.1.1 } accept`),
  ruled('counter '.repeat(10_000)),
  ruled(`jhash ${'jhash '.repeat(5_000)}`),
  ruled(`add @s ${'{ ip saddr add @s '.repeat(2_000)}`),
  ruled('ip saddr & 85.85.85.85 == 1.1.1.1 ip daddr & 85.85.85.85 > 1.1.1.1 accept'),
  ruled('ip6 saddr & 5555:5555:5555:5555:5555:5555:5555:5555 != ::1 accept'),
  ruled('tcp dport & 0x5555 != 0x1111 tcp sport & 0xaaaa 0x2222 accept'),
  ruled('meta mark ^ 0x55555555 0x1-0xfffffffe accept'),
  ruled('tcp dport 0-0xffffffffffff accept'),
  ruled('meta mark 0xffffffffffffffffffff accept'),
  ruled('meta mark << 99 == 1 accept'),
  ruled('@nh,0,65535 1 accept'),
  ruled('meta mark set tcp dport map { 1 : 1, 2 : 2 } meta mark set tcp sport map { 1 : 1, 2 : 2 } accept'),
  ruled('meta mark set mark xor 1 meta mark 1 accept'),
  `define v0 = { 1.1.1.1, 2.2.2.2 }\n${DOUBLING}\n${ruled('ip saddr $v40 accept')}`,
  'define x = $x\n',
  'include "parts/*.nft"\ninclude "parts/*.nft"\n',
  'include "nowhere.nft"\n',
  'delete rule inet t c handle 99999999999999999999\n',
  'add rule inet t c index 5 accept\n',
  'table inet t {\nmap m { type inet_service : verdict; flags timeout; elements = { 22 timeout 1s : jump c } }\nchain c {\ntcp dport vmap @m\n}\n}\n',
  `table ip t {\n${Array.from({ length: 3000 }, (_, at) => `chain c${at} { jump c${at + 1}; }`).join('\n')}\nchain c3000 { }\n}\n`,
  `{"nftables": ${'['.repeat(20_000)}`,
  '{"nftables": [{"table": {"family": "inet", "name": "t", "flags": "\\u0000"}}]}',
  `{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip", "table": "t", "name": "c"}}, {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"match": {"op": "==", "left": ${'{"&": ['.repeat(2_000)}`,
  '{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip", "table": "t", "name": "c"}}, {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": ["accept accept", 5, null, {}]}}]}',
  '{"nftables": [{"__proto__": {}}, {"constructor": 1}, {"table": {"family": "ip", "name": "__proto__"}}]}',
];

const TOKENS: readonly string[] = [
  '{', '}', '(', ')', '[', ']', '"', ';', '\n', '\\\n', ' . ', ' @s ', ' $x ', ' != ', ' == ', ' < ', ' ! ', ' & ', ' | ', ' ^ ', ' << ', ' >> ', ' / ', ',', ':', '-', '*', '#', '0x',
  '::', '999', '4294967296', '18446744073709551616', '-1', '10.0.0.1', '10.0.0.0/33', '2001:db8::/129', '00:11:22:33:44:55', '1:10', '5m', ' accept', ' drop', ' return', ' jump sub',
  ' goto in', ' continue', ' reject with tcp reset', ' vmap { 1 : accept, * : drop }', ' map { 1 : 2 }', ' set 1', ' meta mark', ' ct state new', ' ct original ip saddr', ' ip saddr', ' ip6 saddr',
  ' tcp dport 22', ' th dport', ' tcp flags syn / syn,ack', ' @nh,96,32', ' numgen random mod 3', ' jhash ip saddr mod 2', ' limit rate 1/second', ' quota over 1 bytes', ' ct count 1', ' notrack',
  ' queue', ' dnat to 10.0.0.1:80', ' snat ip6 to [::1]:80', ' masquerade', ' redirect to :1', ' tproxy to :1', ' synproxy', ' fwd to lo', ' dup to 1.1.1.1', ' flow add @f', ' xt target "X"',
  ' xt match "Y"', ' update @s { ip saddr }', ' meter m { ip saddr limit rate 1/second }', ' comment "x"', ' counter', ' log prefix "x"', 'define x = ', 'undefine x', 'include "parts/*.nft"', 'flush ruleset',
  'delete table inet t', 'add rule inet t in accept', 'insert rule inet t in index 0 drop', 'table ip t {', 'chain c {', 'set s { type ipv4_addr; }', 'map m { type mark : verdict; }',
  'type filter hook input priority 0; policy drop;', 'type nat hook prerouting priority dstnat', 'flags dormant', 'flags timeout', 'elements = {', '\0', '\ufeff', '\u202e', '\ud800', '__proto__',
]; // biome-ignore format: a list of tokens is easier to read in full lines

const JSON_TOKENS: readonly string[] = [
  '{', '}', '[', ']', '"', ',', ':', 'null', 'true', '-1', '0', '1e99', '4294967296', '"@s2"', '"*"', '"10.0.0.1"', '"tcp"', '{"accept": null}', '{"drop": null}', '{"jump": {"target": "sub"}}',
  '{"set": []}', '{"set": ["@s1"]}', '{"range": [2, 1]}', '{"prefix": {"addr": 1, "len": 99}}', '{"prefix": {"addr": "::", "len": 0}}', '{"concat": []}', '{"&": [1, 2]}', '{"|": [{"|": [1, 2]}, 3]}',
  '{"meta": {"key": "mark"}}', '{"payload": {"base": "nh", "offset": 1, "len": 99}}', '{"ct": {"key": "mark"}}', '{"elem": {"val": 1}}', '{"map": {"key": 1, "data": 2}}', '"op": "in"', '"left"', '"right"',
  '{"xt": null}', '{"queue": null}', '{"notrack": null}', '{"numgen": {"mode": "inc", "mod": 2}}', '"__proto__"', '\\u0000', '\ud800',
]; // biome-ignore format: as above

if (import.meta.main) {
  const [count = '100000', seed = '1'] = process.argv.slice(2);
  const { failures, ...figures } = fuzzRulesets(Number(count), Number(seed));
  process.stdout.write(`${JSON.stringify({ ...figures, failures: failures.length })}\n`);
  for (const { input, what } of failures) process.stdout.write(`${what}\n${JSON.stringify(input).slice(0, 3000)}\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

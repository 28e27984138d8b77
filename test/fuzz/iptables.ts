/**
 * Throws mutated and hostile texts of `iptables-save` and `ipset save` at the reader: `node test/fuzz/iptables.ts [COUNT] [SEED] [--write]`. Whatever
 * the bytes, there must be an error with a place, or a ruleset in which every rule of the text is still there; no exception, no endless work.
 * What passes here is not proven right, only harmless. `--write` keeps the figures in test/fuzz/results/.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { escapeControls, hasErrors, renderDiagnostic } from '../../src/diagnostic/index.ts';
import type { Ruleset } from '../../src/ir/index.ts';
import { DiagramStore, DiagramTooLarge, HeaderSpace } from '../../src/packetset/index.ts';
import { denote } from '../../src/semantics/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { iptablesReader, type Program } from '../../src/target/iptables/index.ts';
import { Mutator } from './mutation.ts';

export interface IptablesFuzzResult {
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
const LONGEST = 20_000; // characters of an input
const SLOW_MS = 3000;
const MAX_NODES = 300_000;

export function fuzzIptables(count: number, seed: number): IptablesFuzzResult {
  const mutator = new Mutator(seed);
  const texts = corpus('test/corpus/iptables/*.{rules,ipset}');
  const whole = [...texts, ...HOSTILE];
  const failures: { input: string; what: string }[] = [];
  const figures = { read: 0, opaque: 0, tooLarge: 0, slowestMs: 0, peakMemoryMiB: 0 };
  for (let number = 0; number < count; number++) {
    const input = whole[number] ?? mutated(mutator, texts);
    const started = process.cpuUsage();
    try {
      const outcome = readOne(input);
      if (outcome !== 'refused') figures.read++;
      if (outcome === 'opaque') figures.opaque++;
      if (outcome === 'too large') figures.tooLarge++;
    } catch (error) {
      if (failures.length < FAILURES_KEPT)
        failures.push({ input, what: String(error instanceof Error ? error.stack : error) });
    }
    const { user, system } = process.cpuUsage(started); // a busy machine makes nobody slow
    const took = (user + system) / 1000;
    if (took > SLOW_MS && failures.length < FAILURES_KEPT)
      failures.push({ input, what: `took ${Math.round(took)} ms` });
    figures.slowestMs = Math.max(figures.slowestMs, took);
    if (number % 256 === 0)
      figures.peakMemoryMiB = Math.max(figures.peakMemoryMiB, process.memoryUsage.rss() / 2 ** 20);
  }
  return { inputs: count, seed, ...figures, failures };
}

/** Mostly lines taken out, put elsewhere or changed, so that the rest can still be read. */
function mutated(mutator: Mutator, texts: readonly string[]): string {
  const text = mutator.pick(texts);
  const lines = text.split('\n');
  const choice = mutator.random();
  if (choice < 0.3) {
    for (let left = 1 + mutator.below(4); left > 0; left--)
      lines.splice(mutator.below(lines.length), mutator.below(2), mutator.pick(mutator.pick(texts).split('\n')));
    return lines.join('\n');
  }
  if (choice < 0.6) {
    const at = mutator.below(lines.length);
    lines[at] = mutator.mutate(lines[at]!, texts, TOKENS, 400);
    return lines.join('\n');
  }
  if (choice < 0.85) {
    // A word of a rule for another.
    const at = mutator.below(lines.length);
    const words = lines[at]!.split(' ');
    words.splice(mutator.below(words.length), mutator.below(2), mutator.pick(TOKENS).trim());
    lines[at] = words.join(' ');
    return lines.join('\n');
  }
  return mutator.mutate(text, texts, TOKENS, LONGEST);
}

function readOne(input: string): 'refused' | 'read' | 'opaque' | 'too large' {
  const { ast, diagnostics } = iptablesReader.parse([new SourceFile('input', input)]);
  for (const diagnostic of diagnostics) {
    const text = renderDiagnostic(diagnostic);
    if (text.split('\n').some((line) => escapeControls(line) !== line))
      throw new Error(`raw control characters: ${text}`);
    const { span } = diagnostic;
    if (span === undefined) throw new Error(`no place: ${text}`);
    if (!(0 <= span.start && span.start <= span.end && span.end <= span.file.text.length))
      throw new Error(`a place outside the file: ${span.start}-${span.end}: ${text}`);
  }
  if ((ast !== undefined) === hasErrors(diagnostics))
    throw new Error('a program in spite of errors, or neither of them');
  if (ast === undefined) return 'refused';
  const { ruleset, opaque } = iptablesReader.lift(ast);
  checkEveryRule(input, ast, ruleset);
  try {
    denote(new HeaderSpace(new DiagramStore({ maxNodes: MAX_NODES })), ruleset);
  } catch (error) {
    if (error instanceof DiagramTooLarge) return 'too large';
    throw error;
  }
  return opaque.length > 0 ? 'opaque' : 'read';
}

/** No rule is left out silently: each of the program is in the ruleset, and as many lines that append are in the program. */
function checkEveryRule(input: string, { tables }: Program, ruleset: Ruleset): void {
  const lifted = new Set(
    ruleset.tables.flatMap((table) => table.chains.flatMap((chain) => chain.rules.map((rule) => rule.origin.span))),
  );
  const rules = tables.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules));
  for (const rule of rules) if (!lifted.has(rule.span)) throw new Error(`a rule is missing: ${rule.span?.start}`);
  const commands = input.split('\n').map((line) => /^\s*(?:\[\d+:\d+\]\s*)?(-\S+)/.exec(line)?.[1]);
  const changesOthers = commands.some(
    (command) =>
      command !== undefined && !/^(?:-[AINPZ]|--append|--insert|--new|--new-chain|--policy|--zero)$/.test(command),
  );
  if (changesOthers || /(?:^|\s)(?:-[46]|--ipv[46]?)(?:\s|$)/m.test(input)) return;
  const appended = commands.filter(
    (command) => command !== undefined && /^(?:-[AI]|--append|--insert)$/.test(command),
  ).length;
  if (rules.length !== appended) throw new Error(`${appended} rules are written, ${rules.length} are read`);
}

function corpus(pattern: string): string[] {
  const root = new URL('../../', import.meta.url);
  return globSync(pattern, { cwd: root })
    .sort()
    .map((file) => readFileSync(new URL(file, root), 'utf8'));
}

/** A rule of the table filter. */
function ruled(rule: string, chains = ''): string {
  return `*filter\n:INPUT DROP [0:0]\n${chains}-A INPUT ${rule}\nCOMMIT\n`;
}

const MANY_CHAINS = Array.from({ length: 3000 }, (_, at) => `:c${at} - [0:0]\n`).join('');
const LONG_WAY = Array.from({ length: 2999 }, (_, at) => `-A c${at} -j c${at + 1}\n`).join('');

/** What breaks readers. */
const HOSTILE: readonly string[] = [
  '',
  '\0',
  '\ufeff*filter\r\n:INPUT DROP [0:0]\r\n-A INPUT -j ACCEPT\r\nCOMMIT\r\n',
  '*filter',
  'COMMIT\n',
  '*filter\nCOMMIT\nCOMMIT\n',
  '*__proto__\n:INPUT ACCEPT\nCOMMIT\n',
  '*filter\n:__proto__ - [0:0]\n:constructor - [0:0]\n-A INPUT -j __proto__\n-A __proto__ -j constructor\nCOMMIT\n',
  ruled('-m __proto__ --constructor 1 -j hasOwnProperty'),
  ruled('-p __proto__ -m icmp --icmp-type constructor -j ACCEPT'),
  ruled('-m conntrack --ctstate constructor,__proto__ -j ACCEPT'),
  ruled('-m tcp --tcp-flags __proto__ toString -j ACCEPT'),
  ruled('-m pkttype --pkt-type constructor -m dscp --dscp-class toString -m tos --tos valueOf -j ACCEPT'),
  ruled('! '.repeat(5_000)),
  ruled('-j '.repeat(3_000)),
  ruled(`${'-m comment --comment x '.repeat(3_000)}-j ACCEPT`),
  ruled(`-s ${'10.0.0.1,'.repeat(2_000)}10.0.0.1 -d ${'10.0.0.1,'.repeat(2_000)}10.0.0.1 -j ACCEPT`),
  ruled(`-m multiport --dports ${'1,'.repeat(10_000)}1 -j ACCEPT`),
  ruled('-s 85.85.85.85/85.85.85.85 -d 170.170.170.170/170.170.170.170 -j ACCEPT'),
  ruled('-m mark --mark 0xffffffffffffffffffff/-1 -j MARK --set-xmark 99999999999/0x'),
  ruled('-m tcp --sport 65535:0 --dport -1: -j ACCEPT'),
  ruled('-m iprange --src-range 10.0.0.9-10.0.0.1 -j ACCEPT'),
  ruled('-m comment --comment "never closed -j ACCEPT'),
  ruled('-m comment --comment "\\" -j ACCEPT'),
  ruled('-m length --length 1:2:3 -m ttl --ttl-eq 256 -j ACCEPT'),
  ruled('-j DNAT --to-destination 999.999.999.999:99999-0/x'),
  ruled('-j CONNMARK --save-mark --nfmask 0xff --ctmask 0x0f'),
  ruled('-g nowhere'),
  ruled('-p tcp -46 -j ACCEPT'),
  ruled('-j INPUT'),
  ruled('-j a', ':a - [0:0]\n:b - [0:0]\n-A a -j b\n-A b -g a\n'),
  `*filter\n${MANY_CHAINS}${LONG_WAY}-A INPUT -j c0\nCOMMIT\n`,
  '*filter\n:INPUT ACCEPT\n-R INPUT 9 -j DROP\n-D INPUT 99999999999999 \n-I INPUT 5 -j DROP\n-E INPUT\n-P INPUT\nCOMMIT\n',
  '*nat\n:PREROUTING ACCEPT\n-A PREROUTING -j REDIRECT --to-ports x\n-A PREROUTING -j NETMAP\nCOMMIT\n',
  `# Generated by ip6tables-save\n${ruled('-s 10.0.0.1 -j ACCEPT')}`,
  'create a list:set\nadd a a\nadd b 1\ncreate x\nswap a b\n',
  'create a hash:ip,port family inet6\nadd a 10.0.0.1,tcp:99999\nadd a x\nadd a ,,,,\n',
]; // biome-ignore format: one hostile input a line

const TOKENS: readonly string[] = [
  '!', ' ! ', '-', '--', '-A', '-A INPUT', '-I INPUT 1', '-D INPUT 1', '-N x', '-X', '-F', '-P INPUT DROP', '-E a b', ':', ':x - [0:0]', '*filter', '*nat', '*mangle', 'COMMIT', '# Generated by ip6tables-save v1.8.9',
  '[0:0]', '[1:', '"', '\\', "'", '\t', '\r', '\n', '\0', '\u202e', '\ud800', '__proto__', ',', '/', '=', '+', '-j', '-g', '-m', '-p', '-s', '-d', '-i', '-o', '-f', '-4', '-6', '-c 1 2', '-t nat', '-w', '-p tcp',
  '-p udp', '-p icmp', '-p ipv6-icmp', '-p 999', '-p all', '-s 10.0.0.1,10.0.0.2', '-s 10.0.0.0/255.0.0.255', '-s ::1', '-d localhost', '-i eth+', '-o ""', '-j ACCEPT', '-j DROP', '-j REJECT', '-j RETURN', '-j LOG',
  '-j MARK', '--set-xmark 0x1/0xff', '-j CONNMARK --save-mark', '-j DNAT --to-destination 10.0.0.1:80', '-j REDIRECT --to-ports 1', '-j MASQUERADE', '-j NFQUEUE', '-j CT --notrack', '-j NOTRACK', '-j TPROXY --on-port 1',
  '-j SET --add-set x src', '-j UNKNOWN', '-g x', '-m state --state NEW', '-m conntrack --ctstate DNAT', '--ctorigdst 10.0.0.1', '-m recent --set', '--update', '-m limit', '--limit 1/s', '-m hashlimit', '-m multiport',
  '--dports 1,2:3', '--dport', '22', '65536', '0x', '0x10', '010', '-1', '1:0', '4294967296', '-m set --match-set x src', '-m owner --uid-owner root', '-m mark --mark 1/1', '-m addrtype --dst-type LOCAL', '-m unknown --option 1',
  '-m u32 --u32 "0&0xFF=1"', '-m string --string x --algo bm', '-m comment --comment "x"', '-m iprange --src-range 10.0.0.1-10.0.0.2', '-m tcp --tcp-flags SYN SYN', '--syn', '--icmp-type any', '-m time', 'create x hash:ip', 'add x 10.0.0.1',
]; // biome-ignore format: a list of tokens is easier to read in full lines

if (import.meta.main) {
  const [count = '100000', seed = '1'] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const { failures, ...figures } = fuzzIptables(Number(count), Number(seed));
  const result = JSON.stringify({ ...figures, failures: failures.length });
  process.stdout.write(`${result}\n`);
  for (const { input, what } of failures) process.stdout.write(`${what}\n${JSON.stringify(input).slice(0, 3000)}\n`);
  if (process.argv.includes('--write')) {
    const folder = new URL('results/', import.meta.url);
    mkdirSync(folder, { recursive: true });
    writeFileSync(new URL('iptables.json', folder), `${result}\n`);
  }
  process.exitCode = failures.length === 0 ? 0 : 1;
}

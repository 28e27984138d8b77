import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { Family } from '../../net/index.ts';
import type { SourceFile, Span } from '../../source/index.ts';
import { type Chain, type ChainPolicy, type Rule, TABLE_NAMES, type Table, type TableName } from './ast.ts';
import { builtinEntry } from './builtin.ts';
import { familyOfName, familyOfRule, type Header, readHeader } from './family.ts';
import { type Line, linesOf, type Word, wordsOf } from './line.ts';
import { type ParsedRule, parseRule, SyntaxFailure } from './parse-rule.ts';
import { IPTABLES_PROBLEMS } from './problems.ts';

export interface RestoreFile {
  readonly tables: readonly Table[];
  readonly diagnostics: readonly Diagnostic[];
}

/** A file of `iptables-save`, `ip6tables-save` or both, or one that `iptables-restore` loads. */
export function parseRestore(file: SourceFile): RestoreFile {
  const reader = new RestoreReader(file);
  for (const line of linesOf(file)) reader.line(line);
  return reader.end();
}

/**
 * Files that `iptables-restore --noflush` loads one after the other: each adds to what the ones before have left, but a chain that
 * somebody made and that is declared again is emptied.
 */
export function parseRestores(files: readonly SourceFile[], family: Family): RestoreFile {
  const diagnostics: Diagnostic[] = [];
  let tables: readonly OpenTable[] = [];
  let last: RestoreReader | undefined;
  for (const file of files) {
    last = new RestoreReader(file, { family, tables });
    for (const line of linesOf(file)) last.line(line);
    for (const each of last.leave()) diagnostics.push(each);
    tables = last.tables;
  }
  return { tables: last?.end().tables ?? [], diagnostics };
}

/** A table that lines still change. */
interface OpenTable {
  readonly name: TableName;
  readonly header: Header | undefined;
  readonly chains: Map<string, OpenChain>;
  readonly span: Span;
  family: Family | undefined; // that its rules tell
  readonly only: (readonly [ParsedRule, Span])[]; // rules with `-4` or `-6`
}

interface OpenChain {
  name: string;
  policy: ChainPolicy | undefined;
  rules: ParsedRule[];
  readonly span: Span;
}

class RestoreReader {
  readonly #file: SourceFile;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #tables: OpenTable[];
  readonly #onto: Family | undefined; // what others have loaded stays
  #header: Header | undefined;
  #open: OpenTable | undefined;
  #skipping = false; // the rules of a table that does not exist

  constructor(file: SourceFile, onto?: { readonly family: Family; readonly tables: readonly OpenTable[] }) {
    this.#file = file;
    this.#tables = [...(onto?.tables ?? [])];
    this.#onto = onto?.family;
  }

  get tables(): readonly OpenTable[] {
    return this.#tables;
  }

  line({ start, end }: Line): void {
    const text = this.#file.text.slice(start, end).replace(start === 0 ? /^\ufeff/ : '', '');
    const first = start + (this.#file.text.slice(start, end).length - text.trimStart().length);
    const span = { file: this.#file, start: first, end: start + this.#file.text.slice(start, end).trimEnd().length };
    const trimmed = text.trim();
    if (trimmed === '') return;
    if (trimmed.startsWith('#')) {
      this.#header = readHeader(trimmed) ?? this.#header;
      return;
    }
    try {
      this.#statement(trimmed, span);
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error;
      this.#diagnostics.push(diagnose(IPTABLES_PROBLEMS.syntax, error.span, error.message));
    }
  }

  #statement(text: string, span: Span): void {
    if (text.startsWith('*')) {
      this.#begin(text.slice(1).trim(), span);
    } else if (text === 'COMMIT') {
      if (this.#open === undefined && !this.#skipping) throw new SyntaxFailure('no table is open', span);
      if (this.#open !== undefined && !this.#tables.includes(this.#open)) this.#tables.push(this.#open);
      this.#open = undefined;
      this.#skipping = false;
    } else if (!this.#skipping) {
      if (this.#open === undefined) throw new SyntaxFailure('no table is open', span);
      if (text.startsWith(':')) this.#declare(this.#open, text.slice(1), span);
      else this.#command(this.#open, span);
    }
  }

  #begin(name: string, span: Span): void {
    if (this.#open !== undefined) this.#notCommitted(this.#open);
    const known = TABLE_NAMES.find((each) => each === name);
    this.#skipping = known === undefined;
    this.#open =
      known === undefined
        ? undefined
        : (this.#standing(known) ?? {
            name: known,
            header: this.#header,
            chains: new Map(),
            span,
            family: undefined,
            only: [],
          });
    if (known === undefined) this.#diagnostics.push(diagnose(IPTABLES_PROBLEMS.unknownTable, span, name));
  }

  #standing(name: TableName): OpenTable | undefined {
    return this.#onto === undefined ? undefined : this.#tables.find((table) => table.name === name);
  }

  /** `:INPUT DROP [0:0]` */
  #declare(table: OpenTable, text: string, span: Span): void {
    const [name = '', policy] = text.trim().split(/\s+/);
    if (name === '' || policy === undefined) throw new SyntaxFailure('a chain has a name and a policy', span);
    const isBuiltin = builtinEntry(table.name, name) !== undefined;
    if (isBuiltin && policy !== 'ACCEPT' && policy !== 'DROP' && policy !== '-')
      throw new SyntaxFailure(`\`${policy}\` is no policy of a chain`, span);
    const before = table.chains.get(name);
    const given = isBuiltin && policy !== '-' ? (policy === 'DROP' ? 'DROP' : 'ACCEPT') : undefined;
    if (before === undefined)
      table.chains.set(name, { name, policy: isBuiltin ? (given ?? 'ACCEPT') : undefined, rules: [], span });
    else if (given !== undefined) before.policy = given;
    else if (this.#onto !== undefined && !isBuiltin) before.rules = [];
  }

  #command(table: OpenTable, span: Span): void {
    const counters = /^\[\d+:\d+\]/.exec(this.#file.text.slice(span.start, span.end));
    const start = span.start + (counters?.[0].length ?? 0);
    const words = wordsOf(this.#file, start, span.end);
    if (words === undefined) throw new SyntaxFailure('a quote is never closed', span);
    const [command, name, ...rest] = words;
    if (command === undefined) throw new SyntaxFailure('a rule is missing', span);
    const own = { ...span, start: command.span.start };
    const chainName = (): string => {
      if (name === undefined) throw new SyntaxFailure(`\`${command.text}\` wants a chain`, span);
      return name.text;
    };
    switch (command.text) {
      case '-A':
      case '--append':
        this.#chain(table, chainName(), own)?.rules.push(this.#rule(table, rest, own));
        break;
      case '-I':
      case '--insert': {
        const [position, words] = withNumber(rest);
        const chain = this.#chain(table, chainName(), own);
        const rule = this.#rule(table, words, own);
        if (chain !== undefined && position !== undefined && position > chain.rules.length + 1)
          this.#missing('place', String(position), own);
        chain?.rules.splice((position ?? 1) - 1, 0, rule);
        break;
      }
      case '-R':
      case '--replace': {
        const [position, words] = withNumber(rest);
        if (position === undefined) throw new SyntaxFailure(`\`${command.text}\` wants the number of a rule`, span);
        const rule = this.#rule(table, words, own);
        this.#at(this.#chain(table, chainName(), own), position, own, (rules, index) => rules.splice(index, 1, rule));
        break;
      }
      case '-D':
      case '--delete':
        this.#delete(this.#chain(table, chainName(), own), rest, own);
        break;
      case '-N':
      case '--new-chain':
      case '--new':
        if (table.chains.has(chainName()) || builtinEntry(table.name, chainName()) !== undefined)
          throw new SyntaxFailure(`there is a chain \`${chainName()}\` already`, own);
        table.chains.set(chainName(), { name: chainName(), policy: undefined, rules: [], span: own });
        break;
      case '-F':
      case '--flush':
        if (name === undefined) for (const chain of table.chains.values()) chain.rules = [];
        else {
          const chain = this.#chain(table, name.text, own);
          if (chain !== undefined) chain.rules = [];
        }
        break;
      case '-X':
      case '--delete-chain':
        if (name !== undefined && !table.chains.has(name.text)) this.#missing('chain', name.text, own);
        for (const each of [...table.chains.keys()]) {
          if (name === undefined ? builtinEntry(table.name, each) === undefined : each === name.text)
            table.chains.delete(each);
        }
        break;
      case '-P':
      case '--policy': {
        const [policy] = rest;
        if (policy?.text !== 'ACCEPT' && policy?.text !== 'DROP')
          throw new SyntaxFailure('a policy is `ACCEPT` or `DROP`', span);
        const chain = this.#chain(table, chainName(), own);
        if (chain !== undefined) chain.policy = policy.text;
        break;
      }
      case '-E':
      case '--rename-chain':
        this.#rename(table, chainName(), rest[0]?.text, own);
        break;
      case '-Z':
      case '--zero':
        break; // counters are no part of what is decided
      default:
        throw new SyntaxFailure(`\`${command.text}\` is no command`, command.span);
    }
  }

  #rule(table: OpenTable, words: readonly Word[], span: Span): ParsedRule {
    const parsed = parseRule(words, span);
    table.family ??= familyOfRule(parsed.rule);
    if (parsed.family !== undefined) table.only.push([parsed, span]);
    return parsed;
  }

  /** The chain of that name; built-in ones are there without being declared. */
  #chain(table: OpenTable, name: string, span: Span): OpenChain | undefined {
    let chain = table.chains.get(name);
    if (chain === undefined && builtinEntry(table.name, name) !== undefined) {
      chain = { name, policy: 'ACCEPT', rules: [], span };
      table.chains.set(name, chain);
    }
    if (chain === undefined) this.#missing('chain', name, span);
    return chain;
  }

  #delete(chain: OpenChain | undefined, words: readonly Word[], span: Span): void {
    const [position, rest] = withNumber(words);
    if (position !== undefined) {
      this.#at(chain, position, span, (rules, index) => rules.splice(index, 1));
      return;
    }
    const wanted = ruleKey(parseRule(rest, span).rule);
    const index = chain?.rules.findIndex(({ rule }) => ruleKey(rule) === wanted) ?? 0;
    if (index === -1) this.#missing('rule', this.#file.text.slice(span.start, span.end), span);
    else chain?.rules.splice(index, 1);
  }

  #at(
    chain: OpenChain | undefined,
    position: number,
    span: Span,
    change: (rules: ParsedRule[], index: number) => void,
  ): void {
    if (chain === undefined) return;
    if (position < 1 || position > chain.rules.length) this.#missing('rule', String(position), span);
    else change(chain.rules, position - 1);
  }

  /** Rules that lead to a chain go on leading to it. */
  #rename(table: OpenTable, from: string, to: string | undefined, span: Span): void {
    if (to === undefined) throw new SyntaxFailure('a new name is missing', span);
    const chain = this.#chain(table, from, span);
    if (chain === undefined) return;
    if (table.chains.has(to)) throw new SyntaxFailure(`there is a chain \`${to}\` already`, span);
    table.chains.delete(from);
    table.chains.set(to, { ...chain, name: to });
    for (const each of table.chains.values()) {
      each.rules = each.rules.map((parsed) => {
        const { target } = parsed.rule;
        return target?.name === from
          ? { ...parsed, rule: { ...parsed.rule, target: { ...target, name: to } } }
          : parsed;
      });
    }
  }

  #missing(kind: string, name: string, span: Span): void {
    this.#diagnostics.push(diagnose(IPTABLES_PROBLEMS.missing, span, kind, name));
  }

  #notCommitted({ span, name }: OpenTable): void {
    this.#diagnostics.push(diagnose(IPTABLES_PROBLEMS.notCommitted, span, name));
  }

  /** What is wrong with this file, once all its lines are read. */
  leave(): readonly Diagnostic[] {
    if (this.#open !== undefined) this.#notCommitted(this.#open);
    this.#open = undefined;
    return this.#diagnostics;
  }

  end(): RestoreFile {
    this.leave();
    const families =
      this.#onto === undefined
        ? familiesOf(this.#tables, familyOfName(this.#file.name))
        : this.#tables.map(() => this.#onto);
    const tables = this.#tables.map((table, index) => {
      const family = families[index];
      if (family === undefined)
        this.#diagnostics.push(diagnose(IPTABLES_PROBLEMS.familyAssumed, table.span, table.name));
      return this.#closed(table, family ?? 4);
    });
    return { tables, diagnostics: this.#diagnostics };
  }

  #closed(table: OpenTable, family: Family): Table {
    for (const [parsed, span] of table.only) {
      if (parsed.family === undefined || parsed.family === family) continue;
      this.#diagnostics.push(diagnose(IPTABLES_PROBLEMS.otherFamily, span, `-${parsed.family}`, family));
    }
    const chains = [...table.chains.values()].map(({ name, policy, rules, span }): Chain => {
      const own = rules.filter((parsed) => parsed.family === undefined || parsed.family === family);
      return { name, ...(policy === undefined ? {} : { policy }), rules: own.map(({ rule }) => rule), span };
    });
    const backend = table.header?.backend;
    return { family, name: table.name, ...(backend === undefined ? {} : { backend }), chains, span: table.span };
  }
}

/** A number before the rule. */
function withNumber(words: readonly Word[]): readonly [number | undefined, readonly Word[]] {
  const [first, ...rest] = words;
  return first !== undefined && /^[0-9]{1,9}$/.test(first.text) ? [Number(first.text), rest] : [undefined, words];
}

/** Equal exactly for rules that say the same. */
function ruleKey(rule: Rule): string {
  return JSON.stringify(rule, (name, value: unknown) => (name === 'span' ? undefined : value));
}

/**
 * The family of each table: as the comment above says, else as the rules of the tables around it tell, up to the next table of the
 * same name, where the other family begins; else by the file's name, else the one that the other half of the file leaves.
 */
function familiesOf(tables: readonly OpenTable[], named: Family | undefined): (Family | undefined)[] {
  const runs: { names: Set<string>; family: Family | undefined; header: Header | undefined }[] = [];
  const runOf = tables.map((table) => {
    let run = runs.at(-1);
    if (run === undefined || run.names.has(table.name) || run.header !== table.header) {
      run = { names: new Set(), family: table.header?.family, header: table.header };
      runs.push(run);
    }
    run.names.add(table.name);
    run.family ??= table.family;
    return run;
  });
  const told = runs.flatMap(({ family }) => family ?? []);
  const left: Family | undefined = runs.length === 2 && told.length === 1 ? (told[0] === 4 ? 6 : 4) : undefined;
  return runOf.map(({ family }) => family ?? left ?? named);
}

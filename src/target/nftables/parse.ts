import { type Diagnostic, diagnose, excerpt } from '../../diagnostic/index.ts';
import type { SourceFile } from '../../source/index.ts';
import {
  type BaseChainSpec,
  type Chain,
  type Command,
  type CounterObject,
  MAP_DATA,
  type Program,
  type Rule,
  SET_FLAGS,
  type SetDeclaration,
  type SetFlag,
  type SetType,
  TABLE_FAMILIES,
  type Table,
  type TableFamily,
} from './ast.ts';
import { parseElements, parseKey } from './parse-expression.ts';
import { parseRule } from './parse-rule.ts';
import { NFTABLES_PROBLEMS } from './problems.ts';
import { SyntaxFailure, type Token, TokenStream, tokenize } from './token.ts';

/** nft's text. A program comes with no error or not at all: a rule that was not understood must not be missing silently. */
export function parseText(file: SourceFile): {
  readonly program: Program | undefined;
  readonly diagnostics: readonly Diagnostic[];
} {
  const parser = new TextParser(new TokenStream(tokenize(file)));
  const program = parser.program();
  return { program: parser.diagnostics.length === 0 ? program : undefined, diagnostics: parser.diagnostics };
}

class TextParser {
  readonly diagnostics: Diagnostic[] = [];
  readonly #stream: TokenStream;

  constructor(stream: TokenStream) {
    this.#stream = stream;
  }

  program(): Program {
    const commands: Command[] = [];
    this.#stream.skipSeparators();
    while (this.#stream.peek().kind !== 'end') {
      this.#attempt(() => {
        commands.push(this.#command());
        this.#stream.expectEnd();
      });
      if (this.#stream.is('}')) this.#stray();
      this.#stream.skipSeparators();
    }
    return { commands };
  }

  /** Runs one production; on an error notes it and goes on behind the statement. */
  #attempt(production: () => void): void {
    try {
      production();
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error;
      const found = error.token.kind === 'end' ? 'the end' : `\`${excerpt(foundText(error.token), 40)}\``;
      this.diagnostics.push(diagnose(NFTABLES_PROBLEMS.syntax, error.token.span, found, error.expected));
      this.#stream.recover();
    }
  }

  #stray(): void {
    this.diagnostics.push(diagnose(NFTABLES_PROBLEMS.syntax, this.#stream.peek().span, '`}`', 'a command'));
    this.#stream.take();
  }

  #command(): Command {
    const stream = this.#stream;
    const first = stream.peek();
    if (stream.accept('delete')) {
      stream.expect('table');
      const family = this.#family();
      return { kind: 'delete-table', family, name: stream.expectName('a name'), span: stream.spanFrom(first) };
    }
    stream.accept('add');
    stream.expect('table');
    const family = this.#family();
    const name = stream.expectName('the name of a table');
    const items: Items = { counters: [], sets: [], chains: [] };
    if (stream.is('{')) this.#block(() => this.#tableItem(items));
    const table: Table = { family, name, ...items, span: stream.spanFrom(first) };
    return { kind: 'table', table, span: stream.spanFrom(first) };
  }

  #family(): TableFamily {
    const stream = this.#stream;
    if (!TABLE_FAMILIES.some((family) => stream.is(family)) || stream.peek(1).kind !== 'word') return 'ip';
    return stream.expectOne(TABLE_FAMILIES, 'a family');
  }

  /** `{ item ... }`, items ended by line breaks or `;`; an error in one leaves the others readable. */
  #block(item: () => void): void {
    const stream = this.#stream;
    stream.expect('{');
    stream.skipSeparators();
    while (!stream.is('}') && stream.peek().kind !== 'end') {
      this.#attempt(() => {
        item();
        stream.expectEnd();
      });
      stream.skipSeparators();
    }
    stream.expect('}');
  }

  #tableItem(items: Items): void {
    const stream = this.#stream;
    switch (stream.expectOne(['chain', 'set', 'map', 'counter', 'comment'], 'a chain, set, map or counter')) {
      case 'chain':
        items.chains.push(this.#chain());
        break;
      case 'set':
        items.sets.push(this.#set(false));
        break;
      case 'map':
        items.sets.push(this.#set(true));
        break;
      case 'counter':
        items.counters.push(this.#counter());
        break;
      case 'comment':
        stream.expectKind('string', 'a comment in quotes');
        break;
    }
  }

  #counter(): CounterObject {
    const stream = this.#stream;
    const first = stream.peek();
    const name = stream.expectName('the name of a counter');
    let comment: string | undefined;
    if (stream.is('{')) {
      this.#block(() => {
        if (stream.accept('comment')) comment = stream.expectKind('string', 'a comment in quotes').text;
        else {
          stream.expect('packets');
          stream.expectNumber('a number');
          stream.expect('bytes');
          stream.expectNumber('a number');
        }
      });
    }
    return { name, ...(comment === undefined ? {} : { comment }), span: stream.spanFrom(first) };
  }

  #set(isMap: boolean): SetDeclaration {
    const stream = this.#stream;
    const first = stream.peek();
    const name = stream.expectName('a name');
    const parts: SetParts = { flags: [], elements: [] };
    this.#block(() => this.#setItem(parts, isMap));
    const { key, ...rest } = parts;
    if (key === undefined) throw new SyntaxFailure('a set with `type` or `typeof`', first);
    return { name, key, ...rest, span: stream.spanFrom(first) };
  }

  #setItem(parts: SetParts, isMap: boolean): void {
    const stream = this.#stream;
    const words = ['type', 'typeof', 'flags', 'timeout', 'size', 'comment', 'elements'] as const;
    switch (stream.expectOne(words, `one of ${words.join(', ')}`)) {
      case 'type':
        parts.key = this.#datatypes();
        if (isMap) parts.data = this.#mapData();
        break;
      case 'typeof':
        parts.key = { kind: 'typeof', expression: parseKey(stream) };
        if (isMap) parts.data = this.#mapData();
        break;
      case 'flags':
        parts.flags = [stream.expectOne(SET_FLAGS, 'a flag')];
        while (stream.accept(',')) parts.flags.push(stream.expectOne(SET_FLAGS, 'a flag'));
        break;
      case 'timeout':
        parts.timeout = stream.expectSeconds('a time');
        break;
      case 'size':
        parts.size = stream.expectNumber('a number of elements', 0xffff_ffff);
        break;
      case 'comment':
        parts.comment = stream.expectKind('string', 'a comment in quotes').text;
        break;
      case 'elements':
        stream.expect('=');
        parts.elements = parseElements(stream);
        break;
    }
  }

  #datatypes(): SetType {
    const stream = this.#stream;
    const parts = [stream.expectKind('word', 'a datatype').text];
    while (stream.accept('.')) parts.push(stream.expectKind('word', 'a datatype').text);
    return { kind: 'type', parts };
  }

  #mapData(): (typeof MAP_DATA)[number] {
    this.#stream.expect(':');
    return this.#stream.expectOne(MAP_DATA, '`verdict` or `counter`');
  }

  #chain(): Chain {
    const stream = this.#stream;
    const first = stream.peek();
    const name = stream.expectName('the name of a chain');
    const rules: Rule[] = [];
    let base: BaseChainSpec | undefined;
    let comment: string | undefined;
    this.#block(() => {
      if (stream.is('type')) base = this.#base();
      else if (base !== undefined && stream.is('policy')) base = { ...base, policy: this.#policy() };
      else if (stream.accept('comment')) comment = stream.expectKind('string', 'a comment in quotes').text;
      else rules.push(parseRule(stream));
    });
    return {
      name,
      ...(base === undefined ? {} : { base }),
      ...(comment === undefined ? {} : { comment }),
      rules,
      span: stream.spanFrom(first),
    };
  }

  #base(): BaseChainSpec {
    const stream = this.#stream;
    stream.expect('type');
    const type = stream.expectKind('word', 'a chain type').text;
    stream.expect('hook');
    const hook = stream.expectKind('word', 'a hook').text;
    stream.expect('priority');
    return { type, hook, priority: this.#priority(), policy: 'accept' };
  }

  #policy(): 'accept' | 'drop' {
    this.#stream.expect('policy');
    return this.#stream.expectOne(['accept', 'drop'], '`accept` or `drop`');
  }

  #priority(): number {
    const stream = this.#stream;
    if (stream.accept('-')) return -stream.expectNumber('a priority');
    if (stream.peek().kind === 'number') return stream.expectNumber('a priority');
    const base = PRIORITIES[stream.expectOne(PRIORITY_WORDS, 'a priority')];
    if (stream.accept('-')) return base - stream.expectNumber('a number');
    return stream.accept('+') ? base + stream.expectNumber('a number') : base;
  }
}

interface Items {
  readonly counters: CounterObject[];
  readonly sets: SetDeclaration[];
  readonly chains: Chain[];
}

interface SetParts {
  key?: SetType;
  data?: (typeof MAP_DATA)[number];
  flags: SetFlag[];
  timeout?: number;
  size?: number;
  comment?: string;
  elements: SetDeclaration['elements'];
}

/** Names of priorities in the families ip, ip6 and inet: NF_IP_PRI_*, include/uapi/linux/netfilter_ipv4.h. */
const PRIORITY_WORDS = ['raw', 'mangle', 'dstnat', 'filter', 'security', 'srcnat'] as const;
const PRIORITIES = { raw: -300, mangle: -150, dstnat: -100, filter: 0, security: 50, srcnat: 100 } as const;

function foundText(token: Token): string {
  return token.kind === 'separator' ? 'the end of the line' : token.text;
}

import { type Command, type RulePlace, TABLE_FAMILIES, type TableFamily } from './ast.ts';
import type { BlockReader } from './parse-block.ts';
import { parseRule } from './parse-rule.ts';
import { parseElements } from './parse-set.ts';
import {
  OBJECT_WORDS,
  parseChain,
  parseObject,
  parseObjectType,
  parseSet,
  parseTableItem,
  TableParts,
} from './parse-table.ts';
import { SyntaxFailure } from './token-stream.ts';

/** A command of nft(8); `undefined` for one that changes nothing. */
export function parseCommand(reader: BlockReader): Command | undefined {
  const { stream } = reader;
  const first = stream.peek();
  const command = parseBare(reader);
  return command === undefined ? undefined : { ...command, span: stream.spanFrom(first) };
}

function parseBare(reader: BlockReader): Command | undefined {
  const { stream } = reader;
  if (stream.accept('create')) return parseCreate(reader);
  if (stream.accept('add')) return parseAdd(reader);
  if (stream.accept('insert')) return parseRuleCommand(reader, 'insert-rule');
  if (stream.accept('replace')) return parseReplace(reader);
  if (stream.accept('delete')) return parseDelete(reader);
  if (stream.accept('destroy')) return { ...parseDelete(reader), lenient: true };
  if (stream.accept('flush')) return parseFlush(reader);
  if (stream.accept('rename')) return parseRename(reader);
  if (IDLE.some((word) => stream.is(word))) {
    stream.skipStatement();
    return undefined;
  }
  return parseAdd(reader);
}

/** Commands that show, and change no rule. */
const IDLE = ['list', 'describe', 'get', 'monitor', 'reset'] as const;

const ADDED = ['table', 'chain', 'rule', 'set', 'map', 'element', ...OBJECT_WORDS] as const;

function parseAdd(reader: BlockReader): Command {
  const { stream } = reader;
  const word = ADDED.find((each) => stream.is(each));
  switch (word) {
    case undefined:
      throw new SyntaxFailure(
        'a command: `table`, `add`, `delete`, `flush`, `define`, `include` or another of nft(8)',
        stream.peek(),
      );
    case 'table': {
      const first = stream.take();
      const { family, table: name } = parseOwner(reader);
      const parts = new TableParts();
      if (stream.is('{')) reader.block(() => parseTableItem(reader, family, parts));
      return { kind: 'table', table: { ...parts.table(family, name), span: stream.spanFrom(first) } };
    }
    case 'rule':
      return parseRuleCommand(reader, 'add-rule');
    case 'element': {
      stream.take();
      const owner = parseOwner(reader);
      const set = stream.expectName('the name of a set');
      return { kind: 'add-elements', ...owner, set, elements: parseElements(stream) };
    }
    default:
      return parseAddPart(reader, word);
  }
}

/** `add chain inet t c { ... }`: a table with that part. */
function parseAddPart(
  reader: BlockReader,
  word: Exclude<(typeof ADDED)[number], 'table' | 'rule' | 'element'>,
): Command {
  const { stream } = reader;
  const parts = new TableParts();
  let owner: Owner;
  switch (word) {
    case 'chain':
      stream.take();
      owner = parseOwner(reader);
      parts.chains.push(parseChain(reader, owner.family));
      break;
    case 'set':
    case 'map':
      stream.take();
      owner = parseOwner(reader);
      parts.sets.push(parseSet(reader, word === 'map'));
      break;
    default: {
      const type = parseObjectType(reader);
      owner = parseOwner(reader);
      parseObject(reader, parts, type);
      break;
    }
  }
  return { kind: 'table', table: parts.table(owner.family, owner.table), partly: true };
}

function parseCreate(reader: BlockReader): Command {
  const { stream } = reader;
  if (stream.is('set') || stream.is('map')) {
    const isMap = stream.take().text === 'map';
    return { kind: 'create-set', ...parseOwner(reader), declaration: parseSet(reader, isMap) };
  }
  const command = parseAdd(reader);
  return command.kind === 'add-elements' ? { ...command, kind: 'create-elements' } : command;
}

interface Owner {
  readonly family: TableFamily;
  readonly table: string;
}

/** `[family] table`; without a family it is `ip`. */
function parseOwner(reader: BlockReader): Owner {
  const { stream } = reader;
  const family = parseFamily(reader);
  return { family, table: stream.expectName('the name of a table') };
}

function parseFamily({ stream }: BlockReader): TableFamily {
  const next = stream.peek(1);
  if (!TABLE_FAMILIES.some((family) => stream.is(family)) || (next.kind !== 'word' && next.kind !== 'string'))
    return 'ip';
  return stream.expectOne(TABLE_FAMILIES, 'a family');
}

function parseRuleCommand(reader: BlockReader, kind: 'add-rule' | 'insert-rule'): Command {
  const { stream } = reader;
  stream.expect('rule');
  const owner = parseOwner(reader);
  const chain = stream.expectName('the name of a chain');
  const at = parsePlace(reader);
  return { kind, ...owner, chain, ...(at === undefined ? {} : { at }), rule: parseRule(stream) };
}

/** `handle 7`, `index 0`; `position` is an old word for the handle. */
function parsePlace({ stream }: BlockReader): RulePlace | undefined {
  if (stream.peek(1).kind !== 'number') return undefined;
  if (stream.accept('handle') || stream.accept('position')) {
    return { by: 'handle', number: stream.expectNumber('a handle') };
  }
  return stream.accept('index') ? { by: 'index', number: stream.expectNumber('an index') } : undefined;
}

function parseReplace(reader: BlockReader): Command {
  const { stream } = reader;
  stream.expect('rule');
  const owner = parseOwner(reader);
  const chain = stream.expectName('the name of a chain');
  const at = parsePlace(reader);
  if (at === undefined) throw new SyntaxFailure('`handle` and a number', stream.peek());
  return { kind: 'replace-rule', ...owner, chain, at, rule: parseRule(stream) };
}

function parseDelete(reader: BlockReader): Command {
  const { stream } = reader;
  if (stream.accept('table')) {
    const { family, table: name } = parseOwner(reader);
    return { kind: 'delete-table', family, name };
  }
  if (stream.accept('chain'))
    return { kind: 'delete-chain', ...parseOwner(reader), chain: stream.expectName('a chain') };
  if (stream.accept('rule')) {
    const owner = parseOwner(reader);
    const chain = stream.expectName('the name of a chain');
    const at = parsePlace(reader);
    if (at === undefined) throw new SyntaxFailure('`handle` and a number', stream.peek());
    return { kind: 'delete-rule', ...owner, chain, at };
  }
  if (stream.is('set') || stream.is('map')) {
    const isMap = stream.take().text === 'map';
    return { kind: 'delete-set', isMap, ...parseOwner(reader), set: stream.expectName('the name of a set') };
  }
  if (stream.accept('element')) {
    const owner = parseOwner(reader);
    const set = stream.expectName('the name of a set');
    return { kind: 'delete-elements', ...owner, set, elements: parseElements(stream) };
  }
  const type = parseObjectType(reader);
  return { kind: 'delete-object', ...parseOwner(reader), type, name: stream.expectName('a name') };
}

function parseFlush(reader: BlockReader): Command {
  const { stream } = reader;
  const what = stream.expectOne(
    ['ruleset', 'table', 'chain', 'set', 'map', 'meter'],
    'what to flush, as `ruleset` or `table`',
  );
  switch (what) {
    case 'ruleset': {
      const family = TABLE_FAMILIES.find((each) => stream.accept(each));
      return { kind: 'flush-ruleset', ...(family === undefined ? {} : { family }) };
    }
    case 'table': {
      const { family, table: name } = parseOwner(reader);
      return { kind: 'flush-table', family, name };
    }
    case 'chain':
      return { kind: 'flush-chain', ...parseOwner(reader), chain: stream.expectName('the name of a chain') };
    case 'set':
    case 'map':
    case 'meter':
      return {
        kind: 'flush-set',
        isMap: what === 'map',
        ...parseOwner(reader),
        set: stream.expectName('the name of a set'),
      };
  }
}

function parseRename(reader: BlockReader): Command {
  const { stream } = reader;
  stream.expect('chain');
  const owner = parseOwner(reader);
  const chain = stream.expectName('the name of a chain');
  return { kind: 'rename-chain', ...owner, chain, to: stream.expectName('a name') };
}

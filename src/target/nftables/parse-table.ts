import type {
  BaseChainSpec,
  Chain,
  CounterObject,
  ObjectDeclaration,
  Rule,
  SetDeclaration,
  SetFlag,
  SetType,
  Table,
  TableFamily,
} from './ast.ts';
import { SET_FLAGS } from './ast.ts';
import type { BlockReader } from './parse-block.ts';
import { parseRule } from './parse-rule.ts';
import { parseKey, startsSelector } from './parse-selector.ts';
import { parseElementCount, parseElements } from './parse-set.ts';
import { parsePriority } from './priority.ts';
import type { Token } from './token.ts';
import { SyntaxFailure } from './token-stream.ts';

/** Words that name a kind of object; `ct` goes with a second one. */
export const OBJECT_WORDS = ['counter', 'quota', 'limit', 'ct', 'secmark', 'synproxy', 'flowtable'] as const;
const CT_OBJECTS = ['helper', 'timeout', 'expectation'] as const;

/** What the block of a table says, or the part of it that one command adds. */
export class TableParts {
  readonly counters: CounterObject[] = [];
  readonly objects: ObjectDeclaration[] = [];
  readonly sets: SetDeclaration[] = [];
  readonly chains: Chain[] = [];
  isDormant = false;

  table(family: TableFamily, name: string): Table {
    const { counters, objects, sets, chains, isDormant } = this;
    return { family, name, ...(isDormant ? { dormant: 'yes' as const } : {}), counters, objects, sets, chains };
  }
}

export function parseTableItem(reader: BlockReader, family: TableFamily, parts: TableParts): void {
  const { stream } = reader;
  if (OBJECT_WORDS.some((word) => stream.is(word))) {
    parseObject(reader, parts, parseObjectType(reader));
    return;
  }
  switch (stream.expectOne(['chain', 'set', 'map', 'comment', 'flags', 'meter'], 'a chain, set, map or other object')) {
    case 'chain':
      parts.chains.push(parseChain(reader, family));
      break;
    case 'set':
    case 'meter':
      parts.sets.push(parseSet(reader, false));
      break;
    case 'map':
      parts.sets.push(parseSet(reader, true));
      break;
    case 'comment':
      stream.expectString('a comment in quotes');
      break;
    case 'flags':
      do
        parts.isDormant =
          stream.expectOne(['dormant', 'owner', 'persist'], '`dormant`, `owner` or `persist`') === 'dormant' ||
          parts.isDormant;
      while (stream.accept(','));
      break;
  }
}

/** The kind of an object, as in `ct helper`. */
export function parseObjectType(reader: BlockReader): string {
  const { stream } = reader;
  const word = stream.expectOne(OBJECT_WORDS, 'a kind of object');
  return word === 'ct' ? `ct ${stream.expectOne(CT_OBJECTS, '`helper`, `timeout` or `expectation`')}` : word;
}

/** An object by its kind and name. Its contents decide nothing on their own and are read past, but for which way a limit holds. */
export function parseObject(reader: BlockReader, parts: TableParts, type: string): void {
  const { stream } = reader;
  const first = stream.peek();
  const name = stream.expectName(`the name of a ${type}`);
  let over = false;
  let comment: string | undefined;
  if (stream.is('{')) {
    let depth = 0;
    do {
      const token = stream.peek();
      if (token.kind === 'end') throw new SyntaxFailure('`}`', token);
      if (stream.is('{')) depth++;
      else if (stream.is('}')) depth--;
      else if (stream.is('over')) over = true;
      else if (stream.is('comment') && stream.peek(1).kind === 'string') comment = stream.peek(1).text;
      else if (token.kind === 'unknown' || token.kind === 'variable')
        throw new SyntaxFailure(`what a ${type} holds`, token);
      stream.take();
    } while (depth > 0);
  } else {
    // `add limit inet t name rate over 5/second`
    while (stream.peek().kind !== 'separator' && stream.peek().kind !== 'end' && !stream.is('}')) {
      if (stream.take().text === 'over') over = true;
    }
  }
  const span = stream.spanFrom(first);
  if (type === 'counter') parts.counters.push({ name, ...(comment === undefined ? {} : { comment }), span });
  else parts.objects.push({ type, name, over, span });
}

interface SetParts {
  key?: SetType;
  data?: string;
  flags: SetFlag[];
  timeout?: number;
  size?: number;
  comment?: string;
  elements: SetDeclaration['elements'];
}

export function parseSet(reader: BlockReader, isMap: boolean): SetDeclaration {
  const { stream } = reader;
  const first = stream.peek();
  const name = stream.expectName('a name');
  const parts: SetParts = { flags: [], elements: [] };
  if (stream.is('{')) reader.block(() => parseSetItem(reader, parts, isMap));
  const { key, ...rest } = parts;
  if (key === undefined) throw new SyntaxFailure('a set with `type` or `typeof`', first);
  return { name, key, ...rest, span: stream.spanFrom(first) };
}

const SET_WORDS = [
  'type',
  'typeof',
  'flags',
  'timeout',
  'gc-interval',
  'size',
  'policy',
  'auto-merge',
  'comment',
  'elements',
] as const;

function parseSetItem(reader: BlockReader, parts: SetParts, isMap: boolean): void {
  const { stream } = reader;
  if (parseElementCount(stream)) {
    while (parseElementCount(stream)); // several on one line
    return;
  }
  switch (stream.expectOne(SET_WORDS, `one of ${SET_WORDS.join(', ')}`)) {
    case 'type':
      parts.key = { kind: 'type', parts: parseDatatypes(reader) };
      if (isMap) parts.data = parseMapData(reader);
      break;
    case 'typeof':
      parts.key = { kind: 'typeof', expression: parseKey(stream) };
      if (isMap) parts.data = parseMapData(reader);
      break;
    case 'flags':
      parts.flags = []; // of two lines of flags nft takes the last
      do parts.flags.push(stream.expectOne(SET_FLAGS, 'a flag'));
      while (stream.accept(','));
      break;
    case 'timeout':
      parts.timeout = stream.expectSeconds('a time');
      break;
    case 'gc-interval':
      stream.expectSeconds('a time');
      break;
    case 'size':
      parts.size = stream.expectNumber('a number of elements', 0xffff_ffff);
      break;
    case 'policy':
      stream.expectOne(['performance', 'memory'], '`performance` or `memory`');
      break;
    case 'auto-merge':
      break; // overlaps are united in any case
    case 'comment':
      parts.comment = stream.expectString('a comment in quotes');
      break;
    case 'elements':
      stream.expect('=');
      parts.elements = parseElements(stream); // of two lists in one block nft takes the last
      break;
  }
}

function parseDatatypes({ stream }: BlockReader): string[] {
  const parts: string[] = [];
  do parts.push(stream.expectKind('word', 'a datatype').text);
  while (stream.accept('.'));
  return parts;
}

/** Datatypes or a kind of object, behind a colon; `typeof` gives a field there. */
function parseMapData(reader: BlockReader): string {
  const { stream } = reader;
  stream.expect(':');
  stream.accept('interval');
  if (!startsSelector(stream)) return parseDatatypes(reader).join(' . ');
  parseKey(stream);
  return 'value';
}

export function parseChain(reader: BlockReader, family: TableFamily): Chain {
  const { stream } = reader;
  const first = stream.peek();
  const name = stream.expectName('the name of a chain');
  const rules: Rule[] = [];
  let base: BaseChainSpec | undefined;
  let policy: Policy | undefined;
  let devices: readonly string[] | undefined;
  let comment: string | undefined;
  const item = (): void => {
    if (stream.is('type') && stream.peek(1).kind === 'word') base = parseBase(reader, family);
    else if (stream.is('policy')) policy = parsePolicy(reader);
    else if (stream.is('devices') && stream.is('=', 1)) devices = parseDevices(reader);
    else if (stream.accept('comment')) comment = stream.expectString('a comment in quotes');
    else if (stream.is('flags') && stream.is('offload', 1)) {
      stream.take();
      stream.take();
    } else rules.push(parseRule(stream));
  };
  if (stream.is('{')) reader.block(item);
  if (base !== undefined && devices !== undefined) base = { ...base, devices };
  if (policy !== undefined) base = withPolicy(policy, base);
  return {
    name,
    ...(base === undefined ? {} : { base }),
    ...(comment === undefined ? {} : { comment }),
    rules,
    span: stream.spanFrom(first),
  };
}

interface Policy {
  readonly token: Token;
  readonly verdict: BaseChainSpec['policy'];
}

function parsePolicy({ stream }: BlockReader): Policy {
  const token = stream.expect('policy');
  return { token, verdict: stream.expectOne(['accept', 'drop'], '`accept` or `drop`') };
}

function withPolicy({ token, verdict }: Policy, base: BaseChainSpec | undefined): BaseChainSpec {
  if (base === undefined) throw new SyntaxFailure('`type ... hook ...` in a chain with a policy', token);
  return { ...base, policy: verdict };
}

/** `type filter hook ingress device "eth0" priority filter`. */
function parseBase(reader: BlockReader, family: TableFamily): BaseChainSpec {
  const { stream } = reader;
  stream.expect('type');
  const type = stream.expectOne(['filter', 'nat', 'route'], 'a chain type: filter, nat or route');
  stream.expect('hook');
  const hook = stream.expectKind('word', 'a hook').text;
  let devices: readonly string[] | undefined;
  if (stream.accept('device')) devices = [stream.expectName('the name of a device')];
  else if (stream.is('devices')) devices = parseDevices(reader);
  stream.expect('priority');
  const priority = parsePriority(stream, family);
  return { type, hook, priority, policy: 'accept', ...(devices === undefined ? {} : { devices }) };
}

/** `devices = { eth0, "eth1" }`. */
function parseDevices({ stream }: BlockReader): string[] {
  stream.expect('devices');
  stream.expect('=');
  return parseElements(stream).map(({ key }) => {
    if (key.kind !== 'word') throw new SyntaxFailure('the name of a device', stream.peek());
    return key.text;
  });
}

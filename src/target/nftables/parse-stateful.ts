import type { Expression, Statement } from './ast.ts';
import { parseComputed, parseKey, startsSelector } from './parse-selector.ts';
import { parseSetExpression } from './parse-set.ts';
import { parseConcat } from './parse-value.ts';
import { SyntaxFailure, type TokenStream } from './token-stream.ts';

type StatementParser = (stream: TokenStream) => Statement;

/** `counter name "x"`, or the object that a map leads to: `counter name tcp dport map @m`. */
export function parseObjectUse(stream: TokenStream, type: 'counter' | 'limit' | 'quota' | 'synproxy'): Statement {
  stream.take();
  stream.expect('name');
  if (!startsSelector(stream)) {
    const name = stream.expectName(`the name of a ${type}`);
    return type === 'counter' ? { kind: 'counter-object', name } : { kind: 'object', type, name };
  }
  const key = parseKey(stream);
  stream.expect('map');
  const data = parseSetExpression(stream);
  if (type === 'counter' && data.kind === 'set-reference') return { kind: 'counter-map', key, map: data.name };
  return { kind: 'object-map', type, key, data };
}

/** What a rule adds to a set or takes out of it: `add @s { ip saddr timeout 5m }`, `meter m { ip saddr limit rate 1/second }`. */
export function parseSetUpdate(
  stream: TokenStream,
  word: 'add' | 'update' | 'delete' | 'set' | 'meter' | 'flow',
  parseStatement: StatementParser,
): Statement {
  stream.take();
  if (word === 'flow') return parseFlow(stream);
  if (word === 'meter') return parseMeter(stream, parseStatement);
  if (word === 'set') {
    // The older form: `set update ip saddr timeout 5m @s`.
    const operation = stream.expectOne(['add', 'update', 'delete'], '`add`, `update` or `delete`');
    const update = parseUpdated(stream, parseStatement, () => stream.is('@'));
    stream.expect('@');
    return { kind: 'set-update', operation, set: stream.expectName('the name of a set'), ...update };
  }
  stream.expect('@');
  const set = stream.expectName('the name of a set');
  stream.expect('{');
  const update = parseUpdated(stream, parseStatement, () => stream.is('}'));
  stream.expect('}');
  return { kind: 'set-update', operation: word, set, ...update };
}

interface Updated {
  readonly key: Expression;
  readonly data?: Expression;
  readonly statements: readonly Statement[];
}

function parseUpdated(stream: TokenStream, parseStatement: StatementParser, ends: () => boolean): Updated {
  // Fields of the packet and values in any order: `ip saddr . 10002`.
  const key = parseConcat(stream, parseComputed);
  const statements: Statement[] = [];
  while (!ends() && !stream.is(':')) {
    if (stream.accept('timeout')) stream.expectSeconds('a time');
    else if (stream.accept('comment')) stream.expectString('a comment in quotes');
    else statements.push(stream.nested(() => parseStatement(stream)));
  }
  if (!stream.accept(':')) return { key, statements };
  return { key, statements, data: parseConcat(stream, parseComputed) };
}

function parseMeter(stream: TokenStream, parseStatement: StatementParser): Statement {
  const name = stream.is('{') ? '' : stream.expectName('the name of a meter');
  if (stream.accept('size')) stream.expectNumber('a number of elements');
  stream.expect('{');
  const { key, statements } = parseUpdated(stream, parseStatement, () => stream.is('}'));
  stream.expect('}');
  return { kind: 'meter', name, key, statements };
}

/** `flow add @f`: later packets of the connection take a short way; this one goes on. */
function parseFlow(stream: TokenStream): Statement {
  if (stream.is('table')) throw new SyntaxFailure('`add` or `offload`', stream.peek());
  stream.expectOne(['add', 'offload'], '`add` or `offload`');
  stream.expect('@');
  return { kind: 'object', type: 'flowtable', name: stream.expectName('the name of a flow table') };
}

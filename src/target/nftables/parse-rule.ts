import { DEFAULT_BURST, type Expression, OPERATORS, type RejectWith, type Rule, type Statement } from './ast.ts';
import { implicitOperator } from './operator.ts';
import {
  parseKey,
  parseLimit,
  parseSetExpression,
  parseValue,
  parseVerdict,
  startsSelector,
  VERDICT_WORDS,
} from './parse-expression.ts';
import type { Token, TokenStream } from './token.ts';

/** A rule, up to the line break, `;` or `}` behind it. */
export function parseRule(stream: TokenStream): Rule {
  const first = stream.peek();
  const statements: Statement[] = [];
  let comment: string | undefined;
  while (stream.peek().kind !== 'separator' && stream.peek().kind !== 'end' && !stream.is('}')) {
    if (stream.accept('comment')) comment = stream.expectKind('string', 'a comment in quotes').text;
    else statements.push(parseStatement(stream));
  }
  return { statements, ...(comment === undefined ? {} : { comment }), span: stream.spanFrom(first) };
}

function parseStatement(stream: TokenStream): Statement {
  const first = stream.peek();
  const word = first.kind === 'word' ? first.text : '';
  if ((VERDICT_WORDS as readonly string[]).includes(word)) {
    return { kind: 'verdict', verdict: parseVerdict(stream), span: stream.spanFrom(first) };
  }
  switch (word) {
    case 'counter':
      return parseCounter(stream, first);
    case 'log':
      return parseLog(stream, first);
    case 'limit': {
      const { burst, ...limit } = parseLimit(stream);
      return { kind: 'limit', ...limit, burst: burst ?? DEFAULT_BURST, span: stream.spanFrom(first) };
    }
    case 'reject':
      return parseReject(stream, first);
    case 'add':
    case 'update':
      return parseSetUpdate(stream, first, word);
    default:
      return parseMatch(stream, first);
  }
}

function parseCounter(stream: TokenStream, first: Token): Statement {
  stream.expect('counter');
  if (stream.accept('packets')) {
    stream.expectNumber('a number of packets');
    stream.expect('bytes');
    stream.expectNumber('a number of bytes');
  } else if (stream.accept('name')) {
    if (!startsSelector(stream)) {
      return { kind: 'counter-object', name: stream.expectName('the name of a counter'), span: stream.spanFrom(first) };
    }
    const key = parseKey(stream);
    stream.expect('map');
    stream.expect('@');
    return { kind: 'counter-map', key, map: stream.expectName('the name of a map'), span: stream.spanFrom(first) };
  }
  return { kind: 'counter', span: stream.spanFrom(first) };
}

function parseLog(stream: TokenStream, first: Token): Statement {
  stream.expect('log');
  const options: { prefix?: string; group?: number } = {};
  for (;;) {
    if (stream.accept('prefix')) options.prefix = stream.expectKind('string', 'a prefix in quotes').text;
    else if (stream.accept('group')) options.group = stream.expectNumber('the number of a log group', 65535);
    else return { kind: 'log', ...options, span: stream.spanFrom(first) };
  }
}

function parseReject(stream: TokenStream, first: Token): Statement {
  stream.expect('reject');
  if (!stream.accept('with')) return { kind: 'reject', span: stream.spanFrom(first) };
  return { kind: 'reject', with: parseRejectWith(stream), span: stream.spanFrom(first) };
}

function parseRejectWith(stream: TokenStream): RejectWith {
  const kind = stream.expectOne(['tcp', 'icmpx', 'icmp', 'icmpv6'], '`tcp reset`, `icmpx`, `icmp` or `icmpv6`');
  if (kind === 'tcp') {
    stream.expect('reset');
    return { kind: 'tcp-reset' };
  }
  stream.accept('type');
  return { kind, code: stream.expectKind('word', 'a code').text };
}

function parseSetUpdate(stream: TokenStream, first: Token, operation: 'add' | 'update'): Statement {
  stream.take();
  stream.expect('@');
  const set = stream.expectName('the name of a set');
  stream.expect('{');
  const key = parseKey(stream);
  const statements: Statement[] = [];
  while (!stream.is('}')) statements.push(parseStatement(stream));
  stream.expect('}');
  return { kind: 'set-update', operation, set, key, statements, span: stream.spanFrom(first) };
}

function parseMatch(stream: TokenStream, first: Token): Statement {
  const left = parseKey(stream);
  if (stream.accept('vmap')) {
    return { kind: 'vmap', key: left, data: parseSetExpression(stream), span: stream.spanFrom(first) };
  }
  const operator = OPERATORS.find((each) => each !== 'in' && stream.accept(each));
  const right = parseValue(stream);
  if (stream.accept('/')) {
    // `tcp flags syn / fin,syn,rst,ack`: value, then mask.
    const masked: Expression = { kind: 'binary', operator: '&', left, right: parseValue(stream) };
    const span = stream.spanFrom(first);
    return { kind: 'match', left: { ...masked, span }, operator: operator ?? '==', right, span };
  }
  const meant = operator ?? implicitOperator(left, right);
  return { kind: 'match', left, operator: meant, right, span: stream.spanFrom(first) };
}

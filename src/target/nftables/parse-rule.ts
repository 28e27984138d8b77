import type { Span } from '../../source/index.ts';
import type { Expression, Operator, RejectWith, Rule, Statement } from './ast.ts';
import { isPayloadProtocol, isSelector } from './fields.ts';
import { implicitOperator } from './operator.ts';
import { parseLimit } from './parse-limit.ts';
import { parseDup, parseForward, parseNat, parseQueue, parseSynproxy, parseTproxy } from './parse-nat.ts';
import { parseComputed, parseKey } from './parse-selector.ts';
import { parseLastUsed, parseQuotaAmount, parseRight, parseSetExpression, parseVerdict } from './parse-set.ts';
import { parseObjectUse, parseSetUpdate } from './parse-stateful.ts';
import { parseBitList, parseConcat, parseConstant, parseRange } from './parse-value.ts';
import { SyntaxFailure, type TokenStream } from './token-stream.ts';

/** NFT_RULE_MAXEXPRS, net/netfilter/nf_tables_api.c: each statement needs one expression at least. */
const MOST_STATEMENTS = 128;

/** A rule, up to the line break, `;` or `}` behind it. */
export function parseRule(stream: TokenStream): Rule {
  const first = stream.peek();
  const statements: Statement[] = [];
  let comment: string | undefined;
  while (!stream.endsStatement) {
    if (stream.accept('comment')) comment = stream.expectString('a comment in quotes');
    else if (statements.length === MOST_STATEMENTS)
      throw new SyntaxFailure('the end of a rule: it has 128 statements', stream.peek());
    else statements.push(parseStatement(stream));
  }
  if (statements.length === 0) throw new SyntaxFailure('a rule', first);
  const span = stream.spanFrom(first);
  const handle = handleBehind(span);
  if (comment === undefined && handle === undefined) return { statements, span };
  return {
    statements,
    ...(comment === undefined ? {} : { comment }),
    ...(handle === undefined ? {} : { handle }),
    span,
  };
}

/** `# handle 7`, the comment in which `nft -a list` gives the number of a rule. */
function handleBehind({ file, end }: Span): number | undefined {
  if (!file.text.startsWith(' # handle ', end)) return undefined;
  HANDLE.lastIndex = end;
  const found = HANDLE.exec(file.text);
  return found === null ? undefined : Number(found[1]);
}

const HANDLE = / # handle ([0-9]{1,15})$/my;

export function parseStatement(stream: TokenStream): Statement {
  const first = stream.peek();
  const statement = parseBare(stream, first.kind === 'word' ? first.text : '');
  return statement.span === undefined ? { ...statement, span: stream.spanFrom(first) } : statement;
}

function parseBare(stream: TokenStream, word: string): Statement {
  if (isPayloadProtocol(word)) return parseMatch(stream); // as most begin
  switch (word) {
    case '':
      return stream.peek().kind === 'xt' ? xtStatement(stream.take().text.replace('# xt_', '')) : parseMatch(stream);
    case 'jump':
    case 'goto':
      return stream.is('{', 1) ? parseBlock(stream, word) : parseVerdictStatement(stream);
    case 'accept':
    case 'drop':
    case 'continue':
    case 'return':
      return parseVerdictStatement(stream);
    case 'snat':
    case 'dnat':
    case 'masquerade':
    case 'redirect':
      return parseNat(stream, word);
    case 'counter':
      return parseCounter(stream);
    case 'last':
      return parseLast(stream);
    case 'log':
      return parseLog(stream);
    case 'limit':
      return stream.is('name', 1) ? parseObjectUse(stream, 'limit') : parseLimit(stream);
    case 'quota':
      if (stream.is('name', 1)) return parseObjectUse(stream, 'quota');
      stream.take();
      return { kind: 'quota', ...parseQuotaAmount(stream) };
    case 'reject':
      return parseReject(stream);
    case 'add':
    case 'update':
    case 'delete':
    case 'set':
    case 'meter':
    case 'flow':
      return parseSetUpdate(stream, word, parseStatement);
    case 'notrack':
      stream.take();
      return { kind: 'notrack' };
    case 'queue':
      return parseQueue(stream);
    case 'dup':
      return parseDup(stream);
    case 'fwd':
      return parseForward(stream);
    case 'tproxy':
      return parseTproxy(stream);
    case 'synproxy':
      return parseSynproxy(stream);
    case 'ct':
      return parseCtStatement(stream);
    case 'reset':
      return parseReset(stream);
    case 'xt':
      return parseXt(stream);
    default:
      return parseMatch(stream);
  }
}

function parseVerdictStatement(stream: TokenStream): Statement {
  const first = stream.peek();
  return { kind: 'verdict', verdict: parseVerdict(stream), span: stream.spanFrom(first) };
}

/** `jump { ... }`: a chain that has no name, written where it is jumped to. */
function parseBlock(stream: TokenStream, kind: 'jump' | 'goto'): Statement {
  stream.take();
  return stream.nested(() => {
    stream.expect('{');
    const rules: Rule[] = [];
    for (stream.skipSeparators(); !stream.is('}'); stream.skipSeparators()) {
      rules.push(parseRule(stream));
      stream.expectEnd();
    }
    stream.expect('}');
    return { kind: 'block', jump: kind, rules };
  });
}

function parseCounter(stream: TokenStream): Statement {
  if (stream.is('name', 1)) return parseObjectUse(stream, 'counter');
  stream.take();
  for (const [word, other] of [
    ['packets', 'bytes'],
    ['bytes', 'packets'],
  ] as const) {
    if (!stream.accept(word)) continue;
    stream.expectCount(`a number of ${word}`);
    stream.expect(other);
    stream.expectCount(`a number of ${other}`);
    break;
  }
  return { kind: 'counter' };
}

function parseLast(stream: TokenStream): Statement {
  parseLastUsed(stream);
  return { kind: 'other', text: 'last', effect: 'none' };
}

function parseLog(stream: TokenStream): Statement {
  stream.expect('log');
  const options: { prefix?: string; group?: number } = {};
  for (;;) {
    if (stream.accept('prefix')) options.prefix = stream.expectName('a prefix in quotes');
    else if (stream.accept('group')) options.group = stream.expectNumber('the number of a log group', 65535);
    else if (stream.accept('level')) stream.expectKind('word', 'a level');
    else if (stream.accept('snaplen') || stream.accept('queue-threshold')) stream.expectNumber('a number');
    else if (stream.accept('flags')) parseLogFlags(stream);
    else return { kind: 'log', ...options };
  }
}

/** `all`, `ether`, `skuid`, `ip options`, `tcp sequence,options`. */
function parseLogFlags(stream: TokenStream): void {
  if (stream.accept('ip')) stream.expect('options');
  else if (stream.accept('tcp')) {
    do stream.expectOne(['sequence', 'options'], '`sequence` or `options`');
    while (stream.accept(','));
  } else stream.expectOne(['all', 'ether', 'skuid'], 'a flag of `log`');
}

function parseReject(stream: TokenStream): Statement {
  stream.expect('reject');
  return stream.accept('with') ? { kind: 'reject', with: parseRejectWith(stream) } : { kind: 'reject' };
}

function parseRejectWith(stream: TokenStream): RejectWith {
  const kind = stream.expectOne(['tcp', 'icmpx', 'icmp', 'icmpv6'], '`tcp reset`, `icmpx`, `icmp` or `icmpv6`');
  if (kind === 'tcp') {
    stream.expect('reset');
    return { kind: 'tcp-reset' };
  }
  stream.accept('type');
  const code = stream.peek().kind === 'number' ? stream.take() : stream.expectKind('word', 'a code');
  return { kind, code: code.text };
}

/** Statements that begin with `ct`: objects for the connection, and how many connections there are; all else is a field. */
function parseCtStatement(stream: TokenStream): Statement {
  if (stream.is('count', 1)) {
    stream.take();
    stream.take();
    const over = stream.accept('over');
    return { kind: 'ct-count', over, amount: String(stream.expectNumber('a number of connections', 0xffff_ffff)) };
  }
  const type = (['helper', 'timeout', 'expectation'] as const).find((each) => stream.is(each, 1));
  if (type === undefined || !stream.is('set', 2)) return parseMatch(stream);
  stream.take();
  stream.take();
  stream.take();
  const value = parseRightOrMap(stream);
  const objectType = `ct ${type}`;
  if (value.kind === 'map') return { kind: 'object-map', type: objectType, key: value.key, data: value.data };
  if (value.kind !== 'word') throw new SyntaxFailure('the name of an object', stream.peek());
  return { kind: 'object', type: objectType, name: value.text };
}

/** `reset tcp option sack`: takes the option out. */
function parseReset(stream: TokenStream): Statement {
  stream.take();
  stream.expect('tcp');
  stream.expect('option');
  const { text } = stream.peek().kind === 'number' ? stream.take() : stream.expectKind('word', 'the name of an option');
  return { kind: 'other', text: `reset tcp option ${text}`, effect: 'tcp' };
}

/** A match or target of iptables, which nft names and cannot tell more of. */
function parseXt(stream: TokenStream): Statement {
  stream.take();
  const type = stream.expectOne(['match', 'target', 'watcher'], '`match`, `target` or `watcher`');
  return xtStatement(stream.expectName('a name'), type);
}

/** Where the kind is not told, the spelling does: iptables writes targets in capitals. */
function xtStatement(name: string, type = /^[A-Z]/.test(name) ? 'target' : 'match'): Statement {
  return { kind: 'other', text: `xt ${type} "${name}"`, effect: type === 'match' ? 'filter' : 'anything' };
}

function parseMatch(stream: TokenStream): Statement {
  const first = stream.peek();
  const left = parseKey(stream);
  if (stream.accept('vmap')) return { kind: 'vmap', key: left, data: parseSetExpression(stream) };
  if (stream.is('set') && isSelector(left)) {
    stream.take();
    return { kind: 'assign', target: left, value: parseRightOrMap(stream) };
  }
  const operator = parseOperator(stream);
  const right = parseRight(stream);
  if (stream.accept('/')) {
    // `tcp flags syn / fin,syn,rst,ack`: value, then mask.
    const mask = parseBitList(stream, stream.peek(), parseRange(stream), parseRange);
    const masked: Expression = { kind: 'binary', operator: '&', left, right: mask };
    return { kind: 'match', left: { ...masked, span: stream.spanFrom(first) }, operator: operator ?? '==', right };
  }
  const meant = operator ?? implicitOperator(left, right);
  return { kind: 'match', left, operator: meant, right, span: stream.spanFrom(first) };
}

const COMPARISONS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...(['==', '!=', '<=', '>=', '<', '>', '!'] as const).map((sign) => [sign, sign] as const),
  ['eq', '=='],
  ['ne', '!='],
  ['le', '<='],
  ['ge', '>='],
  ['lt', '<'],
  ['gt', '>'],
]);

function parseOperator(stream: TokenStream): Operator | undefined {
  const operator = COMPARISONS.get(stream.wordOrSign);
  if (operator !== undefined) stream.take();
  return operator;
}

/** What is assigned: constants, fields reckoned with, or what a map leads to. */
function parseRightOrMap(stream: TokenStream): Expression {
  const first = stream.peek();
  const key = parseConcat(stream, parseComputed);
  if (stream.accept('map')) return { kind: 'map', key, data: parseSetExpression(stream), span: stream.spanFrom(first) };
  if (stream.accept('-'))
    return { kind: 'range', first: key, last: parseConstant(stream), span: stream.spanFrom(first) };
  return parseBitList(stream, first, key, parseConstant);
}

import { type Expression, RAW_BASES, type Selector } from './ast.ts';
import {
  BARE_META_KEYS,
  EXTENSION_HEADERS,
  FIB_FLAGS,
  FIB_RESULT_WORDS,
  fibResult,
  isCtKey,
  isMetaKey,
  isPayloadField,
  isPayloadProtocol,
  SOCKET_KEYS,
  TUNNELS,
} from './fields.ts';
import { parseBits, parseConcat, parseConstant, parseJoined } from './parse-value.ts';
import { printExpression } from './print-rule.ts';
import type { Token } from './token.ts';
import { SyntaxFailure, type TokenStream } from './token-stream.ts';

/** What a rule reads from the packet: selectors, perhaps masked (`tcp flags & (fin | syn)`), joined by ` . `. */
export function parseKey(stream: TokenStream): Expression {
  return parseConcat(stream, parseKeyPart);
}

function parseKeyPart(stream: TokenStream): Expression {
  if (stream.is('(')) return parseComputed(stream);
  const first = stream.peek();
  const selector = parseSelectorIfAny(stream);
  if (selector === undefined)
    throw new SyntaxFailure('a statement or a field of the packet that is understood', stream.peek());
  return parseJoined(stream, parseSelectorOrConstant, first, selector);
}

/** Fields of the packet and constants, joined by the signs of a computation. */
export function parseComputed(stream: TokenStream): Expression {
  return parseBits(stream, parseSelectorOrConstant);
}

function parseSelectorOrConstant(stream: TokenStream): Expression {
  return parseSelectorIfAny(stream) ?? parseConstant(stream);
}

const OTHERS: ReadonlySet<string> = new Set([
  ...BARE_META_KEYS,
  'meta',
  'ct',
  'fib',
  'socket',
  'exthdr',
  'rt',
  'numgen',
  'jhash',
  'symhash',
  'osf',
  'ipsec',
]);

export function startsSelector(stream: TokenStream): boolean {
  const token = stream.peek();
  if (token.kind === 'punctuation')
    return token.text === '@' && RAW_BASES.some((base) => stream.is(base, 1)) && stream.is(',', 2);
  if (token.kind !== 'word') return false;
  const next = stream.peek(1);
  if (isPayloadProtocol(token.text) && next.kind === 'word') {
    return isPayloadField(token.text, next.text) || isOptionWord(token.text, next.text) || token.text === 'arp';
  }
  if (Object.hasOwn(EXTENSION_HEADERS, token.text) && next.kind === 'word') {
    if (EXTENSION_HEADERS[token.text]!.includes(next.text)) return true;
  }
  return isTunnelWord(token.text, next) || OTHERS.has(token.text);
}

/** A tunnel's own field, or a protocol whose field is asked for inside of it. */
function isTunnelWord(tunnel: string, next: Token): boolean {
  if (!Object.hasOwn(TUNNELS, tunnel) || next.kind !== 'word') return false;
  return TUNNELS[tunnel]!.includes(next.text) || isPayloadProtocol(next.text);
}

function isOptionWord(protocol: string, word: string): boolean {
  return word === 'option' ? ['tcp', 'ip', 'dccp'].includes(protocol) : word === 'chunk' && protocol === 'sctp';
}

function parseSelectorIfAny(stream: TokenStream): Selector | undefined {
  return parseField(stream) ?? parseOtherSelector(stream);
}

/** `ip saddr`: what most rules ask for. */
function parseField(stream: TokenStream): Selector | undefined {
  const first = stream.peek();
  if (first.kind !== 'word' || !isPayloadProtocol(first.text)) return undefined;
  const next = stream.peek(1);
  if (next.kind !== 'word' || !isPayloadField(first.text, next.text)) return undefined;
  stream.take();
  stream.take();
  return { kind: 'payload', protocol: first.text, field: next.text, span: stream.spanFrom(first) };
}

function parseOtherSelector(stream: TokenStream): Selector | undefined {
  if (!startsSelector(stream)) return undefined;
  const first = stream.take();
  const selector = parseSelectorParts(stream, first.text);
  return { ...selector, span: stream.spanFrom(first) };
}

/** Behind the first word or sign. */
function parseSelectorParts(stream: TokenStream, text: string): Selector {
  const next = stream.peek();
  if (isPayloadProtocol(text) && next.kind === 'word') {
    if (isOptionWord(text, next.text)) return parseOption(stream, text);
    return parsePayload(stream, text);
  }
  if (Object.hasOwn(EXTENSION_HEADERS, text) && EXTENSION_HEADERS[text]!.includes(next.text)) {
    return { kind: 'option', header: text, field: parseOptionField(stream) };
  }
  if (isTunnelWord(text, next)) {
    if (TUNNELS[text]!.includes(next.text)) return { kind: 'option', header: text, field: stream.take().text };
    const { protocol, field } = parsePayload(stream, stream.take().text);
    return { kind: 'option', header: `${text} ${protocol}`, field };
  }
  switch (text) {
    case '@':
      return parseRaw(stream);
    case 'meta': {
      const key = stream.peek();
      if (key.kind !== 'word' || !isMetaKey(key.text)) throw new SyntaxFailure('a `meta` key that is understood', key);
      stream.take();
      return { kind: 'meta', key: key.text };
    }
    case 'ct':
      return parseCt(stream);
    case 'fib':
      return parseFib(stream);
    case 'socket': {
      const key = stream.expectOne(SOCKET_KEYS, 'a `socket` key that is understood');
      if (key !== 'cgroupv2') return { kind: 'socket', key };
      stream.expect('level');
      return { kind: 'socket', key, level: stream.expectNumber('a level', 255) };
    }
    case 'exthdr':
      return { kind: 'option', header: stream.expectOne(Object.keys(EXTENSION_HEADERS), 'an extension header') };
    case 'rt':
    case 'osf':
    case 'ipsec':
      if (text === 'ipsec' && !stream.is('in') && !stream.is('out')) return { kind: 'meta', key: text };
      return { kind: 'computed', text: parseWords(stream, text), volatile: false };
    case 'numgen':
    case 'jhash':
    case 'symhash':
      return parseGenerator(stream, text);
    default:
      return { kind: 'meta', key: text };
  }
}

function parsePayload(stream: TokenStream, protocol: string): Extract<Selector, { kind: 'payload' }> {
  const word = stream.take().text;
  const next = stream.peek();
  // `arp saddr ip`
  const field = protocol === 'arp' && next.kind === 'word' ? `${word} ${next.text}` : word;
  if (field !== word && isPayloadField(protocol, field)) {
    stream.take();
    return { kind: 'payload', protocol, field };
  }
  if (!isPayloadField(protocol, word)) throw new SyntaxFailure(`a field of \`${protocol}\` that is understood`, next);
  return { kind: 'payload', protocol, field: word };
}

/** `tcp option maxseg size`, `ip option lsrr`, `sctp chunk data`, `tcp option @255,8,8`. */
function parseOption(stream: TokenStream, protocol: string): Selector {
  const kind = stream.take().text; // `option` or `chunk`
  if (stream.is('@')) {
    stream.take();
    return { kind: 'option', header: `${protocol} ${kind}`, field: `@${parsePlace(stream).join(',')}` };
  }
  const name = stream.take();
  if (name.kind !== 'word' && name.kind !== 'number') throw new SyntaxFailure('the name of an option', name);
  const header = `${protocol} ${kind} ${name.text}`;
  return OPTION_FIELDS.some((field) => stream.is(field))
    ? { kind: 'option', header, field: parseOptionField(stream) }
    : { kind: 'option', header };
}

/** Fields of options and chunks (nft(8)): all other words behind an option's name belong to what follows. */
const OPTION_FIELDS = [
  'kind',
  'length',
  'size',
  'subtype',
  'count',
  'left',
  'right',
  'tsval',
  'tsecr',
  'type',
  'ptr',
  'addr',
  'value',
  'flags',
  'tsn',
  'stream',
  'ssn',
  'ppid',
  'init-tag',
  'a-rwnd',
  'num-outbound-streams',
  'num-inbound-streams',
  'initial-tsn',
  'cum-tsn-ack',
  'num-gap-ack-blocks',
  'num-dup-tsns',
  'lowest-tsn',
  'seqno',
  'new-cum-tsn',
] as const;

/** A field, `addr[1]` and `sid[0]` with their number. */
function parseOptionField(stream: TokenStream): string {
  const field = stream.take().text;
  if (!stream.accept('[')) return field;
  const number = stream.expectNumber('a number', 255);
  stream.expect(']');
  return `${field}[${number}]`;
}

function parseRaw(stream: TokenStream): Selector {
  const base = stream.expectOne(RAW_BASES, 'the base of a header');
  stream.expect(',');
  const [offset, length] = parsePlace(stream);
  return { kind: 'raw', base, offset: offset!, length: length! };
}

const MOST_OFFSET = 8 * 65_535 + 7; // bits; the kernel keeps bytes in 16 bits (struct nft_payload, include/net/netfilter/nf_tables_core.h)

/** Numbers between commas. */
function parsePlace(stream: TokenStream): number[] {
  const numbers = [stream.expectNumber('an offset in bits', MOST_OFFSET)];
  while (numbers.length < 3 && stream.accept(',')) numbers.push(stream.expectNumber('a length in bits', 65535));
  return numbers;
}

/** `ct state`, `ct original ip saddr`, `ct reply proto-dst`. */
function parseCt(stream: TokenStream): Selector {
  const direction = (['original', 'reply'] as const).find((word) => stream.accept(word));
  const first = stream.peek();
  let key = stream.expectKind('word', 'a `ct` key that is understood').text;
  if (key === 'ip' || key === 'ip6') key = `${key} ${stream.expectKind('word', '`saddr` or `daddr`').text}`;
  if (!isCtKey(key)) throw new SyntaxFailure('a `ct` key that is understood', first);
  return { kind: 'ct', key, ...(direction === undefined ? {} : { direction }) };
}

function parseFib(stream: TokenStream): Selector {
  const flags: string[] = [];
  do flags.push(stream.expectOne(FIB_FLAGS, '`saddr`, `daddr`, `mark`, `iif` or `oif`'));
  while (stream.accept('.'));
  const result = stream.expectOne(FIB_RESULT_WORDS, '`type`, `oif`, `oifname` or `check`');
  return { kind: 'fib', result: fibResult(result), flags };
}

/** The last word of what asks for a route, a fingerprint or a transform. */
const LAST_WORDS = ['classid', 'nexthop', 'mtu', 'ipsec', 'name', 'version', 'reqid', 'spi', 'saddr', 'daddr'] as const;

function parseWords(stream: TokenStream, head: string): string {
  const words = [head];
  while (words.length < 8) {
    const token = stream.peek();
    if (token.kind !== 'word' && token.kind !== 'number') break;
    stream.take();
    words.push(token.text);
    if (LAST_WORDS.some((word) => word === token.text)) return words.join(' ');
  }
  throw new SyntaxFailure(`a \`${head}\` expression that is understood`, stream.peek());
}

/** `numgen random mod 4 offset 1`, `jhash ip saddr mod 2 seed 5`, `symhash mod 2`. */
function parseGenerator(stream: TokenStream, head: 'numgen' | 'jhash' | 'symhash'): Selector {
  let text: string = head;
  if (head === 'numgen') text += ` ${stream.expectOne(['inc', 'random'], '`inc` or `random`')}`;
  const key = head === 'jhash' ? stream.nested(() => parseKey(stream)) : undefined;
  if (key !== undefined) text += ` ${printExpression(key)}`;
  stream.expect('mod');
  text += ` mod ${stream.expectNumber('a number', 0xffff_ffff)}`;
  for (const option of ['seed', 'offset'] as const) {
    if (!stream.accept(option)) continue;
    const value = stream.expectNumber('a number', 0xffff_ffff);
    if (value !== 0) text += ` ${option} ${value}`;
  }
  return { kind: 'computed', text, ...(key === undefined ? {} : { key }), volatile: head === 'numgen' };
}

import type { TableFamily } from './ast.ts';
import type { Token } from './token.ts';
import { numberValue, SyntaxFailure, type TokenStream } from './token-stream.ts';

/** NF_IP_PRI_*, include/uapi/linux/netfilter_ipv4.h. */
const IP = { raw: -300, mangle: -150, dstnat: -100, filter: 0, security: 50, srcnat: 100 } as const;

/** Names of priorities, by family: src/rule.c of nftables, `chain_std_prio_lookup`. */
const PRIORITIES: Readonly<Record<TableFamily, Readonly<Record<string, number>>>> = {
  ip: IP,
  ip6: IP,
  inet: IP,
  arp: { filter: 0 },
  netdev: { filter: 0 },
  // NF_BR_PRI_*, include/uapi/linux/netfilter_bridge.h
  bridge: { dstnat: -300, filter: -200, out: 100, srcnat: 300 },
};

/** `filter`, `-150`, `dstnat + 5`. Lower runs earlier. */
export function parsePriority(stream: TokenStream, family: TableFamily): number {
  if (stream.accept('-')) return -stream.expectNumber('a priority', MOST);
  if (stream.peek().kind === 'number') return stream.expectNumber('a priority', MOST);
  const token = stream.peek();
  if (token.kind === 'string') return parseQuoted(stream, token, family);
  const words = PRIORITIES[family];
  if (token.kind !== 'word' || !Object.hasOwn(words, token.text)) throw noPriority(family, token);
  stream.take();
  const base = words[token.text]!;
  if (stream.accept('-')) return base - stream.expectNumber('a number', MOST);
  return stream.accept('+') ? base + stream.expectNumber('a number', MOST) : base;
}

/** `"filter - 10"`: variables hold a priority in quotes. */
function parseQuoted(stream: TokenStream, token: Token, family: TableFamily): number {
  const words = PRIORITIES[family];
  const found = /^\s*([a-z]*)\s*(?:([+-])\s*)?([0-9]*)\s*$/.exec(token.text);
  const [, word = '', sign = '', digits = ''] = found ?? [];
  const base = word === '' ? 0 : Object.hasOwn(words, word) ? words[word] : undefined;
  const number = digits === '' ? 0 : numberValue(digits);
  const isWhole = word === '' ? digits !== '' : (sign === '') === (digits === '');
  if (base === undefined || !isWhole || !(number <= MOST)) throw noPriority(family, token);
  stream.take();
  return sign === '-' ? base - number : base + number;
}

function noPriority(family: TableFamily, token: Token): SyntaxFailure {
  return new SyntaxFailure(`a priority: a number, or one of ${Object.keys(PRIORITIES[family]).join(', ')}`, token);
}

const MOST = 0x7fff_ffff;

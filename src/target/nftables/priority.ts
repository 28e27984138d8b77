import type { TableFamily } from './ast.ts';
import { SyntaxFailure, type TokenStream } from './token-stream.ts';

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
  const words = PRIORITIES[family];
  if ((token.kind !== 'word' && token.kind !== 'string') || !Object.hasOwn(words, token.text)) {
    throw new SyntaxFailure(`a priority: a number, or one of ${Object.keys(words).join(', ')}`, token);
  }
  stream.take();
  const base = words[token.text]!;
  if (stream.accept('-')) return base - stream.expectNumber('a number', MOST);
  return stream.accept('+') ? base + stream.expectNumber('a number', MOST) : base;
}

const MOST = 0x7fff_ffff;

import { addressBits } from '../../net/index.ts';
import type { Expression, NatStatement, NatType, Statement } from './ast.ts';
import { parseComputed } from './parse-selector.ts';
import { parseSetExpression } from './parse-set.ts';
import { parseObjectUse } from './parse-stateful.ts';
import { parseConcat, parseConstant, parseRange } from './parse-value.ts';
import { printExpression } from './print-rule.ts';
import type { TokenStream } from './token-stream.ts';

/** `dnat ip to 10.0.0.2:8080`, `snat to 192.0.2.1`, `masquerade to :1024-2000 random`, `redirect to :8080`. */
export function parseNat(stream: TokenStream, type: NatType): NatStatement {
  stream.take();
  const family = (['ip6', 'ip'] as const).find((word) => stream.accept(word));
  const flags: string[] = [];
  for (const word of ['interval', 'prefix', 'addr'] as const) {
    if (!stream.accept(word)) continue;
    if (word === 'addr') {
      stream.expect('.');
      stream.expect('port');
    } else flags.push(word);
  }
  const target = stream.accept('to') ? parseTarget(stream, type === 'redirect') : {};
  if (NAT_FLAGS.some((flag) => stream.is(flag))) {
    do flags.push(stream.expectOne(NAT_FLAGS, '`random`, `fully-random` or `persistent`'));
    while (stream.accept(','));
  }
  return { kind: 'nat', type, ...(family === undefined ? {} : { family }), ...target, flags };
}

const NAT_FLAGS = ['random', 'fully-random', 'persistent'] as const;

type Target = Pick<NatStatement, 'address' | 'port'>;

/** An address, an address and a port, or a port alone. `redirect to 80` names a port in older texts. */
function parseTarget(stream: TokenStream, portAlone: boolean): Target {
  if (stream.accept(':')) return { port: parsePart(stream) };
  const address = parsePart(stream);
  if (portAlone) return { port: address };
  return stream.accept(':') ? { address, port: parsePart(stream) } : { address };
}

function parsePart(stream: TokenStream): Expression {
  const first = stream.peek();
  if (stream.accept('[')) {
    // An IPv6 address beside a port stands in brackets.
    const start = parseConstant(stream);
    stream.expect(']');
    if (start.kind === 'address' && stream.accept('/')) {
      const length = stream.expectNumber('a prefix length', addressBits(start.address.family));
      return { kind: 'prefix', address: start.address, length, span: stream.spanFrom(first) };
    }
    if (!stream.accept('-')) return start;
    stream.expect('[');
    const last = parseConstant(stream);
    stream.expect(']');
    return { kind: 'range', first: start, last, span: stream.spanFrom(first) };
  }
  const key = parseConcat(stream, parseComputed);
  if (stream.accept('map')) return { kind: 'map', key, data: parseSetExpression(stream), span: stream.spanFrom(first) };
  if (!stream.accept('-')) return key;
  return { kind: 'range', first: key, last: parseConstant(stream), span: stream.spanFrom(first) };
}

/** `tproxy ip to 127.0.0.1:50080`: stops the rule where no socket listens there. */
export function parseTproxy(stream: TokenStream): Statement {
  stream.take();
  const family = (['ip6', 'ip'] as const).find((word) => stream.accept(word));
  stream.expect('to');
  return { kind: 'other', text: tproxyText(family, parseTarget(stream, false)), effect: 'filter' };
}

export function tproxyText(family: string | undefined, { address, port }: Target): string {
  const at = address === undefined ? '' : printExpression(address);
  return `tproxy ${family === undefined ? '' : `${family} `}to ${at}${port === undefined ? '' : `:${printExpression(port)}`}`;
}

/** `dup to 10.0.0.1 device "eth0"`: a copy goes elsewhere, the packet goes on. */
export function parseDup(stream: TokenStream): Statement {
  stream.take();
  stream.expect('to');
  parsePart(stream);
  if (stream.accept('device')) parsePart(stream);
  return { kind: 'other', text: 'dup', effect: 'none' };
}

/** `fwd to "eth1"`: the packet itself goes elsewhere, and nothing more is asked on this machine. */
export function parseForward(stream: TokenStream): Statement {
  stream.take();
  if (!stream.accept('ip')) stream.accept('ip6');
  stream.expect('to');
  parsePart(stream);
  if (stream.accept('device')) parsePart(stream);
  return { kind: 'other', text: 'fwd', effect: 'take' };
}

/** `queue`, `queue num 3-5 bypass`, `queue flags bypass to jhash ip saddr mod 4`. */
export function parseQueue(stream: TokenStream): Statement {
  stream.take();
  let number: Expression = { kind: 'number', value: 0 };
  for (;;) {
    if (stream.accept('num')) number = parseRange(stream);
    else if (stream.accept('to')) number = parsePart(stream);
    else if (stream.accept('flags')) parseQueueFlags(stream);
    else if (QUEUE_FLAGS.some((flag) => stream.is(flag))) parseQueueFlags(stream);
    else return { kind: 'queue', number };
  }
}

const QUEUE_FLAGS = ['bypass', 'fanout'] as const;

function parseQueueFlags(stream: TokenStream): void {
  do stream.expectOne(QUEUE_FLAGS, '`bypass` or `fanout`');
  while (stream.accept(','));
}

/** `synproxy mss 1460 wscale 7 timestamp sack-perm`, `synproxy name "s"`: answers openings itself. */
export function parseSynproxy(stream: TokenStream): Statement {
  if (stream.is('name', 1)) return parseObjectUse(stream, 'synproxy');
  stream.take();
  for (;;) {
    if (stream.accept('mss') || stream.accept('wscale')) stream.expectNumber('a number');
    else if (!stream.accept('timestamp') && !stream.accept('sack-perm')) break;
  }
  return { kind: 'other', text: 'synproxy', effect: 'steal' };
}

import { formatPortRange, formatRange, type PortRange, protocolName } from '../net/index.ts';
import { type Box, boxes, type IntervalSet, type NumberDimension, type PacketSet } from '../packetset/index.ts';
import { interfaceName, NO_ACCOUNT, valueText } from './space.ts';

const MAX_PARTS = 4; // ranges of one field that are listed before the rest is counted

/**
 * The set as lines of text, disjoint boxes, at most `limit` of them; a last line says if there are more. An empty set gives
 * no line.
 */
export function describe(set: PacketSet, limit = 8): string[] {
  const lines: string[] = [];
  for (const box of boxes(set)) {
    if (lines.length === limit) {
      lines.push('... and more');
      break;
    }
    lines.push(boxText(box));
  }
  return lines;
}

function boxText(box: Box): string {
  const words: string[] = [];
  const number = (name: NumberDimension): string | undefined => {
    const ranges = box.numbers.get(name);
    if (ranges === undefined) return undefined;
    return list(ranges.map((range) => rangeText(name, range)));
  };
  const put = (label: string, text: string | undefined): void => {
    if (text !== undefined) words.push(label === '' ? text : `${label} ${text}`);
  };
  put('', number('hook'));
  if (box.family !== undefined) put('', `IPv${box.family}`);
  put('', number('protocol'));
  put('from', addressText(box, 'src'));
  put('port', number('sport'));
  put('to', addressText(box, 'dst'));
  put('port', number('dport'));
  put('type', number('icmpType'));
  put('code', number('icmpCode'));
  put('flags', number('tcpFlags'));
  put('iif', interfaceText(box.wides.get('in')));
  put('oif', interfaceText(box.wides.get('out')));
  put('uid', number('srcAccount'));
  put('receiver uid', number('dstAccount'));
  put('source is', number('srcType'));
  put('destination is', number('dstType'));
  put('state', number('state'));
  for (const [key, holds] of box.symbols) words.push(holds ? `(${key})` : `(not ${key})`);
  if (!box.exact) words.push('(at most)');
  return words.length === 0 ? 'every packet' : words.join(' ');
}

function rangeText(name: NumberDimension, range: PortRange): string {
  const texts =
    name === 'srcAccount' || name === 'dstAccount' ? accountText : name === 'protocol' ? protocolName : undefined;
  const one = (value: number): string => texts?.(value) ?? valueText(name, value);
  if (range.first === range.last) return one(range.first);
  if (name === 'hook' || name === 'state' || name === 'srcType' || name === 'dstType') {
    return list(Array.from({ length: range.last - range.first + 1 }, (_, at) => one(range.first + at)));
  }
  return texts === undefined ? formatPortRange(range) : `${one(range.first)}-${one(range.last)}`;
}

function accountText(uid: number): string {
  return uid === NO_ACCOUNT ? 'none' : String(uid);
}

function addressText(box: Box, side: 'src' | 'dst'): string | undefined {
  const set = box.wides.get(side);
  const family = box.family ?? 6;
  return set === undefined ? undefined : list(set.intervals.map((interval) => formatRange({ family, ...interval })));
}

function interfaceText(set: IntervalSet | undefined): string | undefined {
  if (set === undefined) return undefined;
  return list(
    set.intervals.map((interval) => {
      const first = interfaceName(interval.first);
      if (interval.first === interval.last) return first === '' ? 'none' : first;
      // A wildcard is a name followed by every possible rest.
      const free = BigInt(128 - 8 * new TextEncoder().encode(first).length);
      if ((interval.first | ((1n << free) - 1n)) === interval.last) return `${first}*`;
      const last = interval.last === (1n << 128n) - 1n ? 'any later name' : interfaceName(interval.last);
      return interval.first <= 1n ? `any name up to ${last}` : `names ${first} to ${last}`;
    }),
  );
}

function list(parts: readonly string[]): string {
  const shown = parts.slice(0, MAX_PARTS).join(', ');
  return parts.length > MAX_PARTS ? `${shown} and ${parts.length - MAX_PARTS} more` : shown;
}

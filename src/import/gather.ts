import { PROTOCOLS } from '../net/index.ts';
import type { NumberRange } from '../packetset/index.ts';
import type { FoundFlow } from './found-flows.ts';
import type { Called } from './naming.ts';

type CalledFlow = readonly [FoundFlow, Called];

/** Flows between the same ends that belong together become one: of one rule, of one name, of one limit, of one port, of ICMP. */
export function gathered(flows: readonly CalledFlow[]): CalledFlow[] {
  const byEnds = Map.groupBy(flows, ([flow]) => endsKey(flow));
  return [...byEnds.values()].flatMap((alike) => {
    const groups: CalledFlow[] = [];
    for (const each of alike) {
      const index = groups.findIndex((group) => belongTogether(group, each));
      const group = groups[index];
      if (group === undefined) groups.push(each);
      else groups[index] = [{ ...group[0], product: { ...group[0].product, codes: joined(group, each) } }, group[1]];
    }
    return groups;
  });
}

const keys = new WeakMap<object, number>();
let nextKey = 0;

/** Limits are told apart by what they are, not by what they say. */
function identity(object: object | undefined): number {
  if (object === undefined) return -1;
  let key = keys.get(object);
  if (key === undefined) {
    key = nextKey++;
    keys.set(object, key);
  }
  return key;
}

function endsKey({ hook, selector: { rate, ...selector }, product: { src, dst } }: FoundFlow): string {
  const parts = [hook, selector, identity(rate), src.ranges(), dst.ranges()];
  return JSON.stringify(parts, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

function belongTogether([a, calledA]: CalledFlow, [b, calledB]: CalledFlow): boolean {
  if (a.selector.rate !== undefined) return true;
  if (calledA.name !== undefined || calledB.name !== undefined) return calledA.name === calledB.name;
  if (calledA.comment !== undefined || calledB.comment !== undefined) return calledA.comment === calledB.comment;
  if (calledA.rule !== '' && calledA.rule === calledB.rule) return true;
  return (isIcmp(a) && isIcmp(b)) || samePort(a, b);
}

function isIcmp({ product: { codes } }: FoundFlow): boolean {
  return codes.every(({ first, last }) => [first, last].every((code) => ICMP.includes(code >>> 16)));
}

const ICMP: readonly number[] = [PROTOCOLS.icmp, PROTOCOLS.icmpv6];

/** DNS is UDP 53 and TCP 53. */
function samePort(a: FoundFlow, b: FoundFlow): boolean {
  const port = ({ product: { codes } }: FoundFlow): number | undefined => {
    const [only, ...more] = codes;
    return only !== undefined && more.length === 0 && only.first === only.last ? only.first & 0xffff : undefined;
  };
  return port(a) !== undefined && port(a) === port(b);
}

function joined([a]: CalledFlow, [b]: CalledFlow): readonly NumberRange[] {
  return [...a.product.codes, ...b.product.codes].sort((one, other) => one.first - other.first);
}

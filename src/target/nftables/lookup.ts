import type { Family } from '../../net/index.ts';
import type { Element, ElementData, Expression, Rule, Selector, SetDeclaration } from './ast.ts';
import type { Shape, ShapedBox } from './box.ts';
import * as build from './build.ts';
import { type Box, type Cell, disjointCells, type Interval, isExact } from './cells.ts';

/** A map and the rule that looks it up: one step of the packet's way, however many flows the map holds. */
export interface Lookup {
  readonly map: SetDeclaration;
  readonly rule: Rule;
}

/** What becomes of a packet that is in a cell: counted and let through, or sent on to its rate. */
export interface LookupAction {
  readonly data: 'counter' | 'verdict';
  readonly keepAll: boolean; // whether `element` wants all flows of a cell or only the first
  readonly element: (cell: Cell) => ElementData;
}

/** The fewest lookups that hold all boxes: one for each shape, exact tuples in a hash map and the others in an interval map. */
export function lookups(name: string, family: Family, boxes: readonly ShapedBox[], action: LookupAction): Lookup[] {
  const groups = new Map<string, ShapedBox[]>();
  for (const shaped of boxes) {
    const key = `${shapeName(shaped.shape)}${isExact(shaped.box) ? '' : '-ranges'}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [shaped]);
    else group.push(shaped);
  }
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, group]) => lookup(`${name}-${key}`, family, group, action));
}

function lookup(name: string, family: Family, group: readonly ShapedBox[], action: LookupAction): Lookup {
  const { shape } = group[0]!;
  const boxes = group.map((each) => each.box);
  const exact = boxes.every(isExact);
  const order = fieldOrder(shape, boxes);
  const fields = keyFields(shape, family);
  const cells = exact ? exactCells(boxes, action.keepAll) : disjointCells(boxes, action.keepAll);
  const elements: Element[] = cells.map((cell) => ({
    key: concat(order.map((field) => fields[field]!.constant(cell.fields[field]!))),
    data: action.element(cell),
  }));
  const key = concat(order.map((field) => fields[field]!.selector));
  const map: SetDeclaration = {
    name,
    key: { kind: 'type', parts: order.map((field) => fields[field]!.datatype) },
    data: action.data,
    flags: exact ? [] : ['interval'],
    elements,
  };
  const rule: Rule =
    action.data === 'counter'
      ? build.rule([{ kind: 'counter-map', key, map: name }, build.decide('accept')])
      : build.rule([{ kind: 'vmap', key, data: build.reference(name) }]);
  return { map, rule };
}

/** Equal tuples become one: the first in policy order counts. */
function exactCells(boxes: readonly Box[], keepAll: boolean): Cell[] {
  const byTuple = new Map<string, Box[]>();
  for (const box of boxes) {
    const key = box.fields.map((each) => each.first).join(' ');
    const same = byTuple.get(key);
    if (same === undefined) byTuple.set(key, [box]);
    else same.push(box);
  }
  return [...byTuple.values()].map((same) => {
    const flows = [...new Set(same.toSorted((a, b) => a.order - b.order).map((box) => box.flow))];
    return { fields: same[0]!.fields, flows: keepAll ? flows : flows.slice(0, 1) };
  });
}

/** The most selective field goes first: the kernel's interval sets narrow by field, in order, and addresses differ most. */
function fieldOrder(shape: Shape, boxes: readonly Box[]): number[] {
  const order = boxes[0]!.fields.map((_, index) => index);
  if (!shape.src || !shape.dst) return order;
  const distinct = (field: number): number => new Set(boxes.map((box) => box.fields[field]!.first)).size;
  return distinct(1) > distinct(0) ? [1, 0, ...order.slice(2)] : order;
}

interface KeyField {
  readonly selector: Selector;
  readonly datatype: string;
  readonly constant: (interval: Interval) => Expression;
}

/** The fields of a shape, in the order of its boxes. */
function keyFields(shape: Shape, family: Family): KeyField[] {
  const side = (which: 'src' | 'dst'): KeyField => ({
    selector: build.addressSelector(family, which),
    datatype: family === 4 ? 'ipv4_addr' : 'ipv6_addr',
    constant: (interval) => build.addressExpression({ family, ...interval }),
  });
  const account: KeyField = { selector: build.SKUID, datatype: 'uid', constant: numbers };
  return [
    ...(shape.src ? [side('src')] : []),
    ...(shape.dst ? [side('dst')] : []),
    ...serviceFields(shape.service, family),
    ...(shape.account ? [account] : []),
  ];
}

function serviceFields(service: Shape['service'], family: Family): KeyField[] {
  const protocol: KeyField = { selector: build.L4PROTO, datatype: 'inet_proto', constant: numbers };
  const header = build.icmpWord(family);
  const type: KeyField = {
    selector: build.payload(header, 'type'),
    datatype: `${header}_type`,
    constant: (interval) => build.range(toNumbers(interval), build.icmpType(family)),
  };
  switch (service) {
    case 'protocol':
      return [protocol];
    case 'ports':
      return [protocol, { selector: build.payload('th', 'dport'), datatype: 'inet_service', constant: numbers }];
    case 'icmp':
      return [type];
    case 'icmp-code':
      return [type, { selector: build.payload(header, 'code'), datatype: `${header}_code`, constant: numbers }];
  }
}

function numbers(interval: Interval): Expression {
  return build.range(toNumbers(interval));
}

function toNumbers(interval: Interval): { readonly first: number; readonly last: number } {
  return { first: Number(interval.first), last: Number(interval.last) };
}

function concat(parts: readonly Expression[]): Expression {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: 'concat', parts };
}

function shapeName(shape: Shape): string {
  return [
    ...(shape.src ? ['from'] : []),
    ...(shape.dst ? ['to'] : []),
    shape.service,
    ...(shape.account ? ['account'] : []),
  ].join('-');
}

import type { AddressRange } from '../../../net/index.ts';
import { AddressSet } from '../../../packetset/index.ts';
import { matches } from '../../selector.ts';
import { blockOf } from '../address-meaning.ts';
import type { Manifest } from '../manifest.ts';
import type { Part } from '../part.ts';
import type { AddressGroup, RuleContext } from './facts.ts';
import { leftOut } from './facts.ts';
import { CILIUM_PROBLEMS } from './problems.ts';
import { readNodeSelector } from './selector.ts';

export function readAddressGroup({ ref, labels, body }: Manifest): AddressGroup {
  const spec = body.at('spec');
  spec.only(['externalCIDRs']);
  return { name: ref.name, labels, ranges: readCidrs(spec.at('externalCIDRs')) };
}

/** `fromCIDR`, `toCIDR`: blocks or addresses. */
export function readCidrs(part: Part): AddressRange[] {
  return part.items().flatMap((item) => block(item) ?? []);
}

function block(item: Part): AddressRange | undefined {
  const text = item.text();
  if (text === undefined) return undefined;
  const found = blockOf(text);
  if (found !== undefined) return found;
  const expected = 'an address block such as `10.0.0.0/8`';
  return item.report.say(CILIUM_PROBLEMS.badValue, item.span, item.path, text, expected);
}

/** `fromCIDRSet`, `toCIDRSet`: blocks with exceptions, or groups of them. Sorted, disjoint. */
export function readCidrSet(part: Part, context: RuleContext): AddressRange[] {
  return AddressSet.of(part.items().flatMap((item) => readCidrRule(item, context))).ranges();
}

const KINDS = ['cidr', 'cidrGroupRef', 'cidrGroupSelector'];

function readCidrRule(item: Part, context: RuleContext): AddressRange[] {
  item.only([...KINDS, 'except']);
  const given = KINDS.filter((key) => item.at(key).exists);
  if (given.length !== 1) {
    item.report.say(CILIUM_PROBLEMS.refused, item.span, item.path, `it has one of ${KINDS.join(', ')}`);
    return [];
  }
  const excepted = readCidrs(item.at('except'));
  const ranges = whole(item, context);
  for (const [at, except] of excepted.entries()) {
    const part = item.at('except').items()[at]!;
    const lies = given[0] !== 'cidr' || ranges.some((range) => contains(range, except));
    if (!lies) part.report.say(CILIUM_PROBLEMS.refused, part.span, part.path, 'it does not lie in `cidr`');
  }
  return AddressSet.of(ranges).subtract(AddressSet.of(excepted)).ranges();
}

function contains(outer: AddressRange, inner: AddressRange): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

function whole(item: Part, context: RuleContext): readonly AddressRange[] {
  if (item.at('cidr').exists) {
    const found = block(item.at('cidr'));
    return found === undefined ? [] : [found];
  }
  const { groups } = context.facts;
  const selector = item.at('cidrGroupSelector');
  if (selector.exists) {
    const wanted = readNodeSelector(selector);
    return groups.filter(({ labels }) => matches(wanted, labels)).flatMap(({ ranges }) => ranges);
  }
  const ref = item.at('cidrGroupRef');
  const name = ref.text();
  const found = groups.find((group) => group.name === name);
  if (found !== undefined || name === undefined) return found?.ranges ?? [];
  ref.report.say(CILIUM_PROBLEMS.missingGroup, ref.span, ref.path, name);
  leftOut(ref, context, `the CiliumCIDRGroup ${name} is not known`);
  return [];
}

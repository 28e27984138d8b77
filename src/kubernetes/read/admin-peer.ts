import { type DnsPattern, parseDnsPattern } from '../../net/index.ts';
import type { ClusterPeer, PolicyRule } from '../policy.ts';
import { EVERYTHING } from '../selector.ts';
import { addressBlock, joined } from './address-block.ts';
import { badValue, labelSelector, namespacedPods } from './label-selector.ts';
import type { Part } from './part.ts';
import { MANIFEST_PROBLEMS } from './problems.ts';

const INGRESS = ['namespaces', 'pods'];
const EGRESS = [...INGRESS, 'nodes', 'networks', 'domainNames'];
const ENTRIES_AT_MOST = 25; // of `networks` and of `domainNames`

/** Who may be at the other end of a rule of the network policy API: exactly one of its ways to say it. */
export function adminPeer(
  part: Part,
  ends: 'from' | 'to',
  action: PolicyRule['action'] | undefined,
): ClusterPeer | undefined {
  const known = ends === 'from' ? INGRESS : EGRESS;
  part.only(known);
  const written = known.filter((key) => part.at(key).exists);
  const [key, ...others] = written;
  if (key === undefined || others.length > 0) {
    const choices = known.map((each) => `\`${each}\``).join(', ');
    return part.report.say(MANIFEST_PROBLEMS.notOne, part.span, part.path, choices);
  }
  const value = part.at(key);
  switch (key) {
    case 'namespaces':
      return { kind: 'workloads', workloads: { namespaces: labelSelector(value), pods: EVERYTHING } };
    case 'pods':
      return { kind: 'workloads', workloads: namespacedPods(value) };
    case 'nodes':
      return { kind: 'nodes', nodes: labelSelector(value) };
    case 'networks':
      return { kind: 'addresses', ranges: joined(entries(value).flatMap((each) => addressBlock(each) ?? [])) };
    default:
      return names(value, action);
  }
}

function entries(part: Part): readonly Part[] {
  const items = part.items();
  if (items.length === 0) part.report.say(MANIFEST_PROBLEMS.empty, part.span, part.path, 'entry');
  if (items.length > ENTRIES_AT_MOST) part.report.say(MANIFEST_PROBLEMS.tooMany, part.span, part.path, ENTRIES_AT_MOST);
  return items;
}

function names(part: Part, action: PolicyRule['action'] | undefined): ClusterPeer | undefined {
  if (action !== undefined && action !== 'allow') {
    const why = 'names can only be let through, not denied or passed on';
    return part.report.say(MANIFEST_PROBLEMS.excluded, part.span, part.path, why);
  }
  return { kind: 'names', patterns: entries(part).flatMap((each) => name(each) ?? []) };
}

function name(part: Part): DnsPattern | undefined {
  const text = part.text();
  if (text === undefined) return undefined;
  return parseDnsPattern(text.replace(/\.$/, '')) ?? badValue(part, 'a domain name, or one with `*.` before it');
}

import type { InterfacePattern, NameGroup, Range } from '../ir/index.ts';
import {
  type AddressRange,
  type Family,
  formatDnsPattern,
  formatRange,
  parseDnsPattern,
  wholeFamily,
} from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import type { FoundFlow } from './found-flows.ts';
import { familiesOf } from './service-codes.ts';

/** One end of a flow as a policy names it. */
export type End =
  | { readonly kind: 'word'; readonly text: string } // `host`, `any`, an address, `catalog:discord`, a host name
  | { readonly kind: 'zone'; readonly zone: ZoneDraft };

/** What a zone of the policy to be holds; its name comes later. */
export interface ZoneDraft {
  readonly addresses: readonly string[];
  readonly except: readonly string[];
  readonly interfaces: readonly string[];
  readonly users: readonly string[];
  readonly cgroups: readonly string[];
  readonly domains: readonly string[];
  readonly hint?: string; // for its name
}

const EMPTY: ZoneDraft = { addresses: [], except: [], interfaces: [], users: [], cgroups: [], domains: [] };

export interface EndsContext {
  readonly groups: readonly NameGroup[]; // whose names are known from elsewhere
  readonly accounts: ReadonlyMap<number, string>; // names of uids
  readonly isLoopbackOpen: boolean; // then `any`, which holds this machine too, opens nothing more
}

/** Why a flow cannot be written, in a sentence. */
export interface Unsayable {
  readonly reason: string;
}

export interface FlowEnds {
  readonly families: readonly Family[];
  readonly from: readonly End[];
  readonly to: readonly End[];
}

export function endsOf({ hook, selector, product }: FoundFlow, context: EndsContext): FlowEnds | Unsayable {
  const meaningful = familiesOf(product.codes);
  const has = (set: AddressSet, family: Family): boolean => !set.of(family).isEmpty();
  const families = meaningful.filter((family) => has(product.src, family) && has(product.dst, family));
  // Names have addresses of both families; other machines that send need not, this one does.
  const sending = hook === 'forward' ? meaningful.filter((family) => has(product.src, family)) : meaningful;
  const only = (set: AddressSet): AddressSet =>
    AddressSet.of(set.ranges().filter((range) => families.includes(range.family)));
  const host: End = { kind: 'word', text: 'host' };
  const there = (): readonly End[] | Unsayable =>
    selector.group === undefined
      ? machines(only(product.dst), { families, meaningful }, selector.out, hook, context)
      : named(selector.group, product.dst, sending, selector.out, context);
  switch (hook) {
    case 'input':
      return whole(families, machines(only(product.src), { families, meaningful }, selector.in, hook, context), [host]);
    case 'output':
      return whole(families, processes(selector.account, selector.cgroup, context), there());
    case 'forward':
      return whole(
        families,
        machines(only(product.src), { families, meaningful }, selector.in, hook, context),
        there(),
      );
  }
}

function whole(
  families: readonly Family[],
  from: readonly End[] | Unsayable,
  to: readonly End[] | Unsayable,
): FlowEnds | Unsayable {
  if ('reason' in from) return from;
  return 'reason' in to ? to : { families, from, to };
}

function processes(
  account: Range | undefined,
  cgroup: string | undefined,
  context: EndsContext,
): readonly End[] | Unsayable {
  if (account !== undefined && cgroup !== undefined)
    return { reason: 'a zone is recognised by accounts or by cgroups, not by both at once' };
  if (cgroup !== undefined)
    return [{ kind: 'zone', zone: { ...EMPTY, cgroups: [cgroup], hint: cgroup.split('/').at(-1)! } }];
  if (account === undefined) return [{ kind: 'word', text: 'host' }];
  const name = account.first === account.last ? context.accounts.get(account.first) : undefined;
  const text = name ?? (account.first === account.last ? String(account.first) : `${account.first}-${account.last}`);
  return [{ kind: 'zone', zone: { ...EMPTY, users: [text], hint: name ?? `uid-${text}` } }];
}

/** Up to this many addresses are written where they are used; more of them are a zone. */
const INLINE = 2;

/** @param meaningful families that the services have; addresses of the others do not matter */
function machines(
  addresses: AddressSet,
  { families, meaningful }: { readonly families: readonly Family[]; readonly meaningful: readonly Family[] },
  through: InterfacePattern | undefined,
  hook: FoundFlow['hook'],
  { isLoopbackOpen }: EndsContext,
): readonly End[] {
  const all = meaningful.every((family) => isWhole(addresses, family));
  const pattern = through === undefined ? undefined : `${through.name}${through.wildcard ? '*' : ''}`;
  if (pattern === undefined && all && hook !== 'forward' && isLoopbackOpen) return [{ kind: 'word', text: 'any' }];
  if (pattern !== undefined) {
    const hint = all ? `behind-${through!.name}` : undefined;
    const parts = all ? { addresses: [], except: [] } : addressTexts(addresses, families);
    return [
      { kind: 'zone', zone: { ...EMPTY, ...parts, interfaces: [pattern], ...(hint === undefined ? {} : { hint }) } },
    ];
  }
  const { addresses: texts, except } = addressTexts(addresses, families);
  if (except.length === 0 && texts.length <= INLINE && !all) return texts.map((text) => ({ kind: 'word', text }));
  return [{ kind: 'zone', zone: { ...EMPTY, addresses: texts, except, ...(all ? { hint: 'everywhere' } : {}) } }];
}

function isWhole(addresses: AddressSet, family: Family): boolean {
  const { first, last } = wholeFamily(family);
  const [only, ...more] = addresses.of(family).intervals;
  return more.length === 0 && only?.first === first && only.last === last;
}

/** The ranges, or what they leave out of a whole family, whichever is shorter. */
function addressTexts(addresses: AddressSet, families: readonly Family[]): Pick<ZoneDraft, 'addresses' | 'except'> {
  const parts = families.map((family) => {
    const whole = AddressSet.of([wholeFamily(family)]);
    const inside = addresses.of(family).intervals.map((interval): AddressRange => ({ family, ...interval }));
    const outside = whole
      .subtract(addresses)
      .ranges()
      .filter((range) => range.family === family);
    return outside.length > 0 && outside.length < inside.length
      ? { addresses: [wholeFamily(family)], except: outside }
      : { addresses: inside, except: [] };
  });
  return {
    addresses: parts.flatMap((part) => part.addresses.map(formatRange)),
    except: parts.flatMap((part) => part.except.map(formatRange)),
  };
}

function named(
  group: string,
  addresses: AddressSet,
  meaningful: readonly Family[],
  through: InterfacePattern | undefined,
  { groups }: EndsContext,
): readonly End[] | Unsayable {
  if (through !== undefined || !meaningful.every((family) => isWhole(addresses, family)))
    return { reason: `names of \`${group}\` are known by name alone, not by family, addresses or interfaces as well` };
  if (group.startsWith('catalog:')) return [{ kind: 'word', text: group }];
  if (group.includes('.') && parseDnsPattern(group) !== undefined) return [{ kind: 'word', text: group }];
  const known = groups.find(({ key }) => key === group);
  if (known === undefined) {
    return {
      reason: `the firewall holds addresses for \`${group}\` but not the names; say which with \`--names POLICY\``,
    };
  }
  return [{ kind: 'zone', zone: { ...EMPTY, domains: known.patterns.map(formatDnsPattern), hint: group } }];
}

import type { Hook, InterfacePattern, Range } from '../ir/index.ts';
import type { PacketSet } from '../packetset/index.ts';
import { packetsOf } from '../semantics/index.ts';
import type { PieceChoice } from './baseline.ts';
import { ImportTooLarge } from './import-too-large.ts';
import { type Product, products } from './products.ts';
import type { Scope } from './scope.ts';
import {
  accountPieces,
  fits,
  interfaceNames,
  type PacketClass,
  type RateSymbol,
  type Selector,
  specificity,
} from './selector.ts';
import { Slices } from './slices.ts';
import { vocabularyOf } from './vocabulary.ts';

/** A flow of the policy to be, without a name. */
export interface FoundFlow {
  readonly hook: Hook;
  readonly selector: Selector;
  readonly product: Product;
}

/** Kinds of packets that are looked at one by one. */
const MOST_CLASSES = 4_096;

/** All that the firewall lets be opened at a hook, beyond the baseline. General flows come first, and special ones only for what is left. */
export function flowsAt(scope: Scope, hook: Hook, baseline: readonly PieceChoice[]): FoundFlow[] {
  const { space } = scope;
  const on = baseline.filter((each) => each.on).map(({ piece }) => piece);
  const [granted, refused] = (['accept', 'drop'] as const).map((verdict) =>
    space.union(
      on.flatMap(({ rules }) =>
        rules.flatMap(({ match, action }) =>
          action.kind === 'verdict' && action.verdict === verdict ? [packetsOf(space, match)] : [],
        ),
      ),
    ),
  );
  const settled = granted!.union(refused!);
  const needed = new Slices(scope, hook, scope.passing.subtract(settled));
  const allowed = new Slices(scope, hook, scope.accepted.union(settled).intersect(scope.packets));
  const { classes, selectors } = kindsOf(
    scope,
    hook,
    on.some(({ name }) => name === 'loopback'),
  );
  const parts = classes.map((each) => ({ each, left: needed.of(each), allowed: allowed.of(each) }));
  const found: FoundFlow[] = [];
  for (const selector of selectors) {
    const meant = parts.filter(({ each }) => fits(selector, each));
    const left = space.union(meant.map((part) => part.left));
    if (meant.length === 0 || left.isEmpty()) continue;
    const common = meant
      .map((part) => part.allowed)
      .reduce<PacketSet>((both, next) => both.intersect(next), space.everything());
    const wanted = left.intersect(common);
    if (wanted.isEmpty()) continue;
    for (const product of products(wanted, common)) found.push({ hook, selector, product });
    for (const part of meant) part.left = part.left.subtract(common);
  }
  return found;
}

interface Kinds {
  readonly classes: readonly PacketClass[];
  readonly selectors: readonly Selector[];
}

/** Every combination of what rules name. @throws ImportTooLarge where there are too many */
function kindsOf({ ruleset, symbols, rates }: Scope, hook: Hook, isLoopbackOpen: boolean): Kinds {
  const words = vocabularyOf(ruleset);

  const inPatterns = hook === 'output' ? [] : interfacesOf(words.in, hook, isLoopbackOpen);
  const outPatterns = hook === 'input' ? [] : interfacesOf(words.out, hook, isLoopbackOpen);
  const ranges = hook === 'output' ? words.accounts : [];
  const pieces = accountPieces(ranges);
  const named = new Map([...ranges, ...(ranges.length === 0 ? [] : pieces)].map((range) => [rangeKey(range), range]));
  const cgroups = symbols.flatMap((each) => (hook === 'output' && each.kind === 'cgroup' ? [each.path] : []));
  const groups = symbols.flatMap((each) =>
    hook !== 'input' && (each.kind === 'member' || each.kind === 'asked') ? [each.group] : [],
  );
  const kinds = {
    cgroup: [null, ...cgroups],
    group: [null, ...new Set(groups)],
    rate: [null, ...rates],
  };
  const accounts = hook === 'output' ? [null, ...pieces] : [null];
  const [inNames, outNames] = [interfaceNames(inPatterns), interfaceNames(outPatterns)];
  const counts = [inNames, outNames, accounts, kinds.cgroup, kinds.group, kinds.rate].map(({ length }) => length);
  const count = counts.reduce((all, each) => all * each, 1);
  if (count > MOST_CLASSES)
    throw new ImportTooLarge(
      `the rules at ${hook} tell ${count} kinds of packets apart by interfaces, accounts, names and limits`,
    );
  const classes: PacketClass[] = [];
  for (const [cgroup, group, rate] of triples(kinds))
    for (const account of accounts)
      for (const input of inNames)
        for (const out of outNames) classes.push({ in: input, out, account, cgroup, group, rate });
  const selectors: Selector[] = [];
  for (const [cgroup, group, rate] of triples(kinds))
    for (const account of [undefined, ...named.values()])
      for (const input of [undefined, ...inPatterns])
        for (const out of [undefined, ...outPatterns])
          selectors.push({
            ...(input === undefined ? {} : { in: input }),
            ...(out === undefined ? {} : { out }),
            ...(account === undefined ? {} : { account }),
            ...(cgroup === null ? {} : { cgroup }),
            ...(group === null ? {} : { group }),
            ...(rate === null ? {} : { rate }),
          });
  return { classes, selectors: selectors.toSorted((a, b) => specificity(a) - specificity(b)) };
}

/** Packets over loopback are settled where the baseline has them. */
function interfacesOf(named: readonly InterfacePattern[], hook: Hook, isLoopbackOpen: boolean): InterfacePattern[] {
  if (hook === 'forward') return [...named];
  const others = named.filter(({ name, wildcard }) => name !== 'lo' || wildcard);
  return isLoopbackOpen ? others : [{ name: 'lo', wildcard: false }, ...others];
}

function rangeKey({ first, last }: Range): string {
  return `${first}-${last}`;
}

function* triples(kinds: {
  readonly cgroup: readonly (string | null)[];
  readonly group: readonly (string | null)[];
  readonly rate: readonly (RateSymbol | null)[];
}): Generator<readonly [string | null, string | null, RateSymbol | null]> {
  for (const cgroup of kinds.cgroup)
    for (const group of kinds.group) for (const rate of kinds.rate) yield [cgroup, group, rate];
}

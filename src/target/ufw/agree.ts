import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import { expandRule } from './expand.ts';
import { UFW_PROBLEMS } from './problems.ts';
import type { UfwRule } from './rule.ts';
import type { Settings } from './settings.ts';
import { formatTuple, TUPLE } from './tuple.ts';
import type { Origins } from './user-rules.ts';

/** What one source says of a machine's ufw; absent parts it does not tell. */
export interface Claim {
  readonly name: string; // of the source
  readonly settings: Partial<Settings>;
  readonly rules?: readonly UfwRule[];
  readonly isOfEitherFamily?: boolean; // its rules may be there for one family only, in another order
  readonly showsProfilesOnce?: boolean; // where the first rule of a profile stands, whatever stands between that and the others
  readonly origins?: readonly Origins[];
}

/** Every later source, held against the first that tells the same. */
export function disagreements(claims: readonly Claim[]): Diagnostic[] {
  return claims.flatMap((later, index) => claims.slice(0, index).flatMap((first) => differences(first, later)));
}

function differences(first: Claim, later: Claim): Diagnostic[] {
  const found = [...settingDifferences(first.settings, later.settings), ...ruleDifferences(first, later)];
  return found.slice(0, 1).map((line) => diagnose(UFW_PROBLEMS.disagree, undefined, first.name, later.name, line));
}

function settingDifferences(first: Partial<Settings>, later: Partial<Settings>): string[] {
  const found: string[] = [];
  if (first.isEnabled !== undefined && later.isEnabled !== undefined && first.isEnabled !== later.isEnabled)
    found.push('enabled or not');
  if (first.policies !== undefined && later.policies !== undefined) {
    for (const chain of ['input', 'output', 'forward'] as const) {
      if (first.policies[chain] !== later.policies[chain])
        found.push(`${chain} ${first.policies[chain]}, ${later.policies[chain]}`);
    }
  }
  return found;
}

function ruleDifferences(first: Claim, later: Claim): string[] {
  if (first.rules === undefined || later.rules === undefined) return [];
  const loose = later.isOfEitherFamily === true || first.isOfEitherFamily === true;
  const once = first.showsProfilesOnce === true || later.showsProfilesOnce === true;
  const left = loose ? anyOrder(first.rules) : inOrder(first.rules, once);
  const right = loose ? anyOrder(later.rules) : inOrder(later.rules, once);
  const at = left.findIndex((each, index) => each !== right[index]);
  if (at !== -1) return [left[at]!];
  return right.length > left.length ? [right[left.length]!] : [];
}

/** Rules of one direction and family stay in their order; those of others do not matter to them. */
function inOrder(rules: readonly UfwRule[], once: boolean): string[] {
  return ([4, 6] as const).flatMap((family) =>
    (['in', 'out', 'routed'] as const).flatMap((direction) => {
      const own = rules.filter((rule) => rule.family === family && rule.direction === direction);
      return withProfilesSorted(own, once).flatMap(expandRule);
    }),
  );
}

/** Listings show the rules of one profile as one; they do the same, so that their order among themselves does not matter. */
function withProfilesSorted(rules: readonly UfwRule[], once: boolean): readonly UfwRule[] {
  const profile = ({ from, to, action, log, inInterface, outInterface }: UfwRule): string | undefined =>
    from.app === undefined && to.app === undefined
      ? undefined
      : JSON.stringify([from.app, from.address, to.app, to.address, action, log, inInterface, outInterface]);
  const runs: UfwRule[][] = [];
  for (const rule of rules) {
    const name = profile(rule);
    const candidates = name === undefined ? [] : once ? runs : runs.slice(-1);
    const own = candidates.find(([of]) => of !== undefined && profile(of) === name);
    if (own !== undefined) own.push(rule);
    else runs.push([rule]);
  }
  return runs.flatMap((run) =>
    run.length === 1 ? run : run.toSorted((left, right) => (formatTuple(left) < formatTuple(right) ? -1 : 1)),
  );
}

function anyOrder(rules: readonly UfwRule[]): string[] {
  const texts = rules.map(({ comment: _, ...rule }) =>
    formatTuple(rule)
      .replace(TUPLE, '')
      .replaceAll(/ (?:0\.0\.0\.0|::)\/0/g, ' any'),
  );
  return [...new Set(texts)].sort();
}

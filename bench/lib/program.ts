import { loadCatalog } from '../../src/catalog/index.ts';
import { type Diagnostic, hasErrors, renderDiagnostic } from '../../src/diagnostic/index.ts';
import type { Intent } from '../../src/ir/index.ts';
import { loadPolicy, type PolicyFile } from '../../src/policy/index.ts';
import { resolvePolicy } from '../../src/resolve/index.ts';
import type { Artifact } from '../../src/target/index.ts';
import { TARGETS } from '../../src/target/registry.ts';

const CATALOG = loadCatalog();

/** The program's steps, each one for itself, on policies that have no problem. @throws Error where they have one. */
export function parse(text: string): PolicyFile {
  return sound(loadPolicy('bench.yaml', () => text)).policy;
}

export function resolve(policy: PolicyFile): Intent {
  return sound(resolvePolicy(policy, { accounts: new Map(), catalog: CATALOG, today: '2026-11-22' })).intent;
}

export const nftables = TARGETS.nftables;

export function print(intent: Intent): readonly Artifact[] {
  return nftables.print(sound(nftables.lower(intent)).ast);
}

/** All of it: the nftables ruleset of a policy. */
export function render(text: string): string {
  return print(resolve(parse(text)))
    .map((artifact) => artifact.text)
    .join('');
}

type Present<Result> = { readonly [Key in keyof Result]: Exclude<Result[Key], undefined> };

/** The result, all of it there. */
function sound<Result extends { readonly diagnostics: readonly Diagnostic[] }>(result: Result): Present<Result> {
  if (hasErrors(result.diagnostics)) {
    const errors = result.diagnostics.filter(({ severity }) => severity === 'error').slice(0, 5);
    throw new Error(errors.map((error) => renderDiagnostic(error)).join('\n'));
  }
  return result as Present<Result>; // a result without errors is whole: the promise of these functions
}

import type { Action, Chain, Origin, Rule, Ruleset } from '../ir/index.ts';
import type { Step } from '../semantics/index.ts';
import { spanPosition } from '../source/index.ts';

/** A step on a packet's way, as people and other programs read it. */
export interface PathEntry {
  readonly layer: string;
  readonly table?: string; // of a firewall that was read: chain names are its own
  readonly chain: string;
  readonly rule: string; // its name in the policy, or its own text; of a chain's last word, what that is
  readonly handle?: number; // by which the kernel knows the rule
  readonly origin: Place | null;
  readonly verdict: Step['outcome'] | 'no match'; // `no match`: a rule that was asked, and let the packet go on
}

export interface Place {
  readonly file: string;
  readonly line: number; // from 1
}

export function pathEntry(step: Step): PathEntry {
  const handle = step.rule?.origin.handle;
  return {
    layer: step.layer,
    ...(step.layer === 'policy' ? {} : { table: step.table }),
    chain: step.chain,
    rule: stepText(step),
    ...(handle === undefined ? {} : { handle }),
    origin: placeOf(step.origin),
    verdict: step.outcome,
  };
}

function stepText(step: Step): string {
  if (step.rule === undefined) return step.layer === 'policy' ? 'no flow allows it' : `policy ${step.outcome}`;
  return step.origin?.text ?? step.origin?.flow ?? ruleName(step.rule, step.index ?? 0);
}

/** What people know a rule by: its own text or the flow that asked for it, else its place in its chain (`index` from 0). */
export function ruleName(rule: Rule, index: number): string {
  return rule.origin.text ?? rule.origin.flow ?? `rule ${index + 1}`;
}

/** `null` where it is written nowhere. */
export function placeOf(origin: Origin | undefined): Place | null {
  if (origin?.span === undefined) return null;
  return { file: origin.span.file.name, line: spanPosition(origin.span).line };
}

/** A packet's way with every rule on it, those that did not match too: a chain's rules from where the packet entered or went on. */
export function wholePath({ tables }: Ruleset, path: readonly Step[]): PathEntry[] {
  const chains = new Map(
    tables.flatMap((table) => table.chains.map((chain) => [chainKey(table.name, chain.name), chain] as const)),
  );
  const entries: PathEntry[] = [];
  const open: OpenChain[] = [];
  for (const step of path) {
    const key = chainKey(step.table, step.chain);
    while (open.length > 0 && open.at(-1)!.key !== key) passOver(entries, open.pop()!, undefined);
    let top = open.at(-1);
    if (top === undefined) {
      top = { key, step, chain: chains.get(key), next: 0 };
      open.push(top);
    }
    passOver(entries, top, step.index);
    entries.push(pathEntry(step));
    switch (step.outcome) {
      case 'accept':
      case 'drop':
      case 'reject':
        open.length = 0; // nothing more is asked here
        break;
      case 'goto':
      case 'return':
        top.next = top.chain?.rules.length ?? 0; // what stands behind is not asked
        break;
      case 'jump':
      case 'continue':
        break;
    }
    const entered = enteredChain(step);
    if (entered === undefined) continue;
    const enteredKey = chainKey(step.table, entered);
    open.push({ key: enteredKey, step: { ...step, chain: entered }, chain: chains.get(enteredKey), next: 0 });
  }
  return entries;
}

/** A chain that a packet is in. */
interface OpenChain {
  readonly key: string;
  readonly step: Pick<Step, 'layer' | 'table'> & { readonly chain: string };
  readonly chain: Chain | undefined;
  next: number; // of the rule to be asked next
}

function chainKey(table: string, chain: string): string {
  return `${table}\n${chain}`;
}

/** The rules up to one (not included), or up to the end, none of which matched. What nobody wrote is not told. */
function passOver(entries: PathEntry[], open: OpenChain, until: number | undefined): void {
  const rules = open.chain?.rules ?? [];
  const end = until ?? rules.length;
  for (let index = open.next; index < end; index++) {
    const rule = rules[index]!;
    const before = rules[index - 1];
    const behind = rules[index + 1];
    // One that was written may be several here: they are told once, and not beside the one that matched.
    const isTold =
      before?.origin.span === rule.origin.span || (index + 1 === until && behind?.origin.span === rule.origin.span);
    if (rule.origin.span === undefined || isTold) continue;
    const step: Step = { ...open.step, rule, index, origin: rule.origin, outcome: 'continue' };
    entries.push({ ...pathEntry(step), verdict: 'no match' });
  }
  open.next = Math.max(open.next, end + 1);
}

function enteredChain({ rule, matchedCase }: Step): string | undefined {
  const action: Action | undefined = matchedCase?.action ?? rule?.action;
  return action?.kind === 'jump' || action?.kind === 'goto' ? action.chain : undefined;
}

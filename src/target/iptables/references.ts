import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { Chain, Table } from './ast.ts';
import { IPTABLES_PROBLEMS } from './problems.ts';

/** iptables-nft has 16 (NFT_JUMP_STACK_SIZE); iptables-legacy as many as chains, of which nobody needs so many. */
const MOST_JUMPS = 200;

/** What the kernel would refuse in how chains lead to each other. */
export function jumpProblems(tables: readonly Table[]): Diagnostic[] {
  return tables.flatMap((table) => new JumpFinder(table).problems());
}

class JumpFinder {
  readonly #chains: ReadonlyMap<string, Chain>;
  readonly #depths = new Map<string, number>(); // of finished chains: jumps below them
  readonly #problems: Diagnostic[] = [];

  constructor({ chains }: Table) {
    this.#chains = new Map(chains.map((chain) => [chain.name, chain]));
  }

  problems(): Diagnostic[] {
    for (const chain of this.#chains.values()) this.#visit(chain);
    return this.#problems;
  }

  /** In a stack of its own: chains may lead on for longer than functions can call each other. */
  #visit(first: Chain): void {
    const path = new Set<string>();
    const open: { chain: Chain; next: number; depth: number }[] = [];
    const enter = (chain: Chain): void => {
      path.add(chain.name);
      open.push({ chain, next: 0, depth: 0 });
    };
    if (!this.#depths.has(first.name)) enter(first);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const rule = top.chain.rules[top.next++];
      if (rule === undefined) {
        open.pop();
        path.delete(top.chain.name);
        this.#depths.set(top.chain.name, top.depth);
        const caller = open.at(-1);
        if (caller !== undefined) this.#deepen(caller, top.depth + 1);
        continue;
      }
      const called = rule.target === undefined ? undefined : this.#chains.get(rule.target.name);
      if (called === undefined) continue;
      const depth = this.#depths.get(called.name);
      if (path.has(called.name))
        this.#problems.push(diagnose(IPTABLES_PROBLEMS.jumpLoop, rule.span, top.chain.name, called.name));
      else if (depth !== undefined) this.#deepen(top, depth + 1);
      else enter(called);
    }
  }

  #deepen(caller: { readonly chain: Chain; depth: number }, depth: number): void {
    if (depth > MOST_JUMPS && caller.depth <= MOST_JUMPS)
      this.#problems.push(diagnose(IPTABLES_PROBLEMS.deepJumps, caller.chain.span, caller.chain.name, MOST_JUMPS));
    caller.depth = Math.max(caller.depth, depth);
  }
}

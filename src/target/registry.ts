import { iptablesIpsetTarget, iptablesTarget } from './iptables/index.ts';
import { nftablesTarget } from './nftables/index.ts';
import type { Target } from './target.ts';
import { ufwTarget } from './ufw/index.ts';

/** Every target, once. A new one is added here and nowhere else; the contract suite then asks of it what it asks of all. */
export const TARGETS = {
  nftables: nftablesTarget,
  iptables: iptablesTarget,
  'iptables-ipset': iptablesIpsetTarget,
  ufw: ufwTarget,
} as const satisfies Record<string, AnyTarget>;

export { readHost } from './host-rules.ts';

/** A target whose syntax tree is its own affair: `Ast` stands on both sides of its functions, so that `unknown` does not fit. */
// biome-ignore lint/suspicious/noExplicitAny: the registry only checks the shape; every use sees the target's own type.
type AnyTarget = Target<any>;

export type TargetName = keyof typeof TARGETS;

export const TARGET_NAMES: readonly TargetName[] = Object.values(TARGETS).map((target) => target.name);

/** Does something with a target that is known by its name only. */
export function withTarget<Result>(name: TargetName, use: <Ast>(target: Target<Ast>) => Result): Result {
  switch (name) {
    case 'nftables':
      return use(TARGETS.nftables);
    case 'iptables':
      return use(TARGETS.iptables);
    case 'iptables-ipset':
      return use(TARGETS['iptables-ipset']);
    case 'ufw':
      return use(TARGETS.ufw);
  }
}

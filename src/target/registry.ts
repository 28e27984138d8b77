import { nftablesTarget } from './nftables/index.ts';

/** Every target, once. A new one is added here and nowhere else; the contract suite then asks of it what it asks of all. */
export const TARGETS = {
  nftables: nftablesTarget,
} as const;

export type TargetName = keyof typeof TARGETS;

export const TARGET_NAMES = Object.keys(TARGETS) as readonly TargetName[]; // its keys are exactly these

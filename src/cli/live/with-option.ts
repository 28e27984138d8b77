import { Option } from 'commander';
import type { Mechanism } from '../../enforcer/index.ts';

const MECHANISMS: readonly Mechanism[] = ['nftables', 'iptables'];

/** By what a machine shall hold the rules. Whoever asks about what stands finds that by themselves. */
export function withOption(): Option {
  return new Option(
    '--with <firewall>',
    'hold the rules with nftables, or with iptables where a machine stays with that',
  )
    .choices(MECHANISMS)
    .default('nftables');
}

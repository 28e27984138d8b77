import type { End } from '../netfilter/host.ts';
import type { Option, Rule } from './ast.ts';
import { lookup } from './lookup.ts';

/** The parts of a packet that rules may change and that a rule asks for. */
export function readEnds(rule: Rule): End[] {
  return [...rule.options, ...rule.matches.flatMap(({ options }) => options)].flatMap(optionReads);
}

function optionReads({ name, values }: Option): readonly End[] {
  if (name === '--match-set' || name === '--set') return setReads(values[1] ?? '');
  if (name === '--ctstate' && values.some((value) => /[SD]NAT/i.test(value))) return ['status'];
  return lookup(READS, name) ?? [];
}

const READS: Readonly<Record<string, readonly End[]>> = {
  '--source': ['saddr'],
  '--destination': ['daddr'],
  '--src-range': ['saddr'],
  '--dst-range': ['daddr'],
  '--source-port': ['sport'],
  '--destination-port': ['dport'],
  '--source-ports': ['sport'],
  '--destination-ports': ['dport'],
  '--ports': ['sport', 'dport'],
  '--mac-source': ['frame'],
  '--src-type': ['saddr type'],
  '--dst-type': ['daddr type'],
};

/** A set may hold addresses and ports, and addresses of the frame. */
function setReads(sides: string): readonly End[] {
  return sides.split(',').flatMap((side): End[] => {
    if (side === 'src') return ['saddr', 'sport', 'frame'];
    return side === 'dst' ? ['daddr', 'dport', 'frame'] : [];
  });
}

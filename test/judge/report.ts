import { formatAddress, protocolName } from '../../src/net/index.ts';
import type { Step } from '../../src/semantics/index.ts';
import type { Disagreement } from './judge.ts';
import type { Packet } from './packet.ts';
import type { Case } from './run.ts';
import { shrink } from './shrink.ts';
import type { JudgeWorld } from './world/client.ts';

/** What a person needs who is to find out who is right: the least ruleset, the packet, both verdicts and how to see it again. */
export async function disagreementReport(world: JudgeWorld, { seed, index, outcome, draft }: Case): Promise<string> {
  if (outcome.kind !== 'judged') return '';
  const { disagreements } = outcome.judgement;
  const [first] = disagreements;
  if (first === undefined) return '';
  const small = draft === undefined ? undefined : await shrink(world, draft, first);
  return [
    `Seed ${seed}, ruleset ${index}: the kernel and we differ about ${disagreements.length} packets (as read from the ${first.source}).`,
    `Again: node scripts/soak-judge.ts --seed ${seed} --only ${index}`,
    '',
    small === undefined ? 'The ruleset:' : 'The least ruleset that shows it:',
    (small?.text ?? outcome.text).trimEnd(),
    '',
    disagreementText(small?.disagreement ?? first),
  ].join('\n');
}

/** The packet, what the kernel knew of it, and both verdicts. */
export function disagreementText({ packet, passed, evaluation, denotedAccept, flow }: Disagreement): string {
  return [
    `The packet, at ${flow.hook}: ${packetText(packet)}`,
    `  the kernel knew: state ${flow.state}, source ${flow.srcType}, destination ${flow.dstType}, out by ${flow.outInterface ?? 'nothing'}, ${[
      ...(flow.quantities ?? []),
    ]
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
    `The kernel let it ${passed ? 'pass' : 'not pass'}; evaluate says ${evaluation.verdict}, denote ${denotedAccept ? 'accept' : 'no accept'}.`,
    ...evaluation.path.map((step) => `  ${stepText(step)}`),
    '',
  ].join('\n');
}

export function packetText(packet: Packet): string {
  const { entry, family, src, dst, protocol, sport, dport, icmpType, icmpCode, tcpFlags, options } = packet;
  const from = 'interface' in entry ? `in by ${entry.interface}` : `sent by account ${entry.account}`;
  return [
    `IPv${family} ${formatAddress(src)} > ${formatAddress(dst)}`,
    `protocol ${protocolName(protocol)}, ports ${sport} > ${dport}, ICMP ${icmpType}/${icmpCode}, TCP flags ${tcpFlags}`,
    `${from}, ${packet.tracked ? `history: ${packet.history}` : 'not tracked'}${options ? ', with options' : ''}`,
  ].join('; ');
}

export function stepText({ table, chain, index, origin, outcome }: Step): string {
  const rule = index === undefined ? 'policy' : `rule ${index + 1}: ${origin?.text ?? ''}`;
  return `${table}, ${chain}, ${rule} -> ${outcome}`;
}

import { HeaderSpace, type PacketSet, UNWATCHED } from '../../../src/packetset/index.ts';
import { denote, describe } from '../../../src/semantics/index.ts';
import type { SourceFile } from '../../../src/source/index.ts';
import type { Lifted } from '../../../src/target/index.ts';
import { iptablesReader } from '../../../src/target/iptables/index.ts';
import { ufwTarget } from '../../../src/target/ufw/index.ts';

/** Packets that one of two rulesets answers otherwise than the other, as text; empty where they mean the same. */
export function differences(real: Lifted, said: Lifted): string[] {
  const space = HeaderSpace.watched(UNWATCHED);
  const left = denote(space, real.ruleset);
  const right = denote(space, said.ruleset);
  const tell = (what: string, packets: PacketSet): string[] =>
    packets.isEmpty() ? [] : [`${what}: ${describe(packets, 2).join('; ')}`];
  return (['accept', 'drop', 'reject'] as const).flatMap((verdict) => [
    ...tell(`ufw loaded ${verdict}, we do not say so`, left[verdict].subtract(right[verdict])),
    ...tell(`we say ${verdict}, ufw did not load so`, right[verdict].subtract(left[verdict])),
  ]);
}

export function ofIptables(files: readonly SourceFile[]): Lifted {
  const { ast, diagnostics } = iptablesReader.parse(files);
  if (ast === undefined) throw new Error(JSON.stringify(diagnostics.map(({ message }) => message)));
  return iptablesReader.lift(ast);
}

/** @throws NotRead */
export function ofUfw(files: readonly SourceFile[]): Lifted {
  const { ast, diagnostics } = ufwTarget.parse(files);
  if (ast === undefined) throw new NotRead(JSON.stringify(diagnostics.map(({ message }) => message)));
  return ufwTarget.lift(ast);
}

/** Our reader refuses what ufw itself has written. */
export class NotRead extends Error {}

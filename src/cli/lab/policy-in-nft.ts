import { hasErrors } from '../../diagnostic/index.ts';
import type { Intent, Match, Ruleset } from '../../ir/index.ts';
import { formatAddress } from '../../net/index.ts';
import { SourceFile } from '../../source/index.ts';
import { type Artifact, nameSet, originOfCounter, TABLE_NAME, TARGETS } from '../../target/index.ts';
import { type Proof, renderProven } from '../../verify/index.ts';
import { EXIT } from '../console.ts';
import { Stop } from '../report.ts';
import type { LabRules, Resolved } from './run.ts';

/** A policy as nftables rules that were proven to mean the same. */
export interface ProvenRules {
  readonly text: string; // for `nft -f`
  readonly ruleset: Ruleset; // the text, read back
  readonly declared: readonly Match[]; // packets that nftables treats differently, as the target says
  readonly proof: Proof;
}

/** @throws Stop where nftables cannot hold the policy, or the proof fails: then nothing is loaded or sent. */
export function provenRules(intent: Intent): ProvenRules {
  const { artifacts, proof } = renderProven(TARGETS.nftables, intent);
  if (artifacts === undefined) throw new Stop(EXIT.findings, proof.diagnostics);
  return {
    text: artifacts.map(({ text }) => text).join('\n'),
    ruleset: readBack(artifacts),
    declared: TARGETS.nftables.lower(intent).approximations.map(({ packets }) => packets),
    proof,
  };
}

function readBack(artifacts: readonly Artifact[]): Ruleset {
  const { ast, diagnostics } = TARGETS.nftables.parse(artifacts.map(({ name, text }) => new SourceFile(name, text)));
  if (ast === undefined || hasErrors(diagnostics)) throw new Error('what was proven can be read');
  return TARGETS.nftables.lift(ast).ruleset;
}

/** Rules in nft's language, for a lab. @param text for `nft -f` */
export function nftRules(text: string): LabRules {
  return {
    load: (lab) => lab.load(text),
    fill: async (lab, resolved) => lab.load(fillNameSets(resolved, await lab.sets())),
  };
}

/** Puts addresses into the sets of the groups that they were resolved for, as the policy's resolver does. */
function fillNameSets(resolved: readonly Resolved[], sets: ReadonlySet<string>): string {
  const lines = resolved.flatMap(({ groups, address }) =>
    groups
      .map((group) => nameSet(group, address.family))
      .filter((set) => sets.has(set)) // a group that no flow names has none
      .map((set) => `add element inet ${TABLE_NAME} ${set} { ${formatAddress(address)} }\n`),
  );
  return lines.join('');
}

/** Kernel counters by the flow or baseline piece that they count for. */
export function countersByFlow(counters: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return new Map(
    [...counters].flatMap(([name, packets]) => {
      const flow = originOfCounter(name);
      return flow === undefined ? [] : [[flow, packets] as const];
    }),
  );
}

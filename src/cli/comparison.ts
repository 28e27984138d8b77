import { byNames, type DifferingPackets, difference, formatFlow } from '../analysis/index.ts';
import { escapeControls } from '../diagnostic/index.ts';
import type { Ruleset } from '../ir/index.ts';
import { HeaderSpace, type Watcher } from '../packetset/index.ts';
import { withAccountNames } from './answer-text.ts';
import type { TextOutput } from './console.ts';
import { type OpaqueJson, opaqueJson } from './report.ts';
import type { Pair, Subject } from './subject.ts';

/** Differences are told up to this many on each side. */
const TOLD_AT_MOST = 50;

/** A comparison as other programs read it (schema/diff.json). */
export interface ComparisonJson {
  readonly equal: boolean;
  readonly wider: readonly PacketsJson[]; // the second lets through, the first does not
  readonly narrower: readonly PacketsJson[];
  readonly opaque: readonly OpaqueJson[];
}

interface PacketsJson {
  readonly packets: string;
  readonly witness: string; // a flow expression
  readonly conditions?: readonly string[]; // that nobody can know and that it depends on
}

/** What `after` lets through that `before` does not, and the reverse. */
export function compare({ before, after, names }: Pair, onlyNew: boolean, watcher: Watcher): ComparisonJson {
  const [first, second] = comparable(before, after);
  const found = difference(HeaderSpace.watched(watcher), first, second, { limit: TOLD_AT_MOST, onlyNew });
  return {
    equal: found.wider.length === 0 && found.narrower.length === 0,
    wider: found.wider.map((part) => packetsJson(part, names)),
    narrower: found.narrower.map((part) => packetsJson(part, names)),
    opaque: [before, after].flatMap((subject) => subject.opaque.map(opaqueJson)),
  };
}

/** Two policies may mean different names by one zone; a firewall knows groups of names by their keys only. */
function comparable(before: Subject, after: Subject): readonly [Ruleset, Ruleset] {
  if (before.kind !== 'policy' || after.kind !== 'policy') return [before.ruleset, after.ruleset];
  const groups = [...before.intent.groups, ...after.intent.groups];
  return [byNames(before.ruleset, before.intent.groups, groups), byNames(after.ruleset, after.intent.groups, groups)];
}

function packetsJson(
  { packets, witness, conditions }: DifferingPackets,
  accounts: ReadonlyMap<number, string>,
): PacketsJson {
  return {
    packets: withAccountNames(packets, accounts),
    witness: formatFlow(witness, accounts),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

/** For people; `before` and `after` are what they call the two sides. */
export function comparisonText(output: TextOutput, found: ComparisonJson, before: string, after: string): string {
  const { colors } = output;
  const lines: string[] = [];
  const tell = (title: string, parts: readonly PacketsJson[], paint: (text: string) => string): void => {
    if (parts.length === 0) return;
    lines.push(paint(title));
    for (const { packets, witness } of parts) {
      lines.push(`  ${escapeControls(packets)}`, colors.dim(`    for example ${escapeControls(witness)}`));
    }
  };
  tell(`${after} lets through what ${before} does not:`, found.wider, colors.red);
  tell(`${before} lets through what ${after} does not:`, found.narrower, colors.yellow);
  for (const { file, line, text, reason } of found.opaque) {
    lines.push(
      `not understood, so the comparison may be wrong: ${escapeControls(`${file}:${line}: ${text} (${reason})`)}`,
    );
  }
  if (found.equal) lines.push(colors.green(`${before} and ${after} let the same packets through`));
  return `${lines.join('\n')}\n`;
}

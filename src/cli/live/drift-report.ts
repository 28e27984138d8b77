import { formatFlow } from '../../analysis/index.ts';
import type { Drift, OwnDrift } from '../../apply/index.ts';
import { escapeControls } from '../../diagnostic/index.ts';
import { withAccountNames } from '../answer-text.ts';
import type { TextOutput } from '../console.ts';
import { opaqueJson } from '../report.ts';
import { changeJson, pathJson } from './change-json.ts';
import { byRule, changesText } from './plan-text.ts';

type Accounts = ReadonlyMap<number, string>;

/** schema/drift.json */
export function driftJson({ none, missing, wider, narrower, elsewhere, foreign, opaque }: Drift, accounts: Accounts) {
  const own = ({ packets, witness, conditions, expected, actual }: OwnDrift) => ({
    packets: withAccountNames(packets, accounts),
    witness: formatFlow(witness, accounts),
    ...(conditions.length === 0 ? {} : { conditions }),
    expected: pathJson(expected),
    actual: pathJson(actual),
  });
  return {
    drift: !none,
    missing,
    wider: wider.map(own),
    narrower: narrower.map(own),
    elsewhere: elsewhere.map(own),
    foreign: {
      since: foreign.since,
      stopped: foreign.stopped.map((each) => changeJson(each, accounts)),
      passed: foreign.passed.map((each) => changeJson(each, accounts)),
      appeared: foreign.appeared,
      vanished: foreign.vanished,
    },
    opaque: opaque.map(opaqueJson),
  };
}

/** For people; `name` is what they call what is expected. */
export function driftText(output: TextOutput, drift: Drift, name: string, accounts: Accounts): string {
  const { colors } = output;
  const { none, missing, wider, narrower, elsewhere, foreign, opaque } = drift;
  const should = escapeControls(name);
  const parts = [
    missing ? [colors.red('there is no table of ours: nothing is enforced')] : [],
    ownText(colors.red(`this machine lets through what ${should} does not:`), wider, accounts),
    missing ? [] : ownText(colors.yellow(`this machine does not let through what ${should} does:`), narrower, accounts),
    ownText(colors.red(`this machine sends to another place than ${should} does:`), elsewhere, accounts),
    changesText(colors.yellow(stoppedTitle(foreign.since)), foreign.stopped, [], accounts),
    changesText(colors.red('other tables no longer stop'), foreign.passed, [], accounts),
    foreign.appeared.length === 0 ? [] : [`tables that were not there: ${escapeControls(foreign.appeared.join(', '))}`],
    foreign.vanished.length === 0 ? [] : [`tables that are gone: ${escapeControls(foreign.vanished.join(', '))}`],
    opaque.map(({ text, reason }) => `not understood, and may matter: ${escapeControls(`${text} (${reason})`)}`),
    none ? [colors.green(`this machine enforces ${should}, and nothing else has changed`)] : [],
  ];
  return `${parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n')}\n`;
}

function stoppedTitle(since: Drift['foreign']['since']): string {
  return since === 'confirmed'
    ? 'other tables now stop'
    : 'other tables stop (since when is not known; no drift by itself)';
}

function ownText(title: string, found: readonly OwnDrift[], accounts: Accounts): string[] {
  if (found.length === 0) return [];
  return [
    title,
    ...found.flatMap(({ packets, witness, expected, actual }) => [
      `  ${escapeControls(withAccountNames(packets, accounts))}`,
      `    for example ${escapeControls(formatFlow(witness, accounts))}`,
      `    should be decided by${byRule(expected)}, is decided by${byRule(actual)}`,
    ]),
  ];
}

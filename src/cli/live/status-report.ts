import type { Enforced, Status } from '../../apply/index.ts';
import { escapeControls } from '../../diagnostic/index.ts';
import type { ConfirmedChange, StoredState } from '../../enforcer/protocol.ts';
import type { ChangeNote } from '../../target/index.ts';
import type { TextOutput } from '../console.ts';
import { textTable } from '../table.ts';
import { changeJson, neighbourJson } from './change-json.ts';
import { changesText, neighboursText } from './plan-text.ts';

const NOBODY: ReadonlyMap<number, string> = new Map();

/** schema/status.json */
export function statusJson({ enforced, flows, denied, neighbours, couldStop }: Status, state: StoredState) {
  const change = changeOf(enforced, state);
  return {
    enforced: enforcedJson(enforced),
    ...(change === undefined ? {} : { change: changeSummary(change) }),
    history: state.history.map(changeSummary),
    boot: state.boot,
    flows,
    denied,
    tables: neighbours.map(neighbourJson),
    couldStop: couldStop.map((each) => changeJson(each, NOBODY)),
    problems: state.problems,
  };
}

function enforcedJson(enforced: Enforced) {
  switch (enforced.kind) {
    case 'nothing':
    case 'plain':
    case 'foreign':
    case 'confirmed':
      return enforced;
    case 'trial': {
      const { secondsLeft, ...rest } = enforced;
      return secondsLeft === undefined ? rest : { ...rest, secondsLeft };
    }
    case 'expired':
      return enforced;
  }
}

function changeSummary({ number, by, at, confirmedAt, policyHash, summary }: ConfirmedChange) {
  return { number, by: by.name, at, confirmedAt, policyHash, summary };
}

/** The change that stands, where the kernel's own note and our files agree that it is the current one. */
function changeOf(enforced: Enforced, { current }: StoredState): ConfirmedChange | undefined {
  if (current === undefined) return undefined;
  switch (enforced.kind) {
    case 'confirmed':
      return enforced.note === undefined || enforced.note.policyHash === current.policyHash ? current : undefined;
    case 'plain':
      return current; // as it is loaded at boot
    case 'nothing':
    case 'foreign':
    case 'trial':
    case 'expired':
      return undefined;
  }
}

export function statusText(output: TextOutput, found: Status, state: StoredState): string {
  const { colors } = output;
  const { enforced, flows, denied, neighbours, couldStop } = found;
  const used = flows.filter(({ packets }) => packets > 0);
  const parts = [
    enforcedText(output, enforced, state),
    bootText(state),
    state.problems.map((problem) => `${colors.yellow('warning')}: ${escapeControls(problem)}`),
    used.length + denied.length === 0
      ? []
      : [
          textTable(
            ['let through by', 'packets', 'bytes'],
            used.map(({ flow, packets, bytes }) => [flow, String(packets), String(bytes)]),
          ),
          ...denied.map(({ hook, packets }) => `denied at ${hook}: ${packets} packets`),
        ],
    flows.length > used.length ? [`${flows.length - used.length} flows have let nothing through`] : [],
    neighboursText(neighbours),
    changesText('what ours lets through and other tables stop, or could', couldStop, [], NOBODY),
  ];
  return `${parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n')}\n`;
}

function enforcedText({ colors }: TextOutput, enforced: Enforced, state: StoredState): string[] {
  const change = changeOf(enforced, state);
  const number = change === undefined ? '' : `, change ${change.number}`;
  switch (enforced.kind) {
    case 'nothing':
      return [colors.yellow('nothing is enforced'), 'see what a policy would do with `portcullis plan`'];
    case 'foreign':
      return [
        colors.red(escapeControls(enforced.reason)),
        'it is not touched; look at it with `sudo nft list ruleset`',
      ];
    case 'plain':
      return [colors.green(`enforced: rules as \`render\` prints them, loaded by hand or at boot${number}`)];
    case 'confirmed':
      return [colors.green(`enforced: confirmed${number}${noteText(enforced.note)}`), ...otherChange(enforced, state)];
    case 'trial': {
      const left = enforced.secondsLeft === undefined ? '' : `, ${enforced.secondsLeft} s left`;
      const what = enforced.removes ? 'on trial without rules of ours' : 'on trial';
      return [colors.yellow(`${what}${left}${noteText(enforced.note)}`), ...goesBack(enforced, state)];
    }
    case 'expired':
      return [
        colors.yellow(`a trial was not confirmed in time${noteText(enforced.note)}`),
        `the kernel has gone back to ${wordsFor(enforced.goneBackTo)}; clean up with \`portcullis rollback\``,
      ];
  }
}

function goesBack({ goesBackTo }: Extract<Enforced, { kind: 'trial' }>, { pending }: StoredState): string[] {
  const before = wordsFor(goesBackTo);
  if (pending?.heldBy !== 'process')
    return [`unless it is confirmed (\`portcullis confirm\`), the kernel goes back to ${before}`];
  return pending.remainingSeconds > 0
    ? [`unless it is confirmed (\`portcullis confirm\`), a process of ours goes back to ${before}`]
    : [
        `the process that kept the trial is gone or silent: \`portcullis rollback\` goes back to ${before}, and so does a restart`,
      ];
}

function otherChange(enforced: Enforced, state: StoredState): string[] {
  const { current } = state;
  if (current === undefined || changeOf(enforced, state) !== undefined) return [];
  return [`what is loaded at boot is another policy: change ${current.number}, of ${escapeControls(current.by.name)}`];
}

function wordsFor(settled: Extract<Enforced, { kind: 'trial' }>['goesBackTo']): string {
  switch (settled.kind) {
    case 'nothing':
      return 'no rules of ours';
    case 'plain':
      return 'the rules that were loaded by hand or at boot';
    case 'confirmed':
      return `what was confirmed before${noteText(settled.note)}`;
  }
}

function noteText(note: ChangeNote | undefined): string {
  if (note === undefined) return '';
  const policy = note.policyHash === undefined ? '' : ` (policy ${note.policyHash.slice(0, 12)})`;
  return `, since ${escapeControls(note.since)} by ${escapeControls(note.by)}${policy}`;
}

function bootText({ boot: { mechanism, enabled, detail } }: StoredState): string[] {
  if (mechanism === 'none')
    return [`at boot: nothing of ours is loaded${detail === '' ? '' : ` (${escapeControls(detail)})`}`];
  return [
    `at boot: ${enabled ? 'loaded' : 'not loaded'} by ${mechanism}${detail === '' ? '' : ` (${escapeControls(detail)})`}`,
  ];
}

import { escapeControls } from '../../diagnostic/index.ts';
import type { ConfirmedChange } from '../../enforcer/protocol.ts';
import type { TextOutput } from '../console.ts';
import type { Ended } from './wait.ts';

/** For people: how a change ended. */
export function outcomeText({ colors }: TextOutput, ended: Ended): string {
  const lines = [
    ...ended.warnings.map((warning) => `${colors.yellow('warning')}: ${escapeControls(warning)}`),
    ended.outcome === 'permanent'
      ? `${colors.green('permanent')}${changeText(ended.change)}`
      : `${colors.yellow('taken back')}: ${escapeControls(ended.why)}; the rules are those from before`,
  ];
  return `${lines.join('\n')}\n`;
}

function changeText(change: ConfirmedChange | undefined): string {
  return change === undefined ? ': no rules of Portcullis stand any more' : `: change ${change.number}, loaded at boot`;
}

/** schema/outcome.json */
export function outcomeJson(ended: Ended) {
  return {
    outcome: ended.outcome,
    ...(ended.outcome === 'reverted' ? { why: ended.why } : {}),
    change: ended.outcome === 'permanent' ? (ended.change?.number ?? 0) : null,
    warnings: ended.warnings,
  };
}

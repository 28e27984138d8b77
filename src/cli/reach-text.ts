import type { AllowedService, Reachability } from '../analysis/index.ts';
import { escapeControls } from '../diagnostic/index.ts';
import type { TextOutput } from './console.ts';
import { conditionLines, textTable } from './table.ts';

/** A matrix where it fits the width, else a list; zones that neither reach nor are reached are named apart. */
export function reachText(found: Reachability, output: TextOutput): string {
  const from = found.endpoints
    .filter(({ id }) => found.connections.some((each) => each.from === id))
    .map(({ id }) => id);
  const to = found.endpoints.filter(({ id }) => found.connections.some((each) => each.to === id)).map(({ id }) => id);
  const alone = found.endpoints.map(({ id }) => id).filter((id) => !from.includes(id) && !to.includes(id));
  const matrix = textTable(
    ['from \\ to', ...to],
    from.map((source) => [source, ...to.map((target) => cell(found, source, target))]),
  );
  const fits = matrix.split('\n').every((line) => line.length <= output.width);
  const list = textTable(
    ['from', 'to', 'on'],
    found.connections.map((each) => [each.from, each.to, serviceTexts(each.allowed).join(', ')]),
  );
  const last = alone.length === 0 ? [] : [`nothing to or from: ${alone.map(escapeControls).join(', ')}`];
  return `${[fits ? matrix : list, ...last, ...conditionLines(found.conditions)].join('\n')}\n`;
}

export function reachMarkdown(found: Reachability): string {
  const ids = found.endpoints.map(({ id }) => id);
  const row = (cells: readonly string[]): string => `| ${cells.map(markdownCell).join(' | ')} |`;
  const lines = [
    row(['from \\ to', ...ids]),
    `|${' --- |'.repeat(ids.length + 1)}`,
    ...ids.map((source) => row([source, ...ids.map((target) => cell(found, source, target).join(', '))])),
  ];
  return `${lines.join('\n')}\n`;
}

export function reachDot(found: Reachability): string {
  const quoted = (text: string): string => `"${escapeControls(text).replace(/["\\]/g, '\\$&')}"`;
  const lines = [
    'digraph reach {',
    '  rankdir = LR;',
    ...found.endpoints.map(({ id }) => `  ${quoted(id)};`),
    ...found.connections.map(
      (each) =>
        `  ${quoted(each.from)} -> ${quoted(each.to)} [label = ${quoted(serviceTexts(each.allowed).join(', '))}];`,
    ),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

function cell(found: Reachability, from: string, to: string): readonly string[] {
  const connection = found.connections.find((each) => each.from === from && each.to === to);
  return connection === undefined ? ['-'] : serviceTexts(connection.allowed);
}

function serviceTexts(allowed: readonly AllowedService[]): string[] {
  const texts = allowed.map(serviceText);
  return EVERYTHING.every((text) => texts.includes(text)) ? ['anything'] : texts;
}

const EVERYTHING = ['tcp', 'udp', 'icmp/echo-request', 'icmpv6/echo-request'];

function serviceText({ protocol, ports, types, partial }: AllowedService): string {
  const detail = ports ?? types;
  const text = `${protocol.toLowerCase()}${detail === undefined ? '' : `/${detail}`}`;
  return partial === true ? `(${text})` : text;
}

function markdownCell(text: string): string {
  return escapeControls(text).replace(/[|\\]/g, '\\$&');
}

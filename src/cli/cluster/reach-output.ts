import { escapeControls } from '../../diagnostic/index.ts';
import type { Console } from '../console.ts';
import { type Cell, textTable } from '../table.ts';

/** Connections as other programs read them (schema/reach.json). */
export interface AllowedJson {
  readonly protocol: string;
  readonly ports?: string; // `80`, `80-443`, `80,443`; absent: all
  readonly partial?: boolean; // not for certain
}

export interface ConnectionJson {
  readonly from: string;
  readonly to: string;
  readonly allowed: readonly AllowedJson[];
}

/** Who reaches whom, pairs one after the other: a big cluster has more than fit in memory. */
export interface ReachPairs {
  readonly ids: readonly string[];
  readonly connections: () => Iterable<ConnectionJson>;
}

const CHUNK = 1 << 16; // characters written at once

/** Writes whole lines in big pieces. */
class Lines {
  readonly #console: Console;
  #chunk = '';

  constructor(console: Console) {
    this.#console = console;
  }

  add(line: string): void {
    this.#chunk += `${line}\n`;
    if (this.#chunk.length > CHUNK) this.end();
  }

  end(): void {
    this.#console.stdout.write(this.#chunk);
    this.#chunk = '';
  }
}

/** One document, written as its parts come. @param more what else belongs to it, asked for when the pairs are through */
export function writePairsJson(
  console: Console,
  pairs: ReachPairs,
  more: () => Readonly<Record<string, unknown>>,
): void {
  const lines = new Lines(console);
  lines.add('{');
  lines.add(`  "endpoints": ${JSON.stringify(pairs.ids.map((id) => ({ id })))},`);
  lines.add('  "connections": [');
  let last: string | undefined;
  for (const connection of pairs.connections()) {
    if (last !== undefined) lines.add(`${last},`);
    last = `    ${JSON.stringify(connection)}`;
  }
  if (last !== undefined) lines.add(last);
  const rest = Object.entries(more());
  lines.add(`  ]${rest.map(([key, value]) => `,\n  ${JSON.stringify(key)}: ${JSON.stringify(value)}`).join('')}`);
  lines.add('}');
  lines.end();
}

/** RFC 4180, with a heading. */
export function writePairsCsv(console: Console, pairs: ReachPairs): void {
  const lines = new Lines(console);
  const row = (cells: readonly string[]): string => cells.map(csvCell).join(',');
  lines.add(row(['from', 'to', 'protocol', 'ports']));
  for (const { from, to, allowed } of pairs.connections())
    for (const { protocol, ports } of allowed) lines.add(row([from, to, protocol, ports ?? '1-65535']));
  lines.end();
}

/** A cell that a spreadsheet would take for a formula is text to it. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function writePairsMarkdown(console: Console, pairs: ReachPairs): void {
  const lines = new Lines(console);
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => escapeControls(cell).replace(/[|\\]/g, '\\$&')).join(' | ')} |`;
  lines.add(row(['from', 'to', 'on']));
  lines.add('| --- | --- | --- |');
  for (const { from, to, allowed } of pairs.connections()) lines.add(row([from, to, allowedText(allowed)]));
  lines.end();
}

/** Those who are reached on the same by the same are told together, and of many blocks of addresses the first few. */
export function pairsText(pairs: ReachPairs): string {
  const byTarget = new Map<string, { readonly to: string; readonly on: string; readonly from: string[] }>();
  const met = new Set<string>();
  for (const { from, to, allowed } of pairs.connections()) {
    const on = allowedText(allowed);
    met.add(from).add(to);
    const key = `${to}\n${on}`;
    const group = byTarget.get(key);
    if (group === undefined) byTarget.set(key, { to, on, from: [from] });
    else group.from.push(from);
  }
  const bySources = Map.groupBy(byTarget.values(), ({ to, on, from }) =>
    isWorkload(to) ? to : `${on}\n${from.join('\n')}`,
  );
  const rows = [...bySources.values()].flatMap((alike): (readonly Cell[])[] => {
    const { to, on, from } = alike[0]!;
    if (isWorkload(to)) return alike.map((each) => [fewBlocks(each.from), to, each.on]);
    return [[from, fewBlocks(alike.map((each) => each.to)), on]];
  });
  const table = rows.length === 0 ? 'nobody reaches anybody' : textTable(['from', 'to', 'on'], rows);
  const alone = pairs.ids.filter((id) => !met.has(id));
  const last = alone.length === 0 ? [] : [`nothing to or from: ${alone.map(escapeControls).join(', ')}`];
  return `${[table, ...last].join('\n')}\n`;
}

function isWorkload(id: string): boolean {
  return id.includes('[') || id.includes('{');
}

const BLOCKS_AT_MOST = 6; // that are told before the rest is counted

function fewBlocks(ids: readonly string[]): readonly string[] {
  const blocks = ids.filter((id) => !isWorkload(id));
  if (blocks.length <= BLOCKS_AT_MOST) return ids;
  const kept = [...ids.filter(isWorkload), ...blocks.slice(0, BLOCKS_AT_MOST - 1)];
  return [...kept, `... and ${blocks.length - (BLOCKS_AT_MOST - 1)} more (\`--json\` has them)`];
}

export function pairsDot(pairs: ReachPairs): string {
  const quoted = (text: string): string => `"${escapeControls(text).replace(/["\\]/g, '\\$&')}"`;
  const lines = [
    'digraph reach {',
    '  rankdir = LR;',
    '  node [shape = box, style = rounded, fontname = "sans-serif"];',
  ];
  const shown = new Set<string>();
  const edges: string[] = [];
  for (const { from, to, allowed } of pairs.connections()) {
    shown.add(from).add(to);
    edges.push(`  ${quoted(from)} -> ${quoted(to)} [label = ${quoted(allowedText(allowed))}];`);
  }
  const namespaces = Map.groupBy(
    pairs.ids.filter((id) => shown.has(id) || id.includes('[')),
    (id) => (id.includes('[') ? id.slice(0, id.indexOf('/')) : ''),
  );
  let count = 0;
  for (const [namespace, ids] of namespaces) {
    const nodes = ids.map((id) => `${quoted(id)};`);
    if (namespace === '') lines.push(...nodes.map((node) => `  ${node}`));
    else
      lines.push(
        `  subgraph cluster_${count++} {`,
        `    label = ${quoted(namespace)};`,
        ...nodes.map((node) => `    ${node}`),
        '  }',
      );
  }
  return `${[...lines, ...edges, '}'].join('\n')}\n`;
}

/** `TCP 80,443, UDP 53`, in parentheses what is not certain; `anything` where no protocol with ports is held back. */
function allowedText(allowed: readonly AllowedJson[]): string {
  const whole = allowed
    .filter(({ ports, partial }) => ports === undefined && partial !== true)
    .map(({ protocol }) => protocol);
  if (['TCP', 'UDP', 'SCTP'].every((protocol) => whole.includes(protocol))) return 'anything';
  return allowed
    .map(({ protocol, ports, partial }) => {
      const text = ports === undefined ? protocol : `${protocol} ${ports}`;
      return partial === true ? `(${text})` : text;
    })
    .join(', ');
}

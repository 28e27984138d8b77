import {
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from 'js-yaml';
import { type SourceFile, type Span, spanPosition } from '../source/index.ts';
import { POLICY_PROBLEMS } from './problems.ts';
import type { Reporter } from './reporter.ts';
import { plainValue } from './yaml-plain.ts';
import { reportSyntax } from './yaml-syntax.ts';

/** A YAML document as data, each node with its place. Aliases and merge keys are already followed. */
export type YamlNode = YamlScalar | YamlList | YamlMap;

interface YamlScalar {
  readonly kind: 'scalar';
  readonly tag?: string; // with its `!`; only of those that the reader was told to take
  readonly span: Span; // with its quotes
  readonly text: string; // decoded; what the user wrote, for a plain scalar
  readonly value: string | number | boolean | null; // by YAML 1.2's core schema
}

interface YamlList {
  readonly kind: 'list';
  readonly tag?: string;
  readonly span: Span;
  readonly items: readonly YamlNode[];
}

export interface YamlMap {
  readonly kind: 'map';
  readonly tag?: string;
  readonly span: Span;
  readonly entries: ReadonlyMap<string, YamlEntry>;
}

export interface YamlEntry {
  readonly key: YamlScalar;
  readonly value: YamlNode;
}

const MAX_CHARACTERS = 16 * 1024 * 1024;
const MAX_SEPARATORS = 2_500_000; // bounds the nodes, and so the memory: at most about 300 bytes each
const MAX_DEPTH = 64; // the language itself needs 6
const MAX_ALIASED_NODES = 100_000; // nodes that aliases may stand for, all together ("billion laughs")

/**
 * Reads by js-yaml's flat stream of events: it keeps every offset, needs no recursion and takes a tenth of the time of a
 * document tree of the `yaml` package. That one recovers from faults, so it is asked again where there are some.
 *
 * The file's only document; `undefined` where there is none that could be read, and then the reason has been reported.
 * @param tags those that mean something to who asks; all others are refused
 */
export function readYaml(file: SourceFile, report: Reporter, tags: readonly string[] = []): YamlNode | undefined {
  const { text } = file;
  if (text.length > MAX_CHARACTERS || countSeparators(text) > MAX_SEPARATORS) {
    return report.say(POLICY_PROBLEMS.tooLarge, undefined, file.name, MAX_CHARACTERS >> 20);
  }
  const broken = text.search(NOT_TEXT);
  if (broken !== -1) {
    return report.say(POLICY_PROBLEMS.notText, { file, start: broken, end: broken + 1 }, text.codePointAt(broken)!);
  }
  let events: Event[];
  try {
    events = parseEvents(text, { maxDepth: MAX_DEPTH });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return reportSyntax(file, { reason: error.reason, offset: error.mark?.position ?? 0 }, report);
  }
  return new TreeBuilder(file, report, tags).build(events);
}

/** What YAML's `c-printable` leaves out (YAML 1.2.2, 5.1), and U+FFFD, which is what a decoder leaves of other encodings. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const NOT_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffd-\uffff]/;

/** An upper bound for the nodes of a text, cheaper than finding out. */
function countSeparators(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x0a || code === 0x2c || code === 0x3a || code === 0x5b || code === 0x7b) count++; // \n , : [ {
  }
  return count;
}

interface Frame {
  readonly start: number;
  readonly tag: string | undefined;
  readonly anchor: string | undefined;
  readonly content: { kind: 'list'; items: YamlNode[] } | { kind: 'map'; entries: Map<string, YamlEntry> };
  readonly merged: YamlNode[]; // the values of `<<`
  key: YamlNode | undefined; // read, its value still to come
  size: number; // nodes, those behind aliases counted each time
}

/** Builds the tree from the events, without recursion. Aliased nodes are shared, not copied. */
class TreeBuilder {
  readonly #file: SourceFile;
  readonly #report: Reporter;
  readonly #tags: readonly string[];
  readonly #stack: Frame[] = [];
  readonly #anchors = new Map<string, { readonly node: YamlNode; readonly size: number }>();
  #root: YamlNode | undefined;
  #last = 0; // where the text read so far ends
  #aliased = 0;

  constructor(file: SourceFile, report: Reporter, tags: readonly string[]) {
    this.#file = file;
    this.#report = report;
    this.#tags = tags;
  }

  build(events: readonly Event[]): YamlNode | undefined {
    let documents = 0;
    for (const event of events) {
      switch (event.type) {
        case EVENT_ID.DOCUMENT:
          if (++documents > 1) return this.#report.say(POLICY_PROBLEMS.severalDocuments, this.#nextDocument());
          break;
        case EVENT_ID.SEQUENCE:
        case EVENT_ID.MAPPING:
          this.#open(event.type === EVENT_ID.SEQUENCE, event);
          break;
        case EVENT_ID.SCALAR:
          this.#add(this.#scalar(event), 1, this.#name(event.anchorStart, event.anchorEnd));
          break;
        case EVENT_ID.ALIAS:
          if (!this.#alias(event.anchorStart, event.anchorEnd)) return undefined;
          break;
        case EVENT_ID.POP:
          this.#close();
          break;
      }
    }
    if (this.#root === undefined || (this.#root.kind === 'scalar' && this.#root.value === null)) {
      return this.#report.say(POLICY_PROBLEMS.empty, undefined, this.#file.name);
    }
    return this.#root;
  }

  #open(
    list: boolean,
    event: { start: number; anchorStart: number; anchorEnd: number; tagStart: number; tagEnd: number },
  ): void {
    const tag = this.#tag(event);
    this.#last = event.start;
    this.#stack.push({
      start: event.start,
      tag,
      anchor: this.#name(event.anchorStart, event.anchorEnd),
      content: list ? { kind: 'list', items: [] } : { kind: 'map', entries: new Map() },
      merged: [],
      key: undefined,
      size: 1,
    });
  }

  #close(): void {
    const frame = this.#stack.pop();
    if (frame === undefined) return; // the end of the document
    const span = this.#span(frame.start, this.#last);
    this.#add(this.#collection(frame, span), frame.size, frame.anchor);
  }

  #collection({ content, merged, tag }: Frame, span: Span): YamlNode {
    const tagged = tag === undefined ? {} : { tag };
    if (content.kind === 'list') return { kind: 'list', ...tagged, span, items: content.items };
    for (const source of merged) this.#merge(content.entries, source);
    return { kind: 'map', ...tagged, span, entries: content.entries };
  }

  #add(node: YamlNode, size: number, anchor: string | undefined): void {
    this.#last = Math.max(this.#last, node.span.end);
    if (anchor !== undefined) this.#anchors.set(anchor, { node, size });
    this.#place(node, size);
  }

  #place(node: YamlNode, size: number): void {
    const parent = this.#stack.at(-1);
    if (parent === undefined) {
      this.#root = node;
      return;
    }
    parent.size += size;
    if (parent.content.kind === 'list') {
      parent.content.items.push(node);
    } else if (parent.key === undefined) {
      parent.key = node;
    } else {
      this.#entry(parent, parent.content.entries, parent.key, node);
      parent.key = undefined;
    }
  }

  #entry(frame: Frame, entries: Map<string, YamlEntry>, key: YamlNode, value: YamlNode): void {
    if (key.kind !== 'scalar') {
      this.#report.say(POLICY_PROBLEMS.complexKey, key.span);
      return;
    }
    if (key.text === '<<' && key.span.end - key.span.start === 2) {
      frame.merged.push(value);
      return;
    }
    const first = entries.get(key.text);
    if (first === undefined) entries.set(key.text, { key, value });
    else this.#report.say(POLICY_PROBLEMS.duplicateKey, key.span, key.text, spanPosition(first.key.span).line);
  }

  /** Own entries stand before merged ones, earlier merged ones before later (yaml.org/type/merge.html). */
  #merge(entries: Map<string, YamlEntry>, source: YamlNode): void {
    if (source.kind === 'list') {
      for (const item of source.items) {
        if (item.kind === 'map') this.#merge(entries, item);
        else this.#report.say(POLICY_PROBLEMS.merge, item.span);
      }
    } else if (source.kind === 'map') {
      for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry);
    } else {
      this.#report.say(POLICY_PROBLEMS.merge, source.span);
    }
  }

  #alias(start: number, end: number): boolean {
    const name = this.#file.text.slice(start, end);
    const span = this.#span(start - 1, end);
    this.#last = end;
    const anchor = this.#anchors.get(name);
    if (anchor === undefined) {
      this.#report.say(POLICY_PROBLEMS.unknownAlias, span, name, this.#report.suggest(name, [...this.#anchors.keys()]));
      return false;
    }
    this.#aliased += anchor.size;
    if (this.#aliased > MAX_ALIASED_NODES) {
      this.#report.say(POLICY_PROBLEMS.tooManyAliases, span, MAX_ALIASED_NODES);
      return false;
    }
    this.#place(anchor.node, anchor.size);
    return true;
  }

  #scalar(event: ScalarEvent): YamlScalar {
    const tag = this.#tag(event);
    const tagged = tag === undefined ? {} : { tag };
    if (event.valueStart < 0) {
      const end = tag === undefined ? this.#last : event.tagEnd;
      return { kind: 'scalar', ...tagged, span: this.#span(end, end), text: '', value: null };
    }
    const text = event.fast
      ? this.#file.text.slice(event.valueStart, event.valueEnd)
      : getScalarValue(this.#file.text, event);
    const quotes = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED ? 1 : 0;
    const value = event.style === SCALAR_STYLE.PLAIN ? plainValue(text) : text;
    const span = this.#span(event.valueStart - quotes, event.valueEnd + quotes);
    return { kind: 'scalar', ...tagged, span, text, value };
  }

  #tag({ tagStart, tagEnd }: { tagStart: number; tagEnd: number }): string | undefined {
    const tag = this.#name(tagStart, tagEnd);
    if (tag === undefined || this.#tags.includes(tag)) return tag;
    return this.#report.say(POLICY_PROBLEMS.tag, this.#span(tagStart, tagEnd));
  }

  #name(start: number, end: number): string | undefined {
    return start < 0 ? undefined : this.#file.text.slice(start, end);
  }

  #nextDocument(): Span {
    const marker = this.#file.text.indexOf('\n---', this.#last);
    return marker === -1 ? this.#span(this.#last, this.#last) : this.#span(marker + 1, marker + 4);
  }

  #span(start: number, end: number): Span {
    return { file: this.#file, start, end };
  }
}

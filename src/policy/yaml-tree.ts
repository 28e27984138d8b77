import { EVENT_ID, type Event, getScalarValue, SCALAR_STYLE, type ScalarEvent } from 'js-yaml';
import { type SourceFile, type Span, spanPosition } from '../source/index.ts';
import { POLICY_PROBLEMS } from './problems.ts';
import type { Reporter } from './reporter.ts';
import { plainValue } from './yaml-plain.ts';

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

const MAX_ALIASED_NODES = 100_000; // nodes that aliases may stand for, all together ("billion laughs")

/** A part of a file's text that is read by itself. */
export interface Piece {
  readonly text: string;
  readonly base: number; // where it begins in the file
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

/** Builds the tree from the events, without recursion. Aliased nodes are shared, not copied. Offsets within are those of the piece. */
export class TreeBuilder {
  readonly #file: SourceFile;
  readonly #piece: Piece;
  readonly #report: Reporter;
  readonly #tags: readonly string[];
  readonly #stack: Frame[] = [];
  readonly #anchors = new Map<string, { readonly node: YamlNode; readonly size: number }>();
  #root: YamlNode | undefined;
  #last: number; // where the text read so far ends
  #aliased = 0;
  #broken = false; // by an alias that cannot be followed

  constructor(file: SourceFile, piece: Piece, report: Reporter, tags: readonly string[], from = 0) {
    this.#file = file;
    this.#piece = piece;
    this.#report = report;
    this.#tags = tags;
    this.#last = from;
  }

  /** Of the only document. */
  build(events: readonly Event[]): YamlNode | undefined {
    const second = events.findIndex(({ type }, at) => at > 0 && type === EVENT_ID.DOCUMENT);
    const root = this.tree(second === -1 ? events : events.slice(0, second));
    if (second !== -1) return this.#report.say(POLICY_PROBLEMS.severalDocuments, this.#nextDocument());
    if (root === undefined && this.#broken) return undefined;
    if (root === undefined || (root.kind === 'scalar' && root.value === null)) {
      return this.#report.say(POLICY_PROBLEMS.empty, undefined, this.#file.name);
    }
    return root;
  }

  /** Where the text ends that has been read. */
  get end(): number {
    return this.#last;
  }

  /** Of one document's events. */
  tree(events: readonly Event[]): YamlNode | undefined {
    for (const event of events) {
      switch (event.type) {
        case EVENT_ID.DOCUMENT:
          break;
        case EVENT_ID.SEQUENCE:
        case EVENT_ID.MAPPING:
          this.#open(event.type === EVENT_ID.SEQUENCE, event);
          break;
        case EVENT_ID.SCALAR:
          this.#add(this.#scalar(event), 1, this.#name(event.anchorStart, event.anchorEnd));
          break;
        case EVENT_ID.ALIAS:
          if (!this.#alias(event.anchorStart, event.anchorEnd)) {
            this.#broken = true;
            return undefined;
          }
          break;
        case EVENT_ID.POP:
          this.#close();
          break;
      }
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
    this.#last = Math.max(this.#last, node.span.end - this.#piece.base);
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
    const name = this.#piece.text.slice(start, end);
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
      ? this.#piece.text.slice(event.valueStart, event.valueEnd)
      : getScalarValue(this.#piece.text, event);
    const quotes = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED ? 1 : 0;
    const value = event.style === SCALAR_STYLE.PLAIN && tag !== '!!str' ? plainValue(text) : text;
    const span = this.#span(event.valueStart - quotes, event.valueEnd + quotes);
    return { kind: 'scalar', ...tagged, span, text, value };
  }

  #tag({ tagStart, tagEnd }: { tagStart: number; tagEnd: number }): string | undefined {
    const tag = this.#name(tagStart, tagEnd);
    if (tag === undefined || this.#tags.includes(tag)) return tag;
    return this.#report.say(POLICY_PROBLEMS.tag, this.#span(tagStart, tagEnd));
  }

  #name(start: number, end: number): string | undefined {
    return start < 0 ? undefined : this.#piece.text.slice(start, end);
  }

  #nextDocument(): Span {
    const marker = this.#piece.text.indexOf('\n---', this.#last);
    return marker === -1 ? this.#span(this.#last, this.#last) : this.#span(marker + 1, marker + 4);
  }

  #span(start: number, end: number): Span {
    return { file: this.#file, start: this.#piece.base + start, end: this.#piece.base + end };
  }
}

import {
  EVENT_ID,
  type Event,
  getScalarValue,
  type MappingEvent,
  SCALAR_STYLE,
  type ScalarEvent,
  type SequenceEvent,
} from 'js-yaml';
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

type Anchored = Pick<ScalarEvent, 'anchorStart' | 'anchorEnd'>; // both below 0: it is not
type Tagged = Pick<ScalarEvent, 'tagStart' | 'tagEnd'>; // likewise

/** A collection whose end is still to come. */
type Frame = ListFrame | MapFrame;

interface OpenFrame {
  readonly event: SequenceEvent | MappingEvent;
  readonly tag: string | undefined;
  size: number; // nodes, those behind aliases counted each time
}

interface ListFrame extends OpenFrame {
  readonly kind: 'list';
  readonly items: YamlNode[];
}

interface MapFrame extends OpenFrame {
  readonly kind: 'map';
  readonly entries: Map<string, YamlEntry>;
  merged: YamlNode[] | undefined; // the values of `<<`
  key: YamlNode | undefined; // read, its value still to come
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
    for (let at = 0; at < events.length; at++) {
      const event = events[at]!;
      switch (event.type) {
        case EVENT_ID.DOCUMENT:
          break;
        case EVENT_ID.SEQUENCE:
        case EVENT_ID.MAPPING:
          this.#open(event);
          break;
        case EVENT_ID.SCALAR:
          this.#add(this.#scalar(event), 1, event);
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

  #open(event: SequenceEvent | MappingEvent): void {
    const tag = this.#tag(event);
    this.#last = event.start;
    this.#stack.push(
      event.type === EVENT_ID.SEQUENCE
        ? { kind: 'list', event, tag, size: 1, items: [] }
        : { kind: 'map', event, tag, size: 1, entries: new Map(), merged: undefined, key: undefined },
    );
  }

  #close(): void {
    const frame = this.#stack.pop();
    if (frame === undefined) return; // the end of the document
    this.#add(this.#collection(frame), frame.size, frame.event);
  }

  #collection(frame: Frame): YamlNode {
    const { tag } = frame;
    const span = this.#span(frame.event.start, this.#last);
    if (frame.kind === 'list') {
      const { items } = frame;
      return tag === undefined ? { kind: 'list', span, items } : { kind: 'list', tag, span, items };
    }
    const { entries, merged } = frame;
    if (merged !== undefined) for (const source of merged) this.#merge(entries, source);
    return tag === undefined ? { kind: 'map', span, entries } : { kind: 'map', tag, span, entries };
  }

  #add(node: YamlNode, size: number, { anchorStart, anchorEnd }: Anchored): void {
    this.#last = Math.max(this.#last, node.span.end - this.#piece.base);
    if (anchorStart >= 0) this.#anchors.set(this.#piece.text.slice(anchorStart, anchorEnd), { node, size });
    this.#place(node, size);
  }

  #place(node: YamlNode, size: number): void {
    const parent = this.#stack.at(-1);
    if (parent === undefined) {
      this.#root = node;
      return;
    }
    parent.size += size;
    if (parent.kind === 'list') {
      parent.items.push(node);
    } else if (parent.key === undefined) {
      parent.key = node;
    } else {
      this.#entry(parent, parent.key, node);
      parent.key = undefined;
    }
  }

  #entry(frame: MapFrame, key: YamlNode, value: YamlNode): void {
    if (key.kind !== 'scalar') {
      this.#report.say(POLICY_PROBLEMS.complexKey, key.span);
      return;
    }
    if (key.text === '<<' && key.span.end - key.span.start === 2) {
      frame.merged ??= [];
      frame.merged.push(value);
      return;
    }
    const first = frame.entries.get(key.text);
    if (first === undefined) frame.entries.set(key.text, { key, value });
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
    const { valueStart, valueEnd, style } = event;
    const tag = this.#tag(event);
    if (valueStart < 0) {
      const end = tag === undefined ? this.#last : event.tagEnd;
      return scalar(tag, this.#span(end, end), '', null);
    }
    const text = event.fast ? this.#piece.text.slice(valueStart, valueEnd) : getScalarValue(this.#piece.text, event);
    const quotes = style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED ? 1 : 0;
    const value = style === SCALAR_STYLE.PLAIN && tag !== '!!str' ? plainValue(text) : text;
    return scalar(tag, this.#span(valueStart - quotes, valueEnd + quotes), text, value);
  }

  #tag({ tagStart, tagEnd }: Tagged): string | undefined {
    if (tagStart < 0) return undefined;
    const tag = this.#piece.text.slice(tagStart, tagEnd);
    return this.#tags.includes(tag) ? tag : this.#report.say(POLICY_PROBLEMS.tag, this.#span(tagStart, tagEnd));
  }

  #nextDocument(): Span {
    const marker = this.#piece.text.indexOf('\n---', this.#last);
    return marker === -1 ? this.#span(this.#last, this.#last) : this.#span(marker + 1, marker + 4);
  }

  #span(start: number, end: number): Span {
    return { file: this.#file, start: this.#piece.base + start, end: this.#piece.base + end };
  }
}

function scalar(tag: string | undefined, span: Span, text: string, value: YamlScalar['value']): YamlScalar {
  return tag === undefined ? { kind: 'scalar', span, text, value } : { kind: 'scalar', tag, span, text, value };
}

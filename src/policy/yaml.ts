import { EVENT_ID, type Event, parseEvents, YAMLException } from 'js-yaml';
import type { SourceFile, Span } from '../source/index.ts';
import { readJson } from './json-tree.ts';
import { POLICY_PROBLEMS } from './problems.ts';
import { Reporter } from './reporter.ts';
import { type FirstFault, reportSyntax } from './yaml-syntax.ts';
import { type Piece, TreeBuilder, type YamlNode } from './yaml-tree.ts';

const MAX_CHARACTERS = 16 * 1024 * 1024;
const MAX_SEPARATORS = 2_500_000; // bounds the nodes, and so the memory: at most about 300 bytes each
const MAX_DEPTH = 64; // the language itself needs 6
const MAX_DOCUMENT_DEPTH = 200; // schemas within manifests are deep

/**
 * Reads by js-yaml's flat stream of events: it keeps every offset, needs no recursion and takes a tenth of the time of a
 * document tree of the `yaml` package. That one recovers from faults, so it is asked again where there are some.
 *
 * The file's only document; `undefined` where there is none that could be read, and then the reason has been reported.
 * @param tags those that mean something to who asks; all others are refused
 */
export function readYaml(file: SourceFile, report: Reporter, tags: readonly string[] = []): YamlNode | undefined {
  const whole: Piece = { text: file.text, base: 0 };
  if (!isReadable(file, report)) return undefined;
  const events = eventsOf(whole, MAX_DEPTH);
  if (!Array.isArray(events)) return reportSyntax(file, whole, events, report);
  return new TreeBuilder(file, whole, report, tags).build(events);
}

/** One document of several: its root, and what is wrong with it, told to a reporter of its own. */
export interface YamlDocument {
  readonly root: YamlNode | undefined; // undefined: it could not be read, and the reason has been reported
  readonly span: Span; // of its text, between the markers
  readonly report: Reporter;
}

export interface DocumentOptions {
  readonly tags?: readonly string[]; // those that mean something to who asks; all others are refused
  readonly leftOut?: readonly string[]; // keys whose lists nobody asks for; they may be passed over
}

/**
 * Every document of a file, those that are empty left out. Where one is broken, the others are still read: a line that begins with `---`
 * begins a document, whatever stands before it (YAML 1.2.2, 9.1.2 and 7.3: no scalar may hold such a line).
 */
export function readYamlDocuments(
  file: SourceFile,
  report: Reporter,
  { tags = [], leftOut = [] }: DocumentOptions = {},
): readonly YamlDocument[] {
  const json =
    /^\ufeff?\s*\{/.test(file.text) && !NOT_TEXT.test(file.text) ? readJson(file, new Set(leftOut)) : undefined;
  if (json !== undefined) return [{ root: json, span: json.span, report: new Reporter() }];
  if (!isReadable(file, report)) return [];
  const whole: Piece = { text: file.text, base: 0 };
  const events = eventsOf(whole, MAX_DOCUMENT_DEPTH);
  if (Array.isArray(events)) return documentsOf(file, whole, events, tags);
  return pieces(file.text).flatMap((piece) => {
    const read = eventsOf(piece, MAX_DOCUMENT_DEPTH);
    if (Array.isArray(read)) return documentsOf(file, piece, read, tags);
    const own = new Reporter();
    reportSyntax(file, piece, read, own);
    return [{ root: undefined, span: pieceSpan(file, piece), report: own }];
  });
}

function pieceSpan(file: SourceFile, { text, base }: Piece): Span {
  return { file, start: base, end: base + text.length };
}

function pieces(text: string): Piece[] {
  const starts = [0, ...[...text.matchAll(/^---(?=\s|$)/gm)].map(({ index }) => index).filter((at) => at > 0)];
  return starts.map((start, at) => ({ text: text.slice(start, starts[at + 1]), base: start }));
}

/** The events of each document, which js-yaml begins with one of their own. */
function documentsOf(
  file: SourceFile,
  piece: Piece,
  events: readonly Event[],
  tags: readonly string[],
): readonly YamlDocument[] {
  const starts = events.flatMap(({ type }, at) => (type === EVENT_ID.DOCUMENT ? [at] : []));
  let from = 0;
  return starts.flatMap((start, at) => {
    const own = new Reporter();
    const builder = new TreeBuilder(file, piece, own, tags, from);
    const root = builder.tree(events.slice(start, starts[at + 1]));
    from = builder.end;
    if (own.count === 0 && (root === undefined || (root.kind === 'scalar' && root.value === null))) return [];
    return [{ root, span: root?.span ?? pieceSpan(file, piece), report: own }];
  });
}

function isReadable(file: SourceFile, report: Reporter): boolean {
  const { text } = file;
  const mayBeTooLarge = text.length > MAX_SEPARATORS; // a node needs a character at least
  if (mayBeTooLarge && (text.length > MAX_CHARACTERS || countSeparators(text) > MAX_SEPARATORS)) {
    report.say(POLICY_PROBLEMS.tooLarge, undefined, file.name, MAX_CHARACTERS >> 20);
    return false;
  }
  const broken = text.search(NOT_TEXT);
  if (broken === -1) return true;
  report.say(POLICY_PROBLEMS.notText, { file, start: broken, end: broken + 1 }, text.codePointAt(broken)!);
  return false;
}

function eventsOf({ text }: Piece, maxDepth: number): Event[] | FirstFault {
  try {
    return parseEvents(text, { maxDepth });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return { reason: error.reason, offset: error.mark?.position ?? 0 };
  }
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

import { createRequire } from 'node:module';
import type { ErrorCode } from 'yaml';
import type { SourceFile } from '../source/index.ts';
import { POLICY_PROBLEMS } from './problems.ts';
import type { Reporter } from './reporter.ts';

/** What stopped the fast reader, which gives up at the first fault. */
export interface FirstFault {
  readonly reason: string;
  readonly offset: number;
}

const READ_AGAIN_UP_TO = 256 * 1024; // characters: the thorough reader is ten times slower

/**
 * Reports the faults of a text that is not YAML. The thorough reader recovers after a fault and finds others; of those, the
 * first in each line, since one cause often has several effects. Where it sees none, is too slow or gives up, the first
 * fault has to do.
 */
export function reportSyntax(
  file: SourceFile,
  { text, base }: { readonly text: string; readonly base: number }, // the part of the file that was read, and where it begins
  first: FirstFault,
  report: Reporter,
): undefined {
  const place = { file, start: base + first.offset, end: base + Math.min(first.offset + 1, text.length) };
  if (first.reason.startsWith('nesting exceeded')) return report.say(POLICY_PROBLEMS.tooNested, place);
  const faults = text.length <= READ_AGAIN_UP_TO ? allFaults(text) : [];
  if (faults.length === 0) return report.say(POLICY_PROBLEMS.syntax, place, first.reason, undefined);
  const told = new Set<number>();
  for (const { start, end, reason, code } of faults) {
    const { line } = file.positionAt(base + start);
    const at = { file, start: base + start, end: base + end };
    if (!told.has(line)) report.say(POLICY_PROBLEMS.syntax, at, reason, HELP[code]);
    told.add(line);
  }
  return undefined;
}

interface Fault {
  readonly start: number;
  readonly end: number;
  readonly code: ErrorCode;
  readonly reason: string;
}

function allFaults(text: string): Fault[] {
  const { parseAllDocuments }: typeof import('yaml') = createRequire(import.meta.url)('yaml'); // large, and most files have no fault
  try {
    const documents = parseAllDocuments(text, { prettyErrors: false, uniqueKeys: false, logLevel: 'silent' });
    if ('empty' in documents) return [];
    return documents.flatMap((document) =>
      document.errors.map(({ pos: [start, end], code, message }) => {
        // What is missing at the end of the text is said to be one character behind it.
        const place = { start: Math.min(start, text.length), end: Math.min(end, text.length) };
        return { ...place, ...openingQuote(text, place.end, message), code, reason: reasonOf(message) };
      }),
    );
  } catch (error) {
    if (error instanceof RangeError) return []; // nested too deeply for a reader that recurses
    throw error;
  }
}

/** A quote that is never closed is missed at the end of the text; the place to look at is where it was opened. */
function openingQuote(text: string, end: number, message: string): { start: number; end: number } | undefined {
  const quote = /^Missing closing (["'])/.exec(message)?.[1];
  if (quote === undefined) return undefined;
  let start = text.lastIndexOf(quote, end);
  while (start > 0 && text[start - 1] === '\\') start = text.lastIndexOf(quote, start - 1);
  return start === -1 ? undefined : { start, end };
}

function reasonOf(message: string): string {
  return `${message.charAt(0).toLowerCase()}${message.slice(1)}`.replace(/\.$/, '');
}

const HELP: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'give all entries of one mapping or list the same indentation, in spaces',
  MISSING_CHAR: 'close what was opened before: a quote, a bracket, or a `,` or `:` between entries',
  BAD_SCALAR_START: 'put the text in quotes',
  BAD_DQ_ESCAPE: 'write backslashes twice, or use single quotes',
  MULTILINE_IMPLICIT_KEY: 'look for a missing `:`, or a quote that is not closed, on the line before',
  BLOCK_AS_IMPLICIT_KEY: 'put a value that contains `: ` in quotes',
  UNEXPECTED_TOKEN: 'put text that contains special characters in quotes',
};

import { type AnyNode, parse } from '@humanwhocodes/momoa';
import { type Diagnostic, diagnose } from '../diagnostic/index.ts';
import { SourceFile, type Span } from '../source/index.ts';
import { scanJson5 } from './json5-text.ts';
import { DISCOVERY_PROBLEMS } from './problems.ts';
import type { ConfigNode, Member } from './tree.ts';

const DEEPEST = 100; // levels; the parser calls itself for each

/**
 * JSON5 text as a tree with spans. The spans point into a masked copy of the text, so that no diagnostic can show a secret.
 * Of a key that stands twice the later holds, as in OpenClaw.
 */
export function parseJson5(name: string, text: string): ConfigNode | Diagnostic {
  const { shown, depth, deepestAt, unclosedAt } = scanJson5(text);
  const file = new SourceFile(name, shown);
  if (depth > DEEPEST) {
    return diagnose(DISCOVERY_PROBLEMS.tooDeep, { file, start: deepestAt, end: deepestAt + 1 }, DEEPEST);
  }
  // Asked before parsing: the library never returns from a text that ends in a backslash (momoa 3.3.13).
  if (unclosedAt !== undefined) return syntax(file, UNCLOSED, unclosedAt);
  try {
    return convert(parse(text, { mode: 'json5', ranges: true }).body, file);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { problem, offset } = syntaxProblem(error, text);
    return syntax(file, problem, offset);
  }
}

const UNCLOSED = 'a quote or comment that begins here has no end';

function syntax(file: SourceFile, problem: string, offset: number): Diagnostic {
  const start = Math.max(0, Math.min(offset, file.text.length - 1));
  const end = Math.min(start + 1, file.text.length);
  return diagnose(DISCOVERY_PROBLEMS.syntax, { file, start, end }, problem);
}

/** The library's errors carry an offset; its words quote the text, which may be a secret, so only their kind is used. */
function syntaxProblem(error: Error, text: string): { readonly problem: string; readonly offset: number } {
  if (text.trim() === '') return { problem: 'the file is empty', offset: 0 };
  const at = 'offset' in error && typeof error.offset === 'number' ? error.offset : undefined;
  if (at === undefined) throw error;
  if (error.message.startsWith('Unexpected end of input'))
    return { problem: 'the file ends too early: a bracket is not closed', offset: text.trimEnd().length - 1 };
  const what = error.message.startsWith('Unexpected token')
    ? 'something else must stand here: look for a comma, colon or quote that is missing just before'
    : 'this character must not stand here: texts need quotes';
  return { problem: what, offset: at };
}

function convert(node: AnyNode, file: SourceFile): ConfigNode {
  const span = spanOf(node, file);
  switch (node.type) {
    case 'Object': {
      const members = new Map<string, Member>();
      for (const { name, value } of node.members) {
        const key = name.type === 'Identifier' ? name.name : name.value;
        members.set(key, { keySpan: spanOf(name, file), value: convert(value, file) });
      }
      return { kind: 'mapping', members, span };
    }
    case 'Array':
      return { kind: 'list', items: node.elements.map((element) => convert(element.value, file)), span };
    case 'String':
      return { kind: 'text', value: node.value, span };
    case 'Number':
      return { kind: 'number', value: node.value, span };
    case 'Boolean':
      return { kind: 'boolean', value: node.value, span };
    case 'Null':
      return { kind: 'null', span };
    case 'NaN':
      return { kind: 'number', value: Number.NaN, span };
    case 'Infinity':
      return { kind: 'number', value: Number.POSITIVE_INFINITY, span };
    default:
      throw new TypeError(`not a JSON5 value: ${node.type}`);
  }
}

function spanOf(node: AnyNode, file: SourceFile): Span {
  return { file, start: node.loc.start.offset, end: Math.min(node.loc.end.offset, file.text.length) };
}

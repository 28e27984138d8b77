import type { Origin } from '../../ir/index.ts';
import { SourceFile, type Span } from '../../source/index.ts';
import type * as nft from './ast.ts';
import type { ChainContext } from './lift-context.ts';
import { originOfCounter } from './names.ts';
import { printRule } from './print-rule.ts';

/** Where a node that was never text would have stood. */
export const NOWHERE: Span = { file: new SourceFile('<nftables>', ''), start: 0, end: 0 };

/** The named counter that a rule counts with. */
export function counterName(rule: nft.Rule): string | undefined {
  for (const statement of rule.statements) if (statement.kind === 'counter-object') return statement.name;
  return undefined;
}

/** Where a rule comes from: its place, its words, and in our own table what of the policy asked for it. */
export function ruleOrigin(rule: nft.Rule, context: ChainContext): Origin {
  const flow = context.isOurs ? ownFlow(rule) : undefined;
  const text = sourceText(rule) ?? printRule(rule);
  const { span, handle } = rule;
  if (span !== undefined && flow === undefined && handle === undefined) return { span, text }; // as files have them
  return {
    ...(span === undefined ? {} : { span }),
    ...(flow === undefined ? {} : { flow }),
    text,
    ...(handle === undefined ? {} : { handle }),
  };
}

export function elementOrigin(element: nft.Element, context: ChainContext): Origin {
  const flow = context.isOurs && element.data?.kind === 'object' ? originOfCounter(element.data.name) : undefined;
  const text = sourceText(element);
  return {
    ...(element.span === undefined ? {} : { span: element.span }),
    ...(flow === undefined ? {} : { flow }),
    ...(text === undefined ? {} : { text }),
  };
}

function ownFlow(rule: nft.Rule): string | undefined {
  const counter = counterName(rule);
  return (counter === undefined ? undefined : originOfCounter(counter)) ?? ownComment(rule);
}

/** Pieces of the baseline and redirects are told by their comments. */
function ownComment({ comment, statements }: nft.Rule): string | undefined {
  const isRedirect = statements.some(({ kind }) => kind === 'nat');
  return isRedirect || comment?.startsWith('baseline:') === true ? comment : undefined;
}

/** The node's own text where it was read from nft's text, in one line. */
function sourceText(node: nft.Node): string | undefined {
  if (node.span === undefined) return undefined;
  const text = node.span.file.text.slice(node.span.start, node.span.end).trim();
  if (text.startsWith('{') || text.startsWith('[')) return undefined;
  return WIDE_SPACE.test(text) ? text.replaceAll(/\s+/g, ' ') : text;
}

/** White space other than one blank. */
const WIDE_SPACE = /[^\S ]| {2}/;

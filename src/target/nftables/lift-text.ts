import { formatRange } from '../../net/index.ts';
import type { Expression } from './ast.ts';
import { addressRangeOf } from './lift-value.ts';
import { printExpression } from './print-rule.ts';

/**
 * A constant as text that is the same whether it was read from nft's text or its JSON: words without quotes,
 * sets in order, and numbers for words that stand for them.
 */
export function plainText(expression: Expression, words: ReadonlyMap<string, number> = new Map()): string {
  const text = (part: Expression): string => plainText(part, words);
  switch (expression.kind) {
    case 'word':
      return String(words.get(expression.text) ?? expression.text);
    case 'range': {
      const [first, last] = [text(expression.first), text(expression.last)];
      return first === last ? first : `${first}-${last}`;
    }
    case 'concat':
      return expression.parts.map(text).join(' . ');
    case 'prefix':
      return formatRange(addressRangeOf(expression, expression.address.family));
    case 'list':
      return expression.parts.map(text).sort().join(',');
    default:
      return printExpression(expression);
  }
}

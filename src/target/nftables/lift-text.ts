import type { Expression } from './ast.ts';
import { printExpression } from './print-rule.ts';

/** A constant as text that is the same whether it was read from nft's text or its JSON: words without quotes, sets in order. */
export function plainText(expression: Expression): string {
  switch (expression.kind) {
    case 'word':
      return expression.text;
    case 'range':
      return `${plainText(expression.first)}-${plainText(expression.last)}`;
    case 'concat':
      return expression.parts.map(plainText).join(' . ');
    case 'list':
      return expression.parts.map(plainText).sort().join(',');
    default:
      return printExpression(expression);
  }
}

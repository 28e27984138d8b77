import type { End } from '../netfilter/host.ts';
import type * as nft from './ast.ts';

/** Whether any rule of a table translates addresses or ports. */
export function translates(table: nft.Table): boolean {
  return table.chains.some((chain) =>
    chain.rules.some((rule) =>
      rule.statements.some((statement) => statement.kind === 'nat' || isStatelessTranslation(statement)),
    ),
  );
}

/** Whether any rule writes addresses or ports into packets, without the connection's knowledge. */
export function rewrites(table: nft.Table): boolean {
  return table.chains.some(({ rules }) => rules.some(({ statements }) => statements.some(isStatelessTranslation)));
}

function isStatelessTranslation(statement: nft.Statement): boolean {
  return statement.kind === 'assign' && statement.target.kind === 'payload' && isEnd(statement.target.field);
}

const FIELDS = ['saddr', 'daddr', 'sport', 'dport'] as const;

function isEnd(field: string): boolean {
  return FIELDS.some((end) => end === field);
}

/** Whether a rule of a chain reads that part. */
export function readsEnd(chain: nft.Chain, end: End): boolean {
  return chain.rules.some((rule) => rule.statements.some((statement) => statementReads(statement, end)));
}

function statementReads(statement: nft.Statement, end: End): boolean {
  switch (statement.kind) {
    case 'match':
      return expressionReads(statement.left, end);
    case 'vmap':
    case 'counter-map':
    case 'object-map':
    case 'set-update':
    case 'meter':
      return expressionReads(statement.key, end);
    case 'assign':
      return expressionReads(statement.value, end);
    default:
      return false;
  }
}

function expressionReads(expression: nft.Expression, end: End): boolean {
  switch (expression.kind) {
    case 'payload':
      return expression.field === end;
    case 'ct':
      return expression.key === end;
    case 'fib':
      return expression.flags.some((flag) => `${flag} type` === end);
    case 'raw':
      return FIELDS.some((field) => field === end);
    case 'concat':
      return expression.parts.some((part) => expressionReads(part, end));
    case 'binary':
      return expressionReads(expression.left, end) || expressionReads(expression.right, end);
    case 'map':
      return expressionReads(expression.key, end);
    default:
      return false;
  }
}

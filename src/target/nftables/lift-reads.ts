import type * as nft from './ast.ts';

/** What is said of a translation where later rules ask for the kind of the address. */
export const KIND_UNKNOWN =
  'what kind of address it leads to, and later rules ask for that, only the routing table knows';

/** Whether any rule of a table translates addresses or ports. */
export function translates(table: nft.Table): boolean {
  return table.chains.some((chain) =>
    chain.rules.some((rule) =>
      rule.statements.some((statement) => statement.kind === 'nat' || isStatelessTranslation(statement)),
    ),
  );
}

function isStatelessTranslation(statement: nft.Statement): boolean {
  return statement.kind === 'assign' && statement.target.kind === 'payload' && isEnd(statement.target.field);
}

const FIELDS = ['saddr', 'daddr', 'sport', 'dport'] as const;

/** What translation changes in a packet: its fields, and with them what the routing table says of its addresses. */
export const ENDS = [...FIELDS, 'saddr type', 'daddr type'] as const;
export type End = (typeof ENDS)[number];

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
